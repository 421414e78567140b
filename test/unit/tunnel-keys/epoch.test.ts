import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { epochOf, planEpoch, ROTATE_AFTER_MS } from "../../../manager/tunnel-keys/epoch.ts";
import { runTunnelKeyKeeper } from "../../../manager/tunnel-keys/keeper.ts";
import {
  type Cluster,
  type Network,
  type Node,
  newCluster,
  newNetwork,
  newNetworkSpec,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newTunnelKey,
} from "../../../proto/gen/objects.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ClusterId, NetworkId, NodeId } from "../../../shared/model/ids.ts";
import { createTestStore } from "../../support/test-store.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;
const network = (driverOpts: Readonly<Record<string, string>>): Network =>
  newNetwork({ id: "net".padEnd(25, "0") as NetworkId, spec: newNetworkSpec({ name: "secret", driverOpts }) });
const node = (state: "ready" | "down", ...epochs: readonly number[]): Node =>
  newNode({
    id: `node${state}`.padEnd(25, "0") as NodeId,
    status: newNodeStatus({ state }),
    description: newNodeDescription({ tunnelKeys: epochs.map((epoch) => newTunnelKey({ epoch })) }),
  });
const cluster = (networkKeyEpoch: number, ageMs: number | undefined): Cluster =>
  newCluster({
    id: "cluster".padEnd(25, "0") as ClusterId,
    networkKeyEpoch,
    networkKeyEpochAtMs: ageMs === undefined ? 0 : NOW_MS - ageMs,
  });
const SECRET = network({ encrypted: "" });

describe("the epoch of tunnel keys", () => {
  const cases: readonly (readonly [
    what: string,
    cluster: Cluster,
    networks: readonly Network[],
    nodes: readonly Node[],
    want: string,
  ])[] = [
    ["nothing is encrypted", cluster(1, 100 * HOUR_MS), [network({}), network({ encrypted: "false" })], [], "nothing"],
    ["the first encrypted network", cluster(0, undefined), [SECRET], [], "begin"],
    ["young", cluster(3, 11 * HOUR_MS), [SECRET], [node("ready", 3)], "nothing"],
    ["old", cluster(3, 12 * HOUR_MS), [SECRET], [node("ready", 3)], "next"],
    ["a node is not there yet", cluster(3, 13 * HOUR_MS), [SECRET], [node("ready", 2)], "wait"],
    ["a node that is away", cluster(3, 13 * HOUR_MS), [SECRET], [node("down", 2)], "next"],
    ["a node that can have no tunnel", cluster(3, 13 * HOUR_MS), [SECRET], [node("ready")], "next"],
    ["the clock was ahead", cluster(3, -HOUR_MS), [SECRET], [node("ready", 3)], "begin"],
  ];
  for (const [what, have, networks, nodes, want] of cases) {
    test(what, () => assert.equal(planEpoch(have, networks, nodes, NOW_MS).kind, want));
  }

  test("a cluster from before there were epochs is in the first", () => {
    assert.equal(epochOf(cluster(0, undefined)), 1);
    assert.equal(epochOf(undefined), 1);
  });
});

test("the leader counts on every twelve hours, and a new leader goes on from there", async () => {
  const { env, store, close } = await createTestStore();
  await store.update((tx) => {
    tx.put("cluster", { ...cluster(0, undefined) });
    tx.put("network", SECRET);
    tx.put("node", node("ready", 1, 2, 3));
  });
  const epoch = (): number => store.view((view) => view.cluster()?.networkKeyEpoch ?? 0);
  const lead = async (ms: number): Promise<void> => {
    const abort = new AbortController();
    const running = runTunnelKeyKeeper({ env, log: silentLog, store, signal: abort.signal });
    await env.advance(ms);
    abort.abort();
    await running;
  };
  await lead(60_000);
  assert.equal(epoch(), 1);
  await lead(ROTATE_AFTER_MS - 180_000);
  assert.equal(epoch(), 1);
  await lead(240_000);
  assert.equal(epoch(), 2);
  await lead(2 * ROTATE_AFTER_MS + 240_000);
  assert.equal(epoch(), 4);
  await lead(2 * ROTATE_AFTER_MS);
  assert.equal(epoch(), 4, "the node has no key of the fourth");
  close();
});
