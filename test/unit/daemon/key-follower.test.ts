import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyFollower } from "../../../bin/daemon/node/key-follower.ts";
import { newCluster, newMeta } from "../../../proto/gen/objects.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";

/** A key store whose disk may be full, and what it was told: version and key. */
function start() {
  const env = createSimEnv(1);
  const abort = new AbortController();
  const disk = { isFull: false };
  const tried: string[] = [];
  const done: boolean[] = [];
  const follower = new KeyFollower({
    env,
    log: silentLog,
    keys: {
      protect: async (key, version) => {
        tried.push(`${version} ${key === undefined ? "open" : Buffer.from(key).toString()}`);
        await env.sleep(100, abort.signal);
        if (disk.isFull) throw new SkepError("internal", "no space left on device");
        return version === 2;
      },
    },
    onProtected: (layOpen) => done.push(layOpen),
    signal: abort.signal,
  });
  const say = (version: number, key: string): void =>
    follower.follow(newCluster({ meta: newMeta({ version }), unlockKey: Buffer.from(key) }));
  return { env, abort, disk, tried, done, follower, say };
}

test("what the cluster says is done, and of several words the newest", async () => {
  const { env, tried, done, say } = start();
  say(1, "");
  say(2, "k");
  say(3, "l");
  await env.advance(500);
  assert.deepEqual(tried, ["1 open", "3 l"]);
  assert.deepEqual(done, [false, false]);
  say(2, "k");
  await env.advance(500);
  assert.deepEqual(done, [false, false, true]);
});

test("a full disk: tried again until it takes it, and then what is said by that time", async () => {
  const { env, disk, tried, done, say } = start();
  disk.isFull = true;
  say(2, "k");
  await env.advance(2_000);
  assert.deepEqual(tried, ["2 k"]);
  say(4, "m");
  await env.advance(2_000);
  assert.deepEqual(tried, ["2 k", "4 m"]);
  disk.isFull = false;
  await env.advance(10_000);
  assert.deepEqual(tried, ["2 k", "4 m", "4 m"]);
  assert.deepEqual(done, [false]);
  assert.equal(env.pendingTimers(), 0);
});

test("a node that is no manager any more, or stops, tries no more", async () => {
  const { env, abort, disk, tried, follower, say } = start();
  disk.isFull = true;
  say(2, "k");
  await env.advance(1_000);
  follower.forget();
  await env.advance(10_000);
  assert.deepEqual(tried, ["2 k"]);
  say(3, "l");
  await env.advance(1_000);
  abort.abort();
  await env.advance(10_000);
  assert.deepEqual(tried, ["2 k", "3 l"]);
  assert.equal(env.pendingTimers(), 0);
});
