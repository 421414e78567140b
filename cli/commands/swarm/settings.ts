// The swarm's settings as flags, the same for `swarm init` and `swarm update`.
import type { Command, Option } from "commander";
import {
  type ClusterSpec,
  type NetworkingConfig,
  newCAConfig,
  newDispatcherConfig,
  newEncryptionConfig,
  newNetworkingConfig,
  newOrchestrationConfig,
  newRaftConfig,
  type RaftConfig,
} from "../../../proto/gen/objects.ts";
import { booleanOption, listOption, valueOption } from "../../options.ts";
import { parseDuration } from "../../parse/duration.ts";
import { parseInteger } from "../../parse/quantity.ts";
import { notThere } from "../../service/list-flag.ts";

export interface SettingsOptions {
  readonly taskHistoryLimit?: number;
  readonly certExpiry?: number;
  readonly dispatcherHeartbeat?: number;
  readonly nodeSuspectAfter?: number;
  readonly nodeDownAfter?: number;
  readonly snapshotInterval?: number;
  readonly autolock?: boolean;
  readonly insecureRegistry?: readonly string[];
  readonly defaultAddrPool?: readonly string[];
  readonly defaultAddrPoolMaskLength?: number;
  readonly dataPathPort?: number;
  readonly insecureRegistryAdd?: readonly string[];
  readonly insecureRegistryRm?: readonly string[];
}

const GROUP = "Settings:";

const parseDataPathPort = parseInteger(1024, 49_151, 4789);

export function addSettings(command: Command, kind: "init" | "update"): void {
  const options: readonly Option[] = [
    valueOption(
      "--task-history-limit <n>",
      "ended tasks kept per slot; negative keeps all",
      parseInteger(-1, 1_000_000, 5),
    ),
    valueOption("--cert-expiry <duration>", "lifetime of a node's certificate", parseDuration),
    valueOption("--dispatcher-heartbeat <duration>", "how often nodes report", parseDuration),
    valueOption("--node-suspect-after <duration>", "silence after which a node gets no new task", parseDuration),
    valueOption("--node-down-after <duration>", "silence after which a node's tasks are replaced", parseDuration),
    valueOption(
      "--snapshot-interval <n>",
      "log entries between snapshots",
      parseInteger(1, Number.MAX_SAFE_INTEGER, 10_000),
    ),
    ...(kind === "init"
      ? [
          listOption("--insecure-registry <host[:port]>", "registry that is spoken to over plain HTTP", (raw) => raw),
          listOption(
            "--default-addr-pool <cidr>",
            "where subnets of networks come from (default 10.0.0.0/8)",
            (raw) => raw,
          ),
          valueOption(
            "--default-addr-pool-mask-length <n>",
            "prefix length of those subnets (default 24)",
            parseInteger(1, 29, 24),
          ),
          valueOption(
            "--data-path-port <port>",
            "UDP port of networks between nodes (default 4789)",
            parseDataPathPort,
          ),
        ]
      : [
          listOption(
            "--insecure-registry-add <host[:port]>",
            "registry that is spoken to over plain HTTP",
            (raw) => raw,
          ),
          listOption("--insecure-registry-rm <host[:port]>", "no longer", (raw) => raw),
        ]),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  const autolock = "managers seal their keys: one that restarts must be unlocked with a key";
  booleanOption(command, "--autolock", autolock, GROUP);
}

/** Pure: the spec with what was given changed; untouched parts stay as they are, or absent. */
export function applySettings(spec: ClusterSpec, options: SettingsOptions): ClusterSpec {
  const changed = <T extends object>(present: T | undefined, empty: () => T, change: Partial<T>): T | undefined =>
    Object.keys(change).length === 0 ? present : { ...(present ?? empty()), ...change };
  const added = [...(options.insecureRegistry ?? []), ...(options.insecureRegistryAdd ?? [])];
  const kept = withoutRegistries(spec.insecureRegistries, options.insecureRegistryRm ?? []);
  const registries = [...kept, ...added];
  return {
    ...spec,
    orchestration: changed(
      spec.orchestration,
      newOrchestrationConfig,
      definite({ taskHistoryRetentionLimit: options.taskHistoryLimit }),
    ),
    raft: changed<RaftConfig>(spec.raft, newRaftConfig, definite({ snapshotInterval: options.snapshotInterval })),
    dispatcher: changed(
      spec.dispatcher,
      newDispatcherConfig,
      definite({
        heartbeatPeriodMs: options.dispatcherHeartbeat,
        suspectAfterMs: options.nodeSuspectAfter,
        downAfterMs: options.nodeDownAfter,
      }),
    ),
    caConfig: changed(spec.caConfig, newCAConfig, definite({ nodeCertExpiryMs: options.certExpiry })),
    insecureRegistries: registries.filter((name, at) => isFirst(registries, name, at)),
    networking: changed<NetworkingConfig>(spec.networking, newNetworkingConfig, {
      ...definite({ subnetSize: options.defaultAddrPoolMaskLength, dataPathPort: options.dataPathPort }),
      ...(options.defaultAddrPool === undefined ? {} : { defaultAddrPool: options.defaultAddrPool }),
    }),
    encryption:
      options.autolock === undefined
        ? spec.encryption
        : newEncryptionConfig({ ...spec.encryption, autoLockManagers: options.autolock }),
  };
}

/** A host's name in whatever case is one host. */
const isSameRegistry = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const isFirst = (all: readonly string[], name: string, at: number): boolean =>
  all.findIndex((other) => isSameRegistry(other, name)) === at;

function withoutRegistries(present: readonly string[], removed: readonly string[]): readonly string[] {
  const absent = removed.find((name) => !present.some((other) => isSameRegistry(other, name)));
  if (absent !== undefined) throw notThere(`--insecure-registry-rm ${absent}`, present);
  return present.filter((name) => !removed.some((other) => isSameRegistry(other, name)));
}

/** Without the keys whose value is undefined. */
function definite<K extends string>(values: Readonly<Record<K, number | undefined>>): Partial<Record<K, number>> {
  const result: Partial<Record<K, number>> = {};
  for (const key of Object.keys(values) as K[]) {
    const value = values[key];
    if (value !== undefined) result[key] = value;
  }
  return result;
}
