// A task that runs and does not listen yet, in simulated time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PORTS_LIMIT_MS, PortWatch } from "../../../agent/task/port-watch.ts";
import { newPortConfig, type PortConfig } from "../../../proto/gen/objects.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { task } from "./fixtures.ts";

const PORT = newPortConfig({ targetPort: 8080 });
const PID = 9;

function watch(look: (nowMs: number) => Promise<readonly PortConfig[]>) {
  const env = createSimEnv(1);
  let changes = 0;
  let looks = 0;
  const ports = new PortWatch(
    {
      env,
      awaitedPorts: () => {
        looks++;
        return look(env.nowMs());
      },
    },
    () => {
      changes++;
    },
  );
  return { env, ports, changes: () => changes, looks: () => looks };
}

test("a task without published ports awaits nothing, and is looked at once", async () => {
  const { env, ports, changes, looks } = watch(async () => []);
  await ports.begin(task(), PID, [], new AbortController().signal);
  await env.advance(60_000);
  assert.deepEqual([ports.awaited, ports.words, changes(), looks()], [[], "started", 0, 1]);
});

test("it is awaited until it listens, and then told once", async () => {
  const { env, ports, changes } = watch(async (nowMs) => (nowMs < 3_000 ? [PORT] : []));
  await ports.begin(task(), PID, [], new AbortController().signal);
  assert.deepEqual(ports.awaited, [PORT]);
  assert.equal(ports.words, "started; waits until it listens at 8080/tcp");
  await env.advance(2_900);
  assert.equal(changes(), 0);
  await env.advance(60_000);
  assert.deepEqual([ports.awaited, ports.words, changes()], [[], "started", 1]);
});

test("it is not awaited for ever: what it is asked then, it refuses by itself", async () => {
  const { env, ports, changes } = watch(async () => [PORT]);
  await ports.begin(task(), PID, [], new AbortController().signal);
  await env.advance(PORTS_LIMIT_MS - 200);
  assert.deepEqual(ports.awaited, [PORT]);
  await env.advance(400);
  assert.deepEqual([ports.awaited, changes()], [[], 1]);
  assert.equal(ports.words, "started; nothing listens at 8080/tcp");
});

test("a task that is told to stop is looked at no more, and one that cannot be looked at awaits nothing", async () => {
  const stop = new AbortController();
  const { env, ports, looks } = watch(async () => [PORT]);
  await ports.begin(task(), PID, [], stop.signal);
  stop.abort();
  await env.advance(60_000);
  assert.equal(looks(), 1);
  const broken = watch(() => Promise.reject(new Error("no /proc")));
  await broken.ports.begin(task(), PID, [], stop.signal);
  assert.deepEqual(broken.ports.awaited, []);
});
