import assert from "node:assert/strict";
import { test } from "node:test";
import { checkClusterSpec } from "../../../manager/api/validate/cluster-spec.ts";
import { newGetClusterRequest, newUpdateClusterRequest } from "../../../proto/gen/control.ts";
import {
  type ClusterSpec,
  newCAConfig,
  newClusterSpec,
  newDispatcherConfig,
  newNetworkingConfig,
  newOrchestrationConfig,
  newRaftConfig,
} from "../../../proto/gen/objects.ts";
import { parseJoinToken } from "../../../shared/model/join-token.ts";
import { context, createTestApi, errorOf } from "../../support/test-api.ts";

test("the CA's key is not shown, its certificate and the tokens are", async () => {
  const { api, stores, close } = await createTestApi();
  const { rootCa } = await api.getCluster(newGetClusterRequest(), context());
  assert.equal(rootCa?.caKey.length, 0);
  assert.equal(Buffer.from(rootCa?.caCert ?? []).toString(), "the certificate");
  assert.ok(rootCa?.joinTokens?.worker !== "");
  assert.equal(
    stores[0]?.view((view) => Buffer.from(view.cluster()?.rootCa?.caKey ?? []).toString()),
    "the key",
  );
  close();
});

test("rotation makes one token anew, of the same CA", async () => {
  const { api, stores, close } = await createTestApi();
  const before = await api.getCluster(newGetClusterRequest(), context());
  const request = newUpdateClusterRequest({ version: before.meta?.version ?? 0, rotateWorkerToken: true });
  const after = await api.updateCluster(request, context());
  const [old, now] = [before.rootCa?.joinTokens, after.rootCa?.joinTokens];
  assert.notEqual(now?.worker, old?.worker);
  assert.equal(now?.manager, old?.manager);
  assert.equal(parseJoinToken(now?.worker ?? "").rootCaHash, before.rootCa?.caCertHash);
  assert.deepEqual(after.spec, before.spec, "without a spec it stays");
  assert.equal(
    stores[0]?.view((view) => Buffer.from(view.cluster()?.rootCa?.caKey ?? []).toString()),
    "the key",
  );
  await assert.rejects(api.updateCluster(request, context()), errorOf("conflict"));
  close();
});

const networking = (change: Parameters<typeof newNetworkingConfig>[0]): Partial<ClusterSpec> => ({
  networking: newNetworkingConfig(change),
});

const refused: readonly (readonly [name: string, spec: Partial<ClusterSpec>, message: RegExp])[] = [
  [
    "a heartbeat too quick",
    { dispatcher: newDispatcherConfig({ heartbeatPeriodMs: 50, suspectAfterMs: 3000, downAfterMs: 5000 }) },
    /dispatcher-heartbeat: .*at least 100 ms/,
  ],
  [
    "suspicion before a beat",
    { dispatcher: newDispatcherConfig({ heartbeatPeriodMs: 1000, suspectAfterMs: 1000, downAfterMs: 5000 }) },
    /dispatcher-heartbeat: .*node-suspect-after a longer time/,
  ],
  [
    "down before suspect",
    { dispatcher: newDispatcherConfig({ heartbeatPeriodMs: 1000, suspectAfterMs: 3000, downAfterMs: 2000 }) },
    /node-down-after: .*before it is suspect/,
  ],
  ["certificates too short", { caConfig: newCAConfig({ nodeCertExpiryMs: 1000 }) }, /cert-expiry: .*at least 1 hour/],
  [
    "certificates without an end",
    { caConfig: newCAConfig({ nodeCertExpiryMs: 1e15 }) },
    /cert-expiry: .*at most 100 years/,
  ],
  ["no snapshots", { raft: newRaftConfig() }, /snapshot-interval: at least 1/],
  [
    "a registry with a path",
    { insecureRegistries: ["reg:5000/x"] },
    /insecure-registry: .*not HOST, HOST:PORT or a subnet/,
  ],
  ["a low data path port", networking({ dataPathPort: 80 }), /data-path-port: 80 is not from 1024 to 49151/],
  ["a pool that is none", networking({ defaultAddrPool: ["10.0.0.0"] }), /default-addr-pool: .*not a subnet like/],
  ["a pool with host bits", networking({ defaultAddrPool: ["10.1.0.5/16"] }), /did you mean 10\.1\.0\.0\/16/],
  ["a pool without room", networking({ defaultAddrPool: ["10.1.1.0/26"] }), /no room for a subnet of \/24/],
  ["subnets without room", networking({ subnetSize: 31 }), /default-addr-pool-mask-length: .*at most 29/],
  ["pools that overlap", networking({ defaultAddrPool: ["10.0.0.0/8", "10.9.0.0/16"] }), /overlaps 10\.0\.0\.0\/8/],
  [
    "history beyond all measure",
    { orchestration: newOrchestrationConfig({ taskHistoryRetentionLimit: 2_000_000 }) },
    /task-history-limit/,
  ],
  ["an empty label", { labels: { "": "" } }, /empty key/],
];
for (const [name, spec, message] of refused) {
  test(`a cluster spec is refused: ${name}`, () =>
    assert.throws(() => checkClusterSpec(newClusterSpec(spec)), errorOf("invalid_argument", message)));
}

test("a cluster spec with registries is accepted", () => {
  checkClusterSpec(newClusterSpec({ insecureRegistries: ["10.0.0.1:5000", "registry.local", "[fd00::1]:5000"] }));
});

test("networking: the pool may change, the data path port may not, and saying nothing leaves both", async () => {
  const { api, close } = await createTestApi();
  const update = async (spec: Partial<ClusterSpec>) => {
    const { meta } = await api.getCluster(newGetClusterRequest(), context());
    const request = newUpdateClusterRequest({ version: meta?.version ?? 0, spec: newClusterSpec(spec) });
    return (await api.updateCluster(request, context())).spec?.networking;
  };
  const wished = newNetworkingConfig({ defaultAddrPool: ["172.16.0.0/12"], subnetSize: 22, dataPathPort: 4789 });
  assert.deepEqual(await update({ networking: wished }), wished);
  assert.deepEqual(await update({ labels: { a: "b" } }), wished);
  await assert.rejects(
    update(networking({ dataPathPort: 5000 })),
    errorOf("failed_precondition", /it is 4789 and cannot become 5000/),
  );
  close();
});
