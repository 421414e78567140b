import assert from "node:assert/strict";
import { test } from "node:test";
import { completeClusterSpec } from "../../../manager/ca/new-cluster.ts";
import { newCAConfig, newClusterSpec, newDispatcherConfig } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";

test("a new cluster has every setting", () => {
  const { name, dispatcher, raft, caConfig, orchestration } = completeClusterSpec(undefined);
  assert.equal(name, "default");
  assert.deepEqual(
    dispatcher,
    newDispatcherConfig({ heartbeatPeriodMs: 1000, suspectAfterMs: 2500, downAfterMs: 4000 }),
  );
  assert.ok((raft?.snapshotInterval ?? 0) > 0 && (caConfig?.nodeCertExpiryMs ?? 0) > 0);
  assert.equal(orchestration?.taskHistoryRetentionLimit, 5);
});

test("a new cluster's settings are checked as those of an old one", () => {
  const second = newClusterSpec({ caConfig: newCAConfig({ nodeCertExpiryMs: 1_000 }) });
  assert.throws(
    () => completeClusterSpec(second),
    (error) => error instanceof SkepError && error.code === "invalid_argument" && /at least 1 hour/.test(error.message),
  );
});
