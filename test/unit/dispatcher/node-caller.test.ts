import assert from "node:assert/strict";
import { test } from "node:test";
import { nodesToCall, runNodeCaller } from "../../../manager/dispatcher/node-caller.ts";
import { type Node, type NodeState, newNode, newNodeStatus } from "../../../proto/gen/objects.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { createTestStore } from "../../support/test-store.ts";

const idOf = (name: string): NodeId => name.padStart(25, "0") as NodeId;
const nodeOf = (name: string, state: NodeState = "down", more: Partial<Node> = {}): Node =>
  newNode({ id: idOf(name), addr: `${name}:7377`, status: newNodeStatus({ state }), ...more });

const called = (at: Readonly<Record<string, number>>): ReadonlyMap<NodeId, number> =>
  new Map(Object.entries(at).map(([name, one]) => [idOf(name), one]));
const names = (nodes: readonly Node[]): string[] => nodes.map(({ addr }) => addr.replace(":7377", ""));

const rules: readonly (readonly [
  what: string,
  nodes: readonly Node[],
  before: Readonly<Record<string, number>>,
  want: string[],
])[] = [
  ["who is down", [nodeOf("a"), nodeOf("b", "ready"), nodeOf("c", "suspect"), nodeOf("d", "disconnected")], {}, ["a"]],
  ["nobody without an address", [nodeOf("a", "down", { addr: "" })], {}, []],
  ["nobody of whom only a backup tells", [nodeOf("a", "down", { onlyRestored: true })], {}, []],
  ["again after 10 s", [nodeOf("a")], { a: 90_000 }, ["a"]],
  ["not before", [nodeOf("a")], { a: 90_001 }, []],
  ["the longest forgotten first", [nodeOf("a"), nodeOf("b"), nodeOf("c")], { a: 20_000, b: 10_000 }, ["c", "b", "a"]],
];
for (const [what, nodes, before, want] of rules) {
  test(`calls ${what}`, () => assert.deepEqual(names(nodesToCall(nodes, called(before), 100_000)), want));
}

test("calls 32 at once at most, and all of them in their turn", () => {
  const nodes = Array.from({ length: 80 }, (_, i) => nodeOf(`n${i}`));
  const reached = new Map<NodeId, number>();
  for (let nowMs = 0; nowMs < 6_000; nowMs += 2_000) {
    const due = nodesToCall(nodes, reached, nowMs);
    assert.ok(due.length <= 32);
    for (const { id } of due) reached.set(id, nowMs);
  }
  assert.equal(reached.size, 80);
});

test("goes on when a node does not answer, and begins anew with one that was back", async () => {
  const { env, store, node, close } = await createTestStore();
  const abort = new AbortController();
  const calls: string[] = [];
  const put = (one: Node): Promise<unknown> =>
    store.update((tx) => tx.put("node", { ...one, meta: tx.get("node", one.id)?.meta }));
  await put(nodeOf("mute"));
  await put(nodeOf("away"));
  const done = runNodeCaller({
    env,
    log: silentLog,
    store,
    raft: node,
    meet: ({ addr }, managers, signal) => {
      assert.deepEqual(
        managers,
        node.status().members.map((member) => member.addr),
      );
      calls.push(`${addr} at ${env.nowMs() / 1_000}`);
      if (addr === "away:7377") return Promise.resolve();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    },
    signal: abort.signal,
  });
  const startedMs = env.nowMs();
  const callsOf = (name: string): number[] =>
    calls.filter((call) => call.startsWith(name)).map((call) => Number(call.split(" at ")[1]) - startedMs / 1_000);
  await env.advance(15_000);
  assert.deepEqual(callsOf("away"), [2, 13]);
  assert.deepEqual(callsOf("mute"), [2, 13]);
  await put(nodeOf("away", "ready"));
  await env.advance(10_000);
  await put(nodeOf("away"));
  await env.advance(8_000);
  assert.ok(callsOf("away").length >= 3, "called again at once when it is lost again");
  abort.abort();
  await env.advance(0);
  await done;
  close();
});
