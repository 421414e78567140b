import assert from "node:assert/strict";
import { test } from "node:test";
import { supervise } from "../../manager/leader-loops.ts";
import { runWatchLoop, Wakeup } from "../../manager/watch-loop.ts";
import { newService, newServiceSpec } from "../../proto/gen/objects.ts";
import { createSimEnv } from "../../shared/env/sim-env.ts";
import { SkepError } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import type { ServiceId } from "../../shared/model/ids.ts";
import { createTestStore } from "../support/test-store.ts";

test("supervise: starts a loop again, with a pause that grows up to a bound", async () => {
  const env = createSimEnv(1);
  const abort = new AbortController();
  const startedMs: number[] = [];
  const done = supervise(env, silentLog, abort.signal, async () => {
    startedMs.push(env.nowMs());
    throw new SkepError("internal", "broken");
  });
  await env.advance(60_000);
  const pauses = startedMs.map((atMs, index) => atMs - (startedMs[index - 1] ?? 0)).slice(1);
  assert.deepEqual(pauses.slice(0, 9), [20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_000]);
  assert.equal(Math.max(...pauses), 5_000);
  abort.abort();
  await done;
});

test("supervise: a loop that ran well is started again at once", async () => {
  const env = createSimEnv(1);
  const abort = new AbortController();
  const startedMs: number[] = [];
  const done = supervise(env, silentLog, abort.signal, async ({ signal }) => {
    startedMs.push(env.nowMs());
    await env.sleep(20_000, signal);
    throw new Error("after a while");
  });
  await env.advance(100_000);
  assert.deepEqual(startedMs, [0, 20_020, 40_040, 60_060, 80_080]);
  abort.abort();
  await done;
});

test("supervise: ends with its signal, whatever the loop says", async () => {
  const env = createSimEnv(1);
  const abort = new AbortController();
  const done = supervise(env, silentLog, abort.signal, ({ signal }) => env.sleep(1_000_000, signal));
  await env.advance(10);
  abort.abort();
  await done;
});

test("wakeup: a wake before the wait is not lost, and counts once", async () => {
  const env = createSimEnv(1);
  const { signal } = new AbortController();
  const wakeup = new Wakeup();
  wakeup.wake();
  wakeup.wake();
  await wakeup.wait(env, Number.POSITIVE_INFINITY, signal);
  let woken = false;
  void wakeup.wait(env, 500, signal).then(() => {
    woken = true;
  });
  await env.advance(499);
  assert.equal(woken, false);
  await env.advance(1);
  assert.equal(woken, true);
  assert.equal(env.pendingTimers(), 0);
});

const put = async (store: Awaited<ReturnType<typeof createTestStore>>["store"], name: string): Promise<void> => {
  await store.update((tx) => {
    tx.put("service", newService({ id: name as ServiceId, spec: newServiceSpec({ name }) }));
  });
};

test("watch loop: works once at the start, then once for all that came meanwhile", async () => {
  const { env, store, close } = await createTestStore();
  await put(store, "a");
  const abort = new AbortController();
  const seen = new Set<string>();
  const rounds: string[] = [];
  const done = runWatchLoop({
    env,
    store,
    signal: abort.signal,
    start: (view) => {
      for (const { id } of view.all("service")) seen.add(id);
    },
    commit: ({ changes }) => {
      for (const { object } of changes) seen.add(object.id);
      return true;
    },
    work: async (signal) => {
      rounds.push([...seen].join());
      await env.sleep(100, signal);
      return Number.POSITIVE_INFINITY;
    },
  });
  await env.advance(50);
  for (const name of ["b", "c", "d"]) await put(store, name);
  await env.advance(1_000);
  assert.deepEqual(rounds, ["a", "a,b,c,d"]);
  abort.abort();
  await done;
  close();
});

test("watch loop: what the work throws ends it; its own end is no error", async () => {
  const { env, store, close } = await createTestStore();
  const loop = (work: () => Promise<number>, signal = new AbortController().signal) =>
    runWatchLoop({ env, store, signal, start: () => undefined, commit: () => true, work });
  await assert.rejects(
    loop(() => Promise.reject(new SkepError("unavailable", "no leader"))),
    /no leader/,
  );
  const abort = new AbortController();
  const done = loop(() => Promise.resolve(Number.POSITIVE_INFINITY), abort.signal);
  abort.abort();
  await done;
  close();
});
