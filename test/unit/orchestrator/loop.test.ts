// The orchestrator over a store: what becomes of a plan that cannot be written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runOrchestrator } from "../../../manager/orchestrator/loop.ts";
import type { Store } from "../../../manager/store/types.ts";
import { newService, newServiceSpec } from "../../../proto/gen/objects.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ServiceId } from "../../../shared/model/ids.ts";
import { createTestStore } from "../../support/test-store.ts";

const [BAD, GOOD] = ["bad" as ServiceId, "good" as ServiceId];

test("a plan that cannot be written is tried again after a pause, and the other services go on", async () => {
  const { env, store, close } = await createTestStore();
  const put = (id: ServiceId, replicas: number): Promise<unknown> =>
    store.update((tx) => {
      const spec = newServiceSpec({ name: id, mode: { kind: "replicated", replicas } });
      tx.put("service", { ...(tx.get("service", id) ?? newService({ id })), spec });
    });
  const tasksOf = (id: ServiceId): number => store.view((view) => [...view.tasksOfService(id)].length);
  await put(BAD, 1);
  const triedAtMs: number[] = [];
  let isBroken = true;
  const failing: Store = {
    ...store,
    batch: (items, write) =>
      store.batch(items, (tx, item) => {
        const isBad = typeof item === "object" && item !== null && "service" in item && item.service === BAD;
        if (isBad) triedAtMs.push(env.nowMs());
        if (isBad && isBroken) throw new Error("a bug");
        return write(tx, item);
      }),
  };
  const errors: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => void errors.push(message) };
  const abort = new AbortController();
  const done = runOrchestrator({ env, log, store: failing, signal: abort.signal });
  /** Time passes, and all that can be done without more of it is done. */
  const pass = async (ms: number): Promise<void> => {
    await env.advance(ms);
    for (let turn = 0; turn < 20; turn++) await env.advance(0);
  };
  await pass(0);
  for (let replicas = 1; replicas <= 5; replicas++) {
    await pass(100);
    await put(GOOD, replicas);
  }
  await pass(400);
  assert.deepEqual([tasksOf(GOOD), tasksOf(BAD), triedAtMs.length, errors.length], [5, 0, 1, 1]);
  for (const ms of [100, 1_000]) await pass(ms);
  assert.deepEqual(triedAtMs, [0, 1_000, 2_000]);
  isBroken = false;
  await pass(1_000);
  assert.deepEqual([tasksOf(BAD), errors.length], [1, 3]);
  abort.abort();
  await done;
  close();
});
