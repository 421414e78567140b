// Opens a manager's Raft member: disk, core, links and driver put together behind the RaftNode that the rest of the manager
// sees, and the handlers that its peers call.
import type { Duplex } from "node:stream";
import type * as grpc from "@grpc/grpc-js";
import type { RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Sealer } from "../../shared/pki/sealing.ts";
import type { Peer } from "../../shared/rpc/peer.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { RaftCore } from "./core/raft-core.ts";
import type { Config } from "./core/types.ts";
import { openLog } from "./disk/open-log.ts";
import { Driver, type Setting } from "./driver.ts";
import { createRaftHandlers } from "./handlers.ts";
import { Member } from "./member.ts";
import type { RaftMember, RaftNode, StateMachine } from "./raft-node.ts";
import type { RaftStorage } from "./storage.ts";
import { acceptStream } from "./stream/intake.ts";
import { createTransport } from "./transport.ts";

export type RaftStart =
  /** The first manager: a cluster of one. */
  | { readonly kind: "bootstrap" }
  /** With the raft id and the members that JoinRaft gave. */
  | { readonly kind: "join"; readonly members: readonly RaftMember[] }
  | { readonly kind: "restart" };

export interface RaftOpenOptions {
  readonly env: Env;
  readonly log: Log;
  /** Folder of the log; made when missing. */
  readonly dir: string;
  /** Bootstrap: 1. Join: what JoinRaft gave. Restart: the same as before, or 0 to take it from the disk. */
  readonly raftId: number;
  readonly nodeId: string;
  /** host:port where this manager's daemon answers. */
  readonly addr: string;
  readonly stateMachine: StateMachine;
  /** Called once the state machine holds the newest snapshot, before the first entry after it is applied. Must not throw. */
  readonly onRestored?: () => void;
  /** A client to another manager's daemon. Raft closes it. Make its channel with RAFT_CHANNEL_OPTIONS (transport.ts). */
  readonly dial: (addr: string) => grpc.Client;
  /** A stream to another manager's Raft (its `acceptStream`), over a connection that proves both. Raft closes it. */
  readonly connect: (addr: string, signal: AbortSignal) => Promise<Duplex>;
  readonly start: RaftStart;
  /** 100. */
  readonly tickIntervalMs?: number;
  /** Ticks without a leader before a campaign; each wait is drawn from one to two times this. 10. */
  readonly electionTicks?: number;
  /** 2: an idle member then takes about 0.6 % of a core (measured; 1.1 % with 1), and five beats fit an election timeout. */
  readonly heartbeatTicks?: number;
  /** 10,000. A log of large entries is compacted at 64 MiB all the same. */
  readonly snapshotIntervalEntries?: Setting;
  /** As DriverOptions.trailingEntries. */
  readonly trailingEntries?: Setting;
  /** host:port of hosts that may be managers: tried when a member is not where the membership has it. */
  readonly seeds?: () => readonly string[];
  /** Shall the node be a manager, as the state machine has it? Others may not join. */
  readonly isManager?: (nodeId: string) => boolean;
  /** A manager refuses this one, because its node was removed from the cluster. May be told again and again. */
  readonly onTurnedAway?: (message: string) => void;
  /** Log and snapshots are sealed with it on the disk. */
  readonly sealer?: Sealer;
  /** Another disk, for tests. */
  readonly openStorage?: (dir: string) => RaftStorage;
}

export interface OpenRaft extends RaftNode {
  /** Where this member says that it answers, to those it connects to from now on. */
  readonly setAddr: (addr: string) => void;
  /**
   * Writes all of the log and its snapshot anew, as the sealer seals now: resolves once nothing from before the call is on the
   * disk. @throws {SkepError} `unavailable`: the member stopped before that.
   */
  readonly rewriteLog: () => Promise<void>;
  /** For peers and joiners; only managers may call them. */
  readonly handlers: Handlers<typeof RaftService>;
  /** A stream that another manager has opened. @param prove who it is; throws when it may not speak to Raft. */
  readonly acceptStream: (socket: Duplex, prove: () => Peer) => void;
}

const MAX_APPEND_BYTES = 1 << 20;
const WINDOW = { maxMessages: 256, maxBytes: 16 << 20 };

/**
 * Restores the state machine from the newest snapshot, then runs until `stop`. Opening a folder that already holds this
 * member's log continues it, whatever `start` says: a crash during the first start does no harm.
 * @throws {SkepError} `failed_precondition`: the folder holds another member's log, or none when restarting.
 * `internal`: what it holds cannot be read.
 */
export async function openRaft(options: RaftOpenOptions): Promise<OpenRaft> {
  const { env, dir, stateMachine, nodeId, addr, start } = options;
  const { tickIntervalMs = 100, electionTicks = 10, heartbeatTicks = 2, snapshotIntervalEntries = 10_000 } = options;
  const storage = options.openStorage?.(dir) ?? openLog(dir, options.sealer);
  try {
    const raftId = await prepare(storage, options);
    const log = options.log.child({ raftId });
    for (const what of storage.leftOut ?? [])
      log.warn({ what }, "the raft log ends before a write that nobody was told of");
    const snapshot = storage.snapshot();
    if (snapshot !== undefined) await stateMachine.restore(snapshot.data);
    options.onRestored?.();
    const core = new RaftCore(
      {
        id: raftId,
        electionTicks,
        heartbeatTicks,
        random: env.random,
        maxAppendBytes: MAX_APPEND_BYTES,
        window: WINDOW,
        maxApplyBytes: MAX_APPEND_BYTES,
        lease: { nowMs: env.nowMs, tickIntervalMs },
      },
      storage,
      storage.restored,
    );
    const known = start.kind === "join" ? start.members : [];
    const self = { raftId, nodeId, addr };
    const transport = createTransport({
      env,
      log,
      self,
      dial: options.dial,
      connect: options.connect,
      addressOf: (id) => [...core.config.members, ...known].find((member) => member.raftId === id)?.addr,
      seeds: options.seeds ?? (() => []),
      onTurnedAway: options.onTurnedAway ?? (() => undefined),
      onSnapshotDone: (id, delivered) => {
        driver.withCore((running) => running.reportSnapshot(id, delivered));
      },
    });
    const driver: Driver = new Driver({
      env,
      log,
      core,
      storage,
      machine: stateMachine,
      send: transport.send,
      onProgress: () => member.progressed(),
      tickIntervalMs,
      snapshotIntervalEntries,
      trailingEntries: options.trailingEntries,
    });
    const transferPatienceMs = electionTicks * tickIntervalMs;
    const member: Member = new Member({
      env,
      log,
      core,
      driver,
      storage,
      transport,
      tickIntervalMs,
      transferPatienceMs,
    });
    return Object.assign(member.node(), {
      setAddr: (next: string) => {
        self.addr = next;
      },
      rewriteLog: () => driver.rewrite(),
      handlers: createRaftHandlers({
        env,
        self,
        core,
        driver,
        member,
        transport,
        dial: options.dial,
        isManager: options.isManager,
      }),
      acceptStream: (socket: Duplex, prove: () => Peer) =>
        acceptStream({ env, log, core, driver, transport }, socket, prove),
    });
  } catch (error) {
    await storage.close().catch(() => undefined);
    throw error;
  }
}

/** Makes a fresh folder a member's, or checks whose it is. Returns the raft id. */
async function prepare(storage: RaftStorage, { dir, raftId, nodeId, addr, start }: RaftOpenOptions): Promise<number> {
  if (storage.raftId !== 0) {
    if (raftId === 0 || raftId === storage.raftId) return storage.raftId;
    throw new SkepError("failed_precondition", `${dir} holds the log of raft member ${storage.raftId}, not ${raftId}`);
  }
  if (raftId <= 0 && start.kind !== "restart") {
    throw new SkepError("invalid_argument", `${raftId} is not a raft id: it counts from 1`);
  }
  switch (start.kind) {
    case "restart":
      throw new SkepError(
        "failed_precondition",
        `${dir} holds no raft log: this manager cannot restart, join it again`,
      );
    case "join":
      await storage.format(raftId, { hardState: { term: 0, vote: 0, commit: 0 } });
      return raftId;
    case "bootstrap": {
      // The log of a cluster of one begins with its membership, committed by definition.
      const config: Config = { members: [{ raftId, nodeId, addr, voter: true }], nextRaftId: raftId + 1 };
      await storage.format(raftId, {
        hardState: { term: 1, vote: 0, commit: 1 },
        entries: [{ index: 1, term: 1, body: { kind: "config", ...config } }],
      });
      return raftId;
    }
  }
}
