import type { Cluster } from "../../proto/gen/objects.ts";
import { type Fields, list, map, meta, ns, object } from "./fields.ts";

/** The cluster as `docker info` tells it; never the CA's key, nor the tokens. */
export const clusterJson = (value: Cluster): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec: object({
      Name: value.spec?.name ?? "",
      Labels: map(value.spec?.labels ?? {}),
      Orchestration: { TaskHistoryRetentionLimit: value.spec?.orchestration?.taskHistoryRetentionLimit ?? 0 },
      Raft: object({
        SnapshotInterval: value.spec?.raft?.snapshotInterval ?? 0,
        LogEntriesForSlowFollowers: value.spec?.raft?.logEntriesForSlowFollowers ?? 0,
      }),
      Dispatcher: object({
        HeartbeatPeriod: ns(value.spec?.dispatcher?.heartbeatPeriodMs ?? 0),
        SuspectAfter: ns(value.spec?.dispatcher?.suspectAfterMs ?? 0),
        DownAfter: ns(value.spec?.dispatcher?.downAfterMs ?? 0),
      }),
      CAConfig: { NodeCertExpiry: ns(value.spec?.caConfig?.nodeCertExpiryMs ?? 0) },
      InsecureRegistries: list(value.spec?.insecureRegistries ?? []),
      EncryptionConfig: { AutoLockManagers: value.spec?.encryption?.autoLockManagers === true },
    }),
    TLSInfo: { TrustRoot: Buffer.from(value.rootCa?.caCert ?? []).toString() },
    RootRotationInProgress: value.rootCa?.rotation !== undefined,
    DefaultAddrPool: [...(value.spec?.networking?.defaultAddrPool ?? [])],
    SubnetSize: value.spec?.networking?.subnetSize ?? 0,
    DataPathPort: value.spec?.networking?.dataPathPort ?? 0,
  });
