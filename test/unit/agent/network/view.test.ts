import assert from "node:assert/strict";
import { test } from "node:test";
import { merge, type NetworkViews } from "../../../../agent/network/view.ts";
import {
  newNetworkDelta,
  newNetworkEndpoint,
  newNetworkSnapshot,
  newOverlayNetwork,
} from "../../../../proto/gen/network.ts";
import type { NetworkId, TaskId } from "../../../../shared/model/ids.ts";

const networkId = "net".padEnd(25, "x") as NetworkId;
const taskId = "task".padEnd(25, "x") as TaskId;
const endpoint = newNetworkEndpoint({ taskId, addresses: ["10.0.9.3"] });
const snapshot = {
  kind: "snapshot",
  ...newNetworkSnapshot({ version: 5, network: newOverlayNetwork({ networkId }) }),
} as const;

function viewsOf(update: Parameters<typeof merge>[1], before: NetworkViews = new Map()): NetworkViews {
  const merged = merge(before, update);
  assert.ok(merged.kind === "merged", merged.kind);
  return merged.views;
}
const delta = (version: number, appliesTo: number) =>
  ({ kind: "delta", ...newNetworkDelta({ networkId, version, appliesTo, endpoints: [endpoint] }) }) as const;

test("a delta applies to the version that it names; a repeat changes nothing; a gap asks for the whole", () => {
  const first = viewsOf(snapshot);
  const second = viewsOf(delta(6, 5), first);
  assert.deepEqual(second.get(networkId)?.endpoints.get(taskId)?.addresses, ["10.0.9.3"]);
  assert.equal(first.get(networkId)?.endpoints.size, 0, "a view is never changed");
  assert.equal(viewsOf(delta(6, 5), second), second);
  assert.deepEqual(merge(second, delta(9, 8)), { kind: "resync", networkId });
  assert.deepEqual(merge(new Map(), delta(6, 5)), { kind: "resync", networkId });
  assert.equal(viewsOf({ kind: "gone", networkId }, second).size, 0);
});

test("what says nothing is refused with a reason", () => {
  assert.equal(merge(new Map(), undefined).kind, "invalid");
  assert.equal(merge(new Map(), { kind: "snapshot", ...newNetworkSnapshot() }).kind, "invalid");
});
