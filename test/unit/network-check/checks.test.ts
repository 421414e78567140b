// Checks of the network on a manager: one after the other, and by themselves when nodes join.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { NetworkChecks } from "../../../manager/network-check/checks.ts";
import {
  newProbeArrival,
  newProbeArrived,
  newProbeConnection,
  newProbeReady,
  newProbeSent,
} from "../../../proto/gen/agent.ts";
import {
  type Node,
  type NodeState,
  newEngineDescription,
  newNode,
  newNodeDescription,
  newNodeStatus,
} from "../../../proto/gen/objects.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { probeAddressOf } from "../../../shared/network/tunnel-address.ts";
import { createTestStore, type TestStore } from "../../support/test-store.ts";

const id = (n: number): NodeId => `n${String(n).padStart(24, "0")}` as NodeId;
const node = (n: number, state: NodeState, runtime = "containerd"): Node =>
  newNode({
    id: id(n),
    addr: `10.0.0.${n}:7377`,
    status: newNodeStatus({ state, addrs: [`10.0.0.${n}`] }),
    description: newNodeDescription({ hostname: `node${n}`, engine: newEngineDescription({ runtime }) }),
  });

describe("checks", () => {
  let at: TestStore;
  let checks: NetworkChecks;
  let stop: AbortController;
  let watching: Promise<void>;
  /** Nodes of each check, in order. */
  let tested: string[];
  let warnings: string[];
  let blocked: boolean;
  let isBroken: boolean;
  let running: number;

  beforeEach(async () => {
    at = await createTestStore();
    [tested, warnings, blocked, isBroken, running] = [[], [], false, false, 0];
    stop = new AbortController();
    const { env, store } = at;
    checks = new NetworkChecks({
      env,
      store,
      log: { ...silentLog, warn: (_fields, message) => void warnings.push(message) },
      talk: ({ nodeId, targets }) => {
        if (isBroken) throw new Error("a bug");
        if (running++ === 0) tested.push("");
        tested[tested.length - 1] += `${nodeId.slice(-1)}>${targets.map((target) => target.slice(-1)).join("")} `;
        return {
          prepare: async ({ targets: all, sizes }) => {
            await env.sleep(100, stop.signal);
            return newProbeReady({ nowMs: env.wallMs(), problem: all.length > 9 ? String(sizes) : "" });
          },
          send: async () =>
            newProbeSent({ connections: targets.map((target) => newProbeConnection({ nodeId: target })) }),
          collect: async () =>
            newProbeArrived({
              vxlan: [1, 2, 3, 4, 5]
                .filter((from) => !(blocked && from === 3))
                .map((from) => newProbeArrival({ address: probeAddressOf(id(from)), sizes: [1450] })),
            }),
          end: () => void running--,
        };
      },
    });
    await store.update((tx) => tx.put("node", node(1, "ready")));
    await store.update((tx) => tx.put("node", node(2, "ready")));
    watching = checks.watch(stop.signal);
    await env.advance(10_000);
  });

  afterEach(async () => {
    stop.abort();
    await watching.catch(() => undefined);
    at.close();
  });

  const put = (each: Node): Promise<unknown> =>
    at.store.update((tx) => {
      const known = tx.get("node", each.id);
      tx.put("node", known === undefined ? each : { ...known, status: each.status });
    });

  test("nodes that are there are left alone; a new one is tested once it is ready", async () => {
    assert.deepEqual(tested, []);
    await put(node(3, "unknown"));
    await at.env.advance(10_000);
    assert.deepEqual(tested, []);
    await put(node(3, "ready"));
    await at.env.advance(10_000);
    assert.deepEqual(tested, ["3>12 1>3 2>3 "]);
    await put(node(3, "down"));
    await put(node(3, "ready"));
    await at.env.advance(200_000);
    assert.equal(tested.length, 1, "it is no new one");
    assert.deepEqual([checks.problems(), warnings], [[], []]);
  });

  test("several that join together are tested together, and one that only pretends is not", async () => {
    await put(node(3, "ready"));
    await at.env.advance(1_000);
    await put(node(4, "ready"));
    await at.env.advance(10_000);
    assert.deepEqual(tested, ["1>234 2>134 3>124 4>123 "]);
    await put(node(5, "ready", "hollow"));
    await at.env.advance(10_000);
    assert.equal(tested.length, 1);
  });

  test("what is wrong is told until it is mended, and a manager that leads no more does not tell it", async () => {
    blocked = true;
    await put(node(3, "ready"));
    await at.env.advance(10_000);
    const problem = "UDP 4789 (VXLAN) is blocked from node3 to all other nodes: open it for what 10.0.0.3 sends";
    assert.deepEqual(checks.problems(), [problem]);
    assert.deepEqual(warnings, ["nodes do not reach one another as they should"]);
    await at.env.advance(130_000);
    assert.equal(tested.length, 3, "tested again now and then");
    assert.equal(warnings.length, 1, "and said once");
    blocked = false;
    await at.env.advance(60_000);
    assert.deepEqual(checks.problems(), []);
    const { length } = tested;
    await at.env.advance(600_000);
    assert.equal(tested.length, length);
    blocked = true;
    await put(node(4, "ready"));
    await at.env.advance(10_000);
    assert.equal(checks.problems().length, 1);
    stop.abort();
    await watching.catch(() => undefined);
    assert.deepEqual(checks.problems(), []);
  });

  test("each node that joined hears what was found on its own ways, once its check is over", async () => {
    assert.deepEqual(checks.findings(id(1)), { kind: "untested" }, "it joined under another leader");
    assert.deepEqual(checks.findings(id(3)), { kind: "pending" });
    blocked = true; // what node 3 sends
    await put(node(3, "ready"));
    assert.deepEqual(checks.findings(id(3)), { kind: "pending" });
    await at.env.advance(10_000);
    const text = "UDP 4789 (VXLAN) is blocked from node3 to all other nodes: open it for what 10.0.0.3 sends";
    assert.deepEqual(checks.findings(id(3)), { kind: "tested", problems: [text] });
    blocked = false;
    await put(node(4, "ready"));
    await put(node(5, "ready", "hollow"));
    await at.env.advance(10_000);
    for (const n of [4, 5]) assert.deepEqual(checks.findings(id(n)), { kind: "tested", problems: [] });
    await at.store.update((tx) => tx.remove("node", id(3)));
    await at.env.advance(1);
    assert.deepEqual(checks.findings(id(3)), { kind: "pending" });
    stop.abort();
    await watching.catch(() => undefined);
    assert.throws(() => checks.findings(id(4)), /does not lead/);
  });

  test("a node that joins while others are tested has its test next", async () => {
    await put(node(3, "ready"));
    await at.env.advance(2_050); // the first is under way
    await put(node(4, "ready"));
    await at.env.advance(10_000);
    assert.deepEqual(tested, ["3>12 1>3 2>3 ", "4>123 1>4 2>4 3>4 "]);
    assert.deepEqual(checks.findings(id(4)), { kind: "tested", problems: [] });
  });

  test("a check that cannot be made leaves a newcomer untested", async () => {
    isBroken = true;
    await put(node(3, "ready"));
    await at.env.advance(10_000);
    assert.deepEqual(checks.findings(id(3)), { kind: "untested" });
  });

  test("so many checks wait for their turn, and no more", async () => {
    const leave = new AbortController();
    const asked = Array.from({ length: 8 }, (_, n) =>
      checks.check(undefined, n === 0 ? new AbortController().signal : leave.signal),
    );
    const over = Promise.allSettled(asked);
    await assert.rejects(checks.check(undefined, leave.signal), /^SkepError: .*8 checks of the network/);
    leave.abort(new Error("gone"));
    await at.env.advance(1_000);
    assert.deepEqual(
      (await over).map(({ status }) => status),
      ["fulfilled", ...Array.from({ length: 7 }, () => "rejected")],
    );
    const again = checks.check(undefined, new AbortController().signal);
    await at.env.advance(1_000);
    assert.deepEqual((await again).problems, []);
  });

  test("checks follow one another", async () => {
    const never = new AbortController().signal;
    const both = Promise.all([checks.check(undefined, never), checks.check(id(2), never)]);
    await at.env.advance(1_000);
    const [first, second] = await both;
    assert.deepEqual(tested, ["1>2 2>1 ", "2>1 1>2 "]);
    assert.deepEqual([first.problems, second.problems], [[], []]);
  });
});
