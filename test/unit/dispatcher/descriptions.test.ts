// How often a node's word on itself is written: what is no news never, a flood every now and then, and always what was said last.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Descriptions, type Said } from "../../../manager/dispatcher/descriptions.ts";
import { newNode, newNodeDescription, newNodeStatus } from "../../../proto/gen/objects.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { TokenBuckets } from "../../../shared/token-buckets.ts";

const [a, b] = ["a".repeat(25) as NodeId, "b".repeat(25) as NodeId];

function setup() {
  const env = createSimEnv(1);
  const written: [NodeId, string][] = [];
  const stored = newNode({
    id: a,
    addr: "10.0.0.1:7377",
    description: newNodeDescription({ hostname: "stored" }),
    status: newNodeStatus({ state: "ready", addrs: ["10.0.0.1"] }),
  });
  const made = new Descriptions({
    env,
    log: silentLog,
    node: (id) => ({ ...stored, id }),
    write: (id, { description, addr }: Said) => void written.push([id, `${description?.hostname}${addr ?? ""}`]),
  });
  const say = (hostname: string, id = a): void => made.say(id, { description: newNodeDescription({ hostname }) });
  return { env, made, written, say };
}

test("what is no news is not written: as stored, and as said before", () => {
  const { made, written, say } = setup();
  say("stored");
  made.say(a, { addr: "10.0.0.1:7377", description: newNodeDescription({ hostname: "stored" }) });
  for (let n = 0; n < 1_000; n++) say("one");
  assert.deepEqual(written, [[a, "one"]]);
  say("stored");
  say("one");
  assert.equal(written.length, 3, "back, and there again, though the store may not have the first of them yet");
});

test("a flood is written a few times at once, then once in five seconds, and ends with its last word", async () => {
  const { env, made, written, say } = setup();
  for (let n = 0; n < 10_000; n++) say(`${n}`);
  assert.equal(written.length, 8);
  say("other", b);
  assert.deepEqual(written.at(-1), [b, "other"], "one node's flood is not another's");
  for (let ms = 0; ms < 60_000; ms += 200) {
    await env.advance(200);
    say(`at ${ms}`);
    made.sweep();
  }
  assert.ok(written.length <= 8 + 1 + 12, `${written.length}`);
  say("last");
  for (let ms = 0; ms < 10_000; ms += 200) {
    await env.advance(200);
    made.sweep();
  }
  assert.deepEqual(written.at(-1), [a, "last"]);
  assert.equal(made.held, 0);
});

test("parts that wait are put together; a node that was removed is forgotten", () => {
  const { made, say, written } = setup();
  for (let n = 0; n < 9; n++) say(`${n}`);
  made.say(a, { addr: "10.0.0.9:7377" });
  assert.equal(made.held, 1);
  made.forget(a);
  made.sweep();
  assert.equal(made.held, 0);
  assert.equal(written.length, 8);
});

test("buckets: a burst, then one at a time; forgotten when they are full again", () => {
  const buckets = new TokenBuckets<string>({ burst: 3, everyMs: 100 });
  assert.deepEqual(
    [0, 0, 0, 0].map((at) => buckets.take("k", at)),
    [0, 0, 0, 100],
  );
  assert.equal(buckets.take("k", 99), 1);
  assert.equal(buckets.take("k", 100), 0);
  assert.equal(buckets.take("k", 150), 50);
  assert.equal(buckets.take("l", 150, 1_000_000), 0, "what costs more than a whole bucket takes a whole one");
  assert.equal(buckets.take("l", 151), 99);
  assert.equal(buckets.size, 2);
  buckets.take("m", 10_000);
  assert.equal(buckets.size, 1);
});
