// The manager half of a node: Raft, the store it drives, and what answers and acts on top of them. The leader's loops run
// while this manager leads, and only then.
import { createControlHandlers } from "../../manager/api/control.ts";
import { EventLog } from "../../manager/api/event-log.ts";
import { createNetworkFindingsHandler } from "../../manager/api/network-findings.ts";
import { isVoid } from "../../manager/ca/demotion.ts";
import { createCaHandlers } from "../../manager/ca/handlers.ts";
import { LeaderProver } from "../../manager/ca/leader-prover.ts";
import { runRoleKeeper } from "../../manager/ca/role-keeper.ts";
import { runRotationKeeper } from "../../manager/ca/rotation-keeper.ts";
import { createDispatcher } from "../../manager/dispatcher/dispatcher.ts";
import { meetOver } from "../../manager/dispatcher/meet.ts";
import { runNodeCaller } from "../../manager/dispatcher/node-caller.ts";
import { runLeaderLoops, supervise } from "../../manager/leader-loops.ts";
import { NetworkChecks } from "../../manager/network-check/checks.ts";
import { talkOver } from "../../manager/network-check/talk.ts";
import { openRaft } from "../../manager/raft/open.ts";
import type { RaftMember, RaftNode } from "../../manager/raft/raft-node.ts";
import { RAFT_CHANNEL_OPTIONS } from "../../manager/raft/transport.ts";
import { createStore } from "../../manager/store/store.ts";
import type { Change, Store } from "../../manager/store/types.ts";
import type { CAService } from "../../proto/gen/ca.ts";
import type { ControlService } from "../../proto/gen/control.ts";
import type { DispatcherService } from "../../proto/gen/dispatcher.ts";
import type { Cluster, Network, Node } from "../../proto/gen/objects.ts";
import type { RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { createHttpTransport } from "../../shared/image/http.ts";
import { createImageResolver, type ImageResolver } from "../../shared/image/resolve.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { Sealer } from "../../shared/pki/sealing.ts";
import type { Dialer } from "../../shared/rpc/dialer.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { AcceptStream } from "../../shared/rpc/tls-server.ts";

/** The first manager leads alone: this is one election and one commit. */
const BOOTSTRAP_LIMIT_MS = 20_000;
const DEFAULT_SNAPSHOT_INTERVAL = 10_000;
const DEFAULT_TRAILING_ENTRIES = 500;
const RECEIVE_LIMIT_MS = 10_000;
/**
 * A leader that is not heard for 600 ms to 1.2 s is replaced; docs/figures.md has what that comes to, and that a machine busy
 * with starting 150 containers stalls no leader for so long.
 */
const TICK_INTERVAL_MS = 100;
const ELECTION_TICKS = 6;

export type ManagerStart =
  | {
      readonly kind: "bootstrap";
      readonly raftId: number;
      readonly cluster: Cluster;
      /** Of the routing mesh. */
      readonly network: Network;
      readonly node: Node;
    }
  | { readonly kind: "join"; readonly raftId: number; readonly members: readonly RaftMember[] }
  /** As the member that its log says it is. */
  | { readonly kind: "restart" };

export interface ManagerOptions {
  readonly env: Env;
  readonly log: Log;
  /** For Raft's log. */
  readonly dir: string;
  readonly nodeId: NodeId;
  /** host:port */
  readonly addr: string;
  readonly dialer: Dialer;
  readonly insecureRegistries: readonly string[];
  readonly start: ManagerStart;
  /** Seals the log on the disk. */
  readonly sealer: Sealer;
  /** The cluster object as it is, and at each change. Must not throw, and must not wait. */
  readonly onCluster: (cluster: Cluster) => void;
  /** host:port of hosts that may be managers. */
  readonly seeds: () => readonly string[];
  /** The other managers refuse this one: its node was removed. */
  readonly onTurnedAway: (message: string) => void;
  /** Nodes were removed from the cluster, or demoted: `isRemoved` and `isDemoted` answer differently now. */
  readonly onMistrust: () => void;
}

export interface ManagerPart {
  readonly raft: RaftNode;
  readonly store: Store;
  readonly handlers: {
    readonly ca: Handlers<typeof CAService>;
    readonly control: Handlers<typeof ControlService>;
    readonly dispatcher: Handlers<typeof DispatcherService>;
    readonly raft: Handlers<typeof RaftService>;
  };
  /** A stream of Raft messages that another manager has opened. */
  readonly acceptRaftStream: AcceptStream;
  readonly isRemoved: (nodeId: NodeId) => boolean;
  /** Is a manager's certificate of the node void? As `isVoid` of manager/ca/demotion.ts. */
  readonly isDemoted: (nodeId: NodeId, issuedVersion: number) => boolean;
  /** As OpenRaft.rewriteLog. */
  readonly rewriteLog: () => Promise<void>;
  /** Where this manager says that it answers. */
  readonly setAddr: (addr: string) => void;
  /** Resolves once this manager has the cluster's state, or after a while without: it still gets there by itself. */
  readonly receiveState: (signal: AbortSignal) => Promise<void>;
  /** Hands leadership over first when leading. Idempotent. */
  readonly stop: () => Promise<void>;
}

/** @throws {SkepError} when Raft's folder cannot be used, or a new cluster cannot be written. Nothing runs then. */
export async function startManager(options: ManagerOptions): Promise<ManagerPart> {
  const { env, log, dialer, start } = options;
  const { store, machine, attach } = createStore({ env, log });
  const abort = new AbortController();
  const { signal } = abort;
  const running: Promise<void>[] = [];
  const run = (room: string, work: (signal: AbortSignal) => Promise<void>): void => {
    running.push(supervise(env, log.child({ room }), signal, ({ signal }) => work(signal)));
  };
  const events = new EventLog({ env, store });
  const raft = await openRaft({
    env,
    log: log.child({ room: "raft" }),
    dir: options.dir,
    raftId: start.kind === "restart" ? 0 : start.raftId,
    nodeId: options.nodeId,
    addr: options.addr,
    stateMachine: machine,
    onRestored: () => run("events", (signal) => events.collect(signal)),
    sealer: options.sealer,
    dial: (addr) => dialer.openManager(addr, RAFT_CHANNEL_OPTIONS),
    connect: dialer.openRaftStream,
    start: start.kind === "join" ? { kind: "join", members: start.members } : { kind: start.kind },
    seeds: options.seeds,
    onTurnedAway: options.onTurnedAway,
    isManager: (nodeId) => store.view((view) => view.get("node", nodeId)?.spec?.role) === "manager",
    snapshotIntervalEntries: () =>
      store.view((view) => view.cluster()?.spec?.raft?.snapshotInterval) || DEFAULT_SNAPSHOT_INTERVAL,
    trailingEntries: () =>
      store.view((view) => view.cluster()?.spec?.raft?.logEntriesForSlowFollowers) || DEFAULT_TRAILING_ENTRIES,
    tickIntervalMs: TICK_INTERVAL_MS,
    electionTicks: ELECTION_TICKS,
  }).catch((error: unknown) => {
    abort.abort(error);
    throw error;
  });
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    try {
      await raft.stop();
    } finally {
      abort.abort(new SkepError("canceled", "the manager stops"));
      await Promise.all(running);
    }
  };

  run("store", (signal) => attach(raft, signal));
  const dispatcher = createDispatcher({ env, log: log.child({ room: "dispatcher" }), store, raft });
  const checks = new NetworkChecks({
    env,
    log: log.child({ room: "network-check" }),
    store,
    talk: (node, until) => talkOver(dialer.node(node.addr, node.nodeId), env, until),
  });
  const removals = watchCluster(store, options);
  run("cluster", removals.run);
  try {
    if (start.kind === "bootstrap") await writeCluster(options, start, store, raft);
  } catch (error) {
    await stop();
    throw error;
  }
  run("dispatcher", dispatcher.run);
  run("leader", (signal) => whileLeading(raft, signal, (leading) => lead(options, store, raft, checks, leading)));

  return {
    raft,
    store,
    handlers: {
      ca: createCaHandlers({ env, log: log.child({ room: "ca" }), store, raft, dialManager: dialer.manager }),
      control: createControlHandlers({
        env,
        log: log.child({ room: "api" }),
        store,
        raft,
        networkProgress: dispatcher.networkProgress,
        network: checks,
        events,
        snapshot: machine.snapshot,
        images: resolver(options),
        dialManager: dialer.manager,
        dialAgent: dialer.node,
        signal,
      }),
      dispatcher: { ...dispatcher.handlers, ...createNetworkFindingsHandler(checks) },
      raft: raft.handlers,
    },
    acceptRaftStream: raft.acceptStream,
    isRemoved: removals.isRemoved,
    isDemoted: (nodeId, issuedVersion) => {
      const isMember = (id: NodeId): boolean => raft.status().members.some((member) => member.nodeId === id);
      return store.view((view) => isVoid(view, nodeId, issuedVersion, isMember));
    },
    rewriteLog: raft.rewriteLog,
    setAddr: raft.setAddr,
    receiveState: (caller) => receiveState(env, log, store, AbortSignal.any([signal, caller])),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** This daemon's own list of registries without TLS counts beside the cluster's. */
function resolver({ env, insecureRegistries }: ManagerOptions): ImageResolver {
  const resolve = createImageResolver({ env, transport: createHttpTransport({ env }) });
  return (image, auth, insecure, signal) => resolve(image, auth, [...insecure, ...insecureRegistries], signal);
}

async function lead(
  { env, log, dialer }: ManagerOptions,
  store: Store,
  raft: RaftNode,
  checks: NetworkChecks,
  signal: AbortSignal,
): Promise<void> {
  const prover = new LeaderProver();
  const meet: Parameters<typeof runNodeCaller>[0]["meet"] = ({ addr, id }, managers, until) => {
    const prove = (challenge: Uint8Array) => store.view((view) => prover.prove(view.cluster(), "meet", id, challenge));
    return meetOver(dialer.node(addr, id), env, managers, prove, until);
  };
  await Promise.all([
    runLeaderLoops({ env, log, store, signal }),
    supervise(env, log.child({ room: "node-caller" }), signal, (loop) => runNodeCaller({ ...loop, store, raft, meet })),
    supervise(env, log.child({ room: "network-check" }), signal, (loop) => checks.watch(loop.signal)),
    supervise(env, log.child({ room: "roles" }), signal, (loop) => runRoleKeeper({ ...loop, store, raft })),
    supervise(env, log.child({ room: "root-rotation" }), signal, (loop) => runRotationKeeper({ ...loop, store })),
  ]);
}

/** Runs `work` for each time that this manager leads, ended by its signal. */
async function whileLeading(
  raft: RaftNode,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let term: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  const end = async (): Promise<void> => {
    term?.abort.abort(new SkepError("unavailable", "this manager leads no more"));
    await term?.done;
    term = undefined;
  };
  try {
    for await (const event of raft.leadership(signal)) {
      await end();
      if (event.kind === "following" || signal.aborted) continue;
      const abort = new AbortController();
      term = { abort, done: work(abort.signal) };
    }
  } finally {
    await end();
  }
}

/** Waits until this manager leads and has written the cluster's first objects. */
async function writeCluster(
  { env }: ManagerOptions,
  { cluster, network, node }: Extract<ManagerStart, { readonly kind: "bootstrap" }>,
  store: Store,
  raft: RaftNode,
): Promise<void> {
  const limit = new AbortController();
  const timer = env.timer(BOOTSTRAP_LIMIT_MS, () =>
    limit.abort(new SkepError("deadline_exceeded", "the new manager did not come to lead; see the daemon's log")),
  );
  try {
    for await (const event of raft.leadership(limit.signal)) {
      if (event.kind === "following") continue;
      const { raftId } = raft.status();
      const managerStatus = { raftId, addr: node.addr, leader: false, reachability: "unknown" } as const;
      // The store hears of leadership by itself, at its own pace: `unavailable` until then.
      for (;;) {
        try {
          await store.update((tx) => {
            tx.put("cluster", cluster);
            tx.put("network", network);
            tx.put("node", { ...node, managerStatus });
            return undefined;
          });
          return;
        } catch (error) {
          if (SkepError.from(error).code !== "unavailable") throw error;
          await env.sleep(5, limit.signal);
        }
      }
    }
    limit.signal.throwIfAborted();
  } finally {
    timer.cancel();
  }
}

async function receiveState(env: Env, log: Log, store: Store, signal: AbortSignal): Promise<void> {
  const limit = new AbortController();
  signal.addEventListener("abort", () => limit.abort(), { once: true });
  if (signal.aborted) return;
  const timer = env.timer(RECEIVE_LIMIT_MS, () => limit.abort());
  const hasCluster = async (): Promise<boolean> => {
    const { view, commits } = store.viewAndWatch((tx) => tx.cluster() !== undefined, { signal: limit.signal });
    if (view) return true;
    try {
      for await (const { changes } of commits) if (changes.some(({ table }) => table === "cluster")) return true;
    } catch (error) {
      if (!isCode(error, "resource_exhausted")) throw error; // the state came as a snapshot: look again
    }
    return false;
  };
  try {
    while (!limit.signal.aborted) if (await hasCluster()) break;
    if (limit.signal.aborted) log.warn({}, "the cluster's state has not arrived yet; waiting for it in the background");
  } finally {
    timer.cancel();
    limit.abort();
  }
}

/** The last step of it: the role keeper has taken the node out of the Raft group. */
const isDemotion = (change: Extract<Change, { readonly table: "node" }>): boolean =>
  change.action === "update" && change.object.demotedVersion !== change.old.demotedVersion;

/** Nodes whose certificates open nothing any more, as the store has them; the cluster object, for who wants it. */
function watchCluster(
  store: Store,
  { onCluster, onMistrust }: Pick<ManagerOptions, "onCluster" | "onMistrust">,
): { readonly isRemoved: (nodeId: NodeId) => boolean; readonly run: (signal: AbortSignal) => Promise<void> } {
  let removed = new Set<NodeId>();
  const read = (cluster: Cluster | undefined): void => {
    const next = new Set(cluster?.blacklistedCertificates.map(({ nodeId }) => nodeId) ?? []);
    const grew = [...next].some((nodeId) => !removed.has(nodeId));
    removed = next;
    if (grew) onMistrust();
    if (cluster !== undefined) onCluster(cluster);
  };
  return {
    isRemoved: (nodeId) => removed.has(nodeId),
    run: async (signal) => {
      const { view, commits } = store.viewAndWatch((tx) => tx.cluster(), { signal });
      read(view);
      onMistrust(); // who was demoted while nobody looked: a snapshot tells no changes
      for await (const { changes } of commits) {
        for (const change of changes) {
          if (change.table === "cluster") read(change.object);
          else if (change.table === "node" && isDemotion(change)) onMistrust();
        }
      }
    },
  };
}
