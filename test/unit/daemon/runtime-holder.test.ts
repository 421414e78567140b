import assert from "node:assert/strict";
import { test } from "node:test";
import { openHollowRuntime } from "../../../agent/runtime/hollow/hollow.ts";
import { createRuntimeHolder } from "../../../bin/daemon/runtime-holder.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";

test("opened once, whoever asks", async () => {
  const env = createSimEnv(1);
  let opened = 0;
  const holder = createRuntimeHolder(env, silentLog, async () => {
    opened++;
    return openHollowRuntime({ env });
  });
  assert.equal(holder.name(), "");
  assert.equal(await holder.get(), await holder.get());
  assert.equal(opened, 1);
  assert.equal(holder.name(), "hollow");
  await holder.close();
});

test("a failure is told, and the next one who asks tries again", async () => {
  const env = createSimEnv(1);
  let broken = true;
  const holder = createRuntimeHolder(env, silentLog, async () => {
    if (broken) throw new SkepError("failed_precondition", "no containerd here");
    return openHollowRuntime({ env });
  });
  await assert.rejects(holder.get(), /no containerd here/);
  assert.equal(holder.problem(), "no containerd here");
  const waiting = holder.wait(new AbortController().signal);
  await env.advance(900);
  broken = false;
  await env.advance(200);
  await waiting;
  assert.equal(holder.problem(), "");
  await holder.close();
});

test("a runtime that does not say what it is is closed, and another one is opened", async () => {
  const env = createSimEnv(1);
  const closed: number[] = [];
  let opened = 0;
  const holder = createRuntimeHolder(env, silentLog, async () => {
    const runtime = await openHollowRuntime({ env });
    const number = ++opened;
    const close = async (): Promise<void> => {
      closed.push(number);
      await runtime.close();
    };
    if (number > 1) return { ...runtime, close };
    const info = () => Promise.reject(new SkepError("unavailable", "containerd went away"));
    return { ...runtime, info, close };
  });
  await assert.rejects(holder.get(), /containerd went away/);
  assert.deepEqual(closed, [1]);
  await holder.get();
  await holder.close();
  assert.deepEqual(closed, [1, 2]);
});

test("waiting ends with its signal", async () => {
  const env = createSimEnv(1);
  const holder = createRuntimeHolder(env, silentLog, async () => {
    throw new SkepError("unavailable", "not yet");
  });
  const abort = new AbortController();
  const waiting = assert.rejects(holder.wait(abort.signal), /enough/);
  await env.advance(100);
  abort.abort(new Error("enough"));
  await waiting;
  assert.equal(env.pendingTimers(), 0);
  await holder.close();
});
