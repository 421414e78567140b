import assert from "node:assert/strict";
import { test } from "node:test";
import { completeClusterSpec, firstCluster, firstIngress, joiningNode } from "../../../manager/ca/new-cluster.ts";
import {
  newCAConfig,
  newClusterSpec,
  newDispatcherConfig,
  newIPAMConfig,
  newNetworkingConfig,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { newRootAuthority } from "../../../shared/pki/issue.ts";

test("a new cluster has every setting", () => {
  const { name, dispatcher, raft, caConfig, orchestration, networking } = completeClusterSpec(undefined);
  assert.equal(name, "default");
  assert.deepEqual(
    dispatcher,
    newDispatcherConfig({ heartbeatPeriodMs: 1000, suspectAfterMs: 2500, downAfterMs: 4000 }),
  );
  assert.ok((raft?.snapshotInterval ?? 0) > 0 && (caConfig?.nodeCertExpiryMs ?? 0) > 0);
  assert.equal(orchestration?.taskHistoryRetentionLimit, 5);
  assert.deepEqual(
    networking,
    newNetworkingConfig({ defaultAddrPool: ["10.0.0.0/8"], subnetSize: 24, dataPathPort: 4789 }),
  );
});

for (const [given, suspectAfterMs, downAfterMs] of [
  [{ heartbeatPeriodMs: 11_000 }, 27_500, 44_000],
  [{ heartbeatPeriodMs: 11_000, suspectAfterMs: 60_000 }, 60_000, 60_000],
  [{ suspectAfterMs: 3_000 }, 3_000, 4_000],
  [{ downAfterMs: 9_000 }, 2_500, 9_000],
] as const) {
  test(`times that are not given follow from ${JSON.stringify(given)}`, () => {
    const { dispatcher } = completeClusterSpec(newClusterSpec({ dispatcher: newDispatcherConfig(given) }));
    assert.deepEqual([dispatcher?.suspectAfterMs, dispatcher?.downAfterMs], [suspectAfterMs, downAfterMs]);
  });
}

test("a new cluster's settings are checked as those of an old one", () => {
  const second = newClusterSpec({ caConfig: newCAConfig({ nodeCertExpiryMs: 1_000 }) });
  assert.throws(
    () => completeClusterSpec(second),
    (error) => error instanceof SkepError && error.code === "invalid_argument" && /at least 1 hour/.test(error.message),
  );
});

const PLACES: readonly (readonly [what: string, pool: readonly string[], addr: string, subnet: string])[] = [
  ["the first subnet of the pool", [], "192.168.1.5", "10.0.0.0/24"],
  ["not over the node's own address", [], "10.0.0.5", "10.0.1.0/24"],
  ["from the pool that was asked for", ["172.20.0.0/16"], "10.0.0.5", "172.20.0.0/24"],
];
for (const [what, pool, addr, subnet] of PLACES) {
  test(`a new cluster has the ingress network, and its node is on it: ${what}`, () => {
    const spec = newClusterSpec({ networking: newNetworkingConfig({ defaultAddrPool: pool }) });
    const clusterId = "c".repeat(25) as ClusterId;
    const cluster = firstCluster(clusterId, newRootAuthority(clusterId, 1), spec, () => 0.5);
    const joining = joiningNode({
      id: "n".repeat(25) as NodeId,
      role: "manager",
      availability: "active",
      addr: `${addr}:7377`,
      description: undefined,
      nowMs: 1,
    });
    const { network, node } = firstIngress(cluster, joining, () => 0.5);
    assert.deepEqual([network.spec?.name, network.spec?.ingress, network.vni], ["ingress", true, 4097]);
    const gateway = subnet.replace("0/24", "1");
    const [four, six, ...more] = network.ipam;
    assert.deepEqual(four, newIPAMConfig({ subnet, gateway }));
    const prefix = /^(fd.*::)\/64$/.exec(six?.subnet ?? "")?.[1] ?? "";
    assert.deepEqual([six?.gateway, more], [`${prefix}1`, []], six?.subnet);
    const [address = "", address6 = ""] = node.attachments[0]?.addresses ?? [];
    assert.equal(node.attachments[0]?.networkId, network.id);
    assert.ok(address6.startsWith(prefix) && address6 !== six?.gateway, address6);
    assert.ok(address.startsWith(subnet.replace("0/24", "")) && address !== gateway, address);
  });
}
