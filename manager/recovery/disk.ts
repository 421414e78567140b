// A manager's Raft folder, made that of a group of one: after the others are lost for good, or from a backup. One durable
// write replaces log, snapshot and membership, so that a crash leaves the old state or the new one.
//
// The member gets a new raft id. Members of the old group that still run speak to the old id, to which nobody answers here,
// and cannot take the new one for a follower of theirs; when they ask for votes they hear that they were removed.
//
// What the log holds beyond the last entry that is known to be committed is kept: the lost managers may have acknowledged it.
import type { Cluster, Node } from "../../proto/gen/objects.ts";
import { type Backup, parseBackup } from "../../shared/backup/file.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { type Log, silentLog } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { Sealer } from "../../shared/pki/sealing.ts";
import { voterIds } from "../raft/core/config.ts";
import { RaftCore } from "../raft/core/raft-core.ts";
import { openLog } from "../raft/disk/open-log.ts";
import type { RaftStorage } from "../raft/storage.ts";
import { CommittedState } from "../store/committed.ts";
import { createStore } from "../store/store.ts";
import { openView } from "../store/tables.ts";
import { type SoleState, withSoleManager } from "./sole-manager.ts";

export interface Recovered {
  readonly raftId: number;
  readonly state: SoleState;
  /** Of the old log's last entry. */
  readonly index: number;
  /** What was in the old log's files and could not be read, or was torn. */
  readonly leftOut?: readonly string[] | undefined;
}

export interface DiskOptions {
  readonly env: Env;
  readonly log: Log;
  /** Raft's folder. */
  readonly dir: string;
  readonly sealer?: Sealer | undefined;
  /** Of a log that is damaged: "stop" goes on with what is readable before that. "refuse". */
  readonly onDamage?: "refuse" | "stop";
}

const READ_BYTES = 1 << 20;

/**
 * The manager's own disk, the manager stopped.
 * @throws {SkepError} `failed_precondition`: no log, or not of this node's cluster. `internal`: it cannot be read.
 */
export async function forceSoleManager(
  { env, log, dir, sealer, onDamage }: DiskOptions,
  nodeId: NodeId,
  addr: string,
): Promise<Recovered> {
  const storage = openLog(dir, sealer, onDamage);
  try {
    if (storage.raftId === 0) throw new SkepError("failed_precondition", `${dir} holds no raft log`);
    const recovered = await makeSole(storage, env, nodeId, addr);
    const { leftOut } = storage;
    log.warn({ raftId: recovered.raftId, index: recovered.index, leftOut }, "this manager goes on alone");
    return { ...recovered, leftOut };
  } finally {
    await storage.close();
  }
}

/** As above, on a log that is open already. @param storage of a member, which does not run. */
export async function makeSole(storage: RaftStorage, env: Env, nodeId: NodeId, addr: string): Promise<Recovered> {
  const { snapshot, nextRaftId } = await replay(storage, env);
  const raftId = nextRaftId;
  const state = withSoleManager(snapshot, { node: { id: nodeId }, addr, raftId }, "lost", env.wallMs());
  const { lastIndex } = storage;
  const term = Math.max(storage.restored.hardState.term, storage.term(lastIndex) ?? 0) + 1;
  await install(storage, { raftId, nodeId, addr, index: lastIndex + 1, term, data: state.snapshot });
  return { raftId, state, index: lastIndex };
}

/** All of the log applied, the tail included, and the newest membership. */
async function replay(
  storage: RaftStorage,
  env: Env,
): Promise<{ readonly snapshot: Uint8Array; readonly nextRaftId: number }> {
  const { machine } = createStore({ env, log: silentLog });
  const { restored } = storage;
  const start = storage.snapshot();
  if (start !== undefined) await machine.restore(start.data);
  const options = {
    id: storage.raftId,
    electionTicks: 10,
    heartbeatTicks: 1,
    random: env.random,
    maxAppendBytes: READ_BYTES,
    window: { maxMessages: 1, maxBytes: READ_BYTES },
    maxApplyBytes: READ_BYTES,
  };
  const { config } = new RaftCore(options, storage, restored); // reads and checks as a start would
  for (let at = restored.snapshotIndex + 1; at <= storage.lastIndex; ) {
    const entries = storage.entries(at, storage.lastIndex + 1, READ_BYTES);
    for (const { index, term, body } of entries) {
      if (body.kind === "data") machine.apply({ index, term, data: body.value });
    }
    at += entries.length;
  }
  return {
    snapshot: Buffer.concat([...machine.snapshot()]),
    nextRaftId: Math.max(config.nextRaftId, ...voterIds(config).map((id) => id + 1)),
  };
}

/**
 * A fresh folder.
 * @param self makes the manager's node, given the cluster that it is to be a node of.
 * @throws {SkepError} `invalid_argument`: the backup is not one of this version, or not of a whole cluster.
 */
export async function restoreSoleManager(
  { env, log, dir, sealer }: DiskOptions,
  { header, snapshot }: Backup,
  self: Node,
): Promise<Recovered> {
  const raftId = Math.max(1, header.nextRaftId);
  const state = withSoleManager(snapshot, { node: self, addr: self.addr, raftId }, "not known", env.wallMs());
  const storage = openLog(dir, sealer);
  try {
    const term = header.raftTerm + 1;
    const index = header.raftIndex + 1;
    await install(storage, { raftId, nodeId: self.id, addr: self.addr, index, term, data: state.snapshot });
    log.warn({ raftId, index: header.raftIndex }, "a cluster was restored from a backup");
    return { raftId, state, index: header.raftIndex };
  } finally {
    await storage.close();
  }
}

async function install(
  storage: RaftStorage,
  self: {
    readonly raftId: number;
    readonly nodeId: string;
    readonly addr: string;
    readonly index: number;
    readonly term: number;
    readonly data: Uint8Array;
  },
): Promise<void> {
  const { raftId, nodeId, addr, index, term, data } = self;
  const config = { members: [{ raftId, nodeId, addr, voter: true }], nextRaftId: raftId + 1 };
  await storage.format(raftId, {
    hardState: { term, vote: 0, commit: index },
    install: { index, term, config, data },
  });
}

/** A backup file's content, checked to be a whole cluster with its CA. @throws {SkepError} `invalid_argument` */
export function openBackup(file: Uint8Array): { readonly backup: Backup; readonly cluster: Cluster } {
  const backup = parseBackup(file);
  const state = new CommittedState();
  state.restore(backup.snapshot);
  const view = openView(state.rows, state.version);
  const cluster = view.cluster();
  view.close();
  const { caCert, caKey } = cluster?.rootCa ?? {};
  if (
    cluster === undefined ||
    caCert === undefined ||
    caKey === undefined ||
    caCert.length === 0 ||
    caKey.length === 0
  ) {
    throw new SkepError("invalid_argument", "the backup is refused: it holds no cluster with a CA");
  }
  if (cluster.id !== backup.header.clusterId) {
    throw new SkepError("invalid_argument", "the backup is refused: its header is of another cluster than its content");
  }
  return { backup, cluster };
}
