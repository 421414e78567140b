// One term of leadership, as the agents see it: their sessions, who is alive, and what they report. It ends with the
// leadership; nothing of it is needed by the next leader, which learns all of it again from the store and the agents.
import type {
  AgentHello,
  AgentMessage,
  AgentStatuses,
  DemotedNode,
  DispatcherMessage,
  LeaderProof,
  SessionInfo,
  TaskStatusUpdate,
} from "../../proto/gen/dispatcher.ts";
import type { Task } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { assertNever, SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NetworkId, NodeId } from "../../shared/model/ids.ts";
import { isTerminal } from "../../shared/model/tasks.ts";
import type { Peer } from "../../shared/rpc/peer.ts";
import { TokenBuckets } from "../../shared/token-buckets.ts";
import { demotedNodes } from "../ca/demotion.ts";
import { LeaderProver } from "../ca/leader-prover.ts";
import type { RaftMember } from "../raft/raft-node.ts";
import type { Change, Commit, Store, View } from "../store/types.ts";
import { isAssigned, isNews } from "./assigned.ts";
import {
  checkAddress,
  checkChallenge,
  checkDescription,
  checkHeld,
  checkNetworkId,
  checkOwnAddress,
  checkStatuses,
} from "./check-report.ts";
import { Descriptions } from "./descriptions.ts";
import { DEFAULT_LIVENESS, Liveness } from "./liveness.ts";
import { NetworkDispatch, type NetworkProgress } from "./network/network-dispatch.ts";
import { Outbox } from "./outbox.ts";
import { livenessOf, sessionInfo } from "./session-info.ts";
import { Writer } from "./writer.ts";

const SWEEP_MS = 200;
const HELLO_LIMIT_MS = 10_000;
const RETRY_MS = 200;
const MAX_QUEUED_STATUSES = 100_000;
/**
 * Statuses of a node that change texts or ports alone: a task's state changes a few times in its life, and these as often as an
 * agent likes. Each costs as many as its texts have times TEXT_COST_BYTES, and one more.
 */
const REPEATS = { burst: 4_096, everyMs: 10 } as const;
const TEXT_COST_BYTES = 256;

export type NodePeer = Extract<Peer, { kind: "node" }>;

export interface EpochOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  /** Every manager, the leader included. */
  readonly managers: () => readonly RaftMember[];
  /** What a session ends with when the leadership does. */
  readonly farewell: () => SkepError;
}

interface Session {
  readonly outbox: Outbox;
  /** That this is a manager, as the node asked for it in its hello. */
  proofs: readonly LeaderProof[];
  lastSentMs: number;
}

export class Epoch {
  readonly #options: EpochOptions;
  readonly #sessions = new Map<NodeId, Session>();
  readonly #streams = new Set<Outbox>();
  readonly #liveness: Liveness;
  /** From the first look at the store on. */
  #networks: NetworkDispatch | undefined;
  readonly #writer: Writer;
  readonly #descriptions: Descriptions;
  readonly #repeats = new TokenBuckets<NodeId>(REPEATS);
  readonly #prover = new LeaderProver();
  #managers = "";
  /** As the last commit has them. */
  #demoted: readonly DemotedNode[] = [];
  readonly #over = new AbortController();

  constructor(options: EpochOptions) {
    const { env, log, store } = options;
    this.#options = options;
    this.#liveness = new Liveness(DEFAULT_LIVENESS, env.nowMs());
    this.#writer = new Writer({
      env,
      log,
      store,
      signal: this.#over.signal,
      onStored: (node, update) => this.#sessions.get(node)?.outbox.stored(update),
    });
    this.#descriptions = new Descriptions({
      env,
      log,
      node: (id) => store.view((view) => view.get("node", id)),
      write: (id, said) => this.#writer.node(id, said),
    });
  }

  /** How far the nodes are with a network; undefined when there is no such network. */
  networkProgress(network: NetworkId): NetworkProgress | undefined {
    return this.#networks?.progress(network);
  }

  /** Sweeps, and hands commits to the sessions, until `signal` aborts; then ends every session. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#close();
    signal.addEventListener("abort", onAbort, { once: true });
    const sweeping = this.#sweep(signal);
    try {
      while (!signal.aborted) {
        await this.#follow(signal);
        // Fell behind, or the store was replaced by a snapshot: look at it anew.
        if (!signal.aborted) await this.#options.env.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    } finally {
      this.#close();
      await sweeping;
    }
  }

  // ------------------------------------------------------------------------------------------------------------ sessions

  /** One agent's stream. @throws {SkepError} why it ended, unless the agent ended it. */
  async *session(
    requests: AsyncIterable<AgentMessage>,
    peer: NodePeer,
    signal: AbortSignal,
  ): AsyncGenerator<DispatcherMessage> {
    const { env, store } = this.#options;
    const outbox = new Outbox(peer.nodeId, store.view);
    const session: Session = { outbox, proofs: [], lastSentMs: env.nowMs() };
    this.#streams.add(outbox);
    const onAbort = (): void => outbox.end();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    if (this.#over.signal.aborted) outbox.end(this.#options.farewell());
    const helloLimit = env.timer(HELLO_LIMIT_MS, () => {
      if (this.#sessions.get(peer.nodeId) !== session) {
        outbox.end(new SkepError("deadline_exceeded", `node ${peer.nodeId} opened a session and did not say hello`));
      }
    });
    void this.#read(requests, peer, session);
    try {
      while (outbox.ended === undefined) {
        const greeted = this.#sessions.get(peer.nodeId) === session;
        const message = greeted ? outbox.next() : undefined;
        if (message === undefined) await outbox.wait();
        else {
          session.lastSentMs = env.nowMs();
          yield message;
        }
      }
      if (outbox.ended.error !== undefined) throw outbox.ended.error;
    } finally {
      helloLimit.cancel();
      signal.removeEventListener("abort", onAbort);
      this.#streams.delete(outbox);
      outbox.end();
      this.#networks?.close(peer.nodeId, outbox);
      if (this.#sessions.get(peer.nodeId) === session) this.#sessions.delete(peer.nodeId);
    }
  }

  /** Never throws: what is wrong ends the stream. */
  async #read(requests: AsyncIterable<AgentMessage>, peer: NodePeer, session: Session): Promise<void> {
    try {
      for await (const { message } of requests) {
        if (session.outbox.ended !== undefined) return;
        if (message !== undefined) this.#receive(message, peer, session);
      }
      session.outbox.end();
    } catch (error) {
      session.outbox.end(SkepError.from(error));
    }
  }

  #receive(message: NonNullable<AgentMessage["message"]>, peer: NodePeer, session: Session): void {
    const { nodeId } = peer;
    const current = this.#sessions.get(nodeId) === session;
    if (!current && message.kind !== "hello") {
      throw new SkepError("failed_precondition", `node ${nodeId} must begin its session with hello`);
    }
    if (current && this.#liveness.heard(nodeId, this.#options.env.nowMs())) {
      this.#writer.node(nodeId, { state: "ready", message: "" });
    }
    switch (message.kind) {
      case "hello":
        checkAddress(message.addr);
        if (message.description !== undefined) checkDescription(message.description);
        checkChallenge(message.challenge);
        checkHeld(message.networks);
        this.#hello(peer, session, message);
        return;
      case "description":
        checkDescription(message);
        this.#descriptions.say(nodeId, { description: message });
        return;
      case "statuses":
        this.#report(nodeId, message);
        return;
      case "networkApplied":
        checkNetworkId(message.networkId);
        this.#networks?.applied(nodeId, message);
        return;
      case "networkResync":
        checkNetworkId(message.networkId);
        this.#networks?.resync(nodeId, message, this.#options.env.nowMs());
        return;
      case "beat":
        return;
      default:
        assertNever(message);
    }
  }

  #hello(peer: NodePeer, session: Session, { networks, challenge, addr, description }: AgentHello): void {
    const { env, log, store } = this.#options;
    const { nodeId, role } = peer;
    const info = store.view((view) => {
      if (view.get("node", nodeId) === undefined) return undefined;
      checkOwnAddress(view, nodeId, addr);
      session.proofs = this.#prover.prove(view.cluster(), "session", nodeId, challenge);
      return this.#info(view, nodeId, session);
    });
    if (info === undefined) {
      throw new SkepError(
        "not_found",
        `node ${nodeId} is not a member of this cluster: it was removed; make it leave, and join again`,
      );
    }
    if (this.#networks === undefined) throw new SkepError("unavailable", "this manager has only just begun to lead");
    const before = this.#sessions.get(nodeId);
    if (before !== undefined && before !== session) {
      log.info({ node: nodeId }, "a newer session of the node takes over");
      before.outbox.end(new SkepError("unavailable", `a newer session of node ${nodeId} has taken over`));
    }
    this.#sessions.set(nodeId, session);
    this.#liveness.heard(nodeId, env.nowMs());
    this.#writer.node(nodeId, { role, state: "ready", message: "" });
    this.#descriptions.say(nodeId, { addr, ...(description === undefined ? {} : { description }) });
    session.outbox.info(info);
    session.outbox.networks(this.#networks.open(nodeId, session.outbox, networks));
  }

  #info(view: View, nodeId: NodeId, { proofs }: Session): SessionInfo {
    const leadership = { liveness: this.#liveness.config, members: this.#options.managers(), demoted: this.#demoted };
    return sessionInfo(view, nodeId, leadership, proofs);
  }

  /** A node speaks for its own tasks only. */
  #report(nodeId: NodeId, { updates }: AgentStatuses): void {
    checkStatuses(updates);
    this.#options.store.view((view) => {
      for (const update of updates) {
        const task = view.get("task", update.taskId);
        // Tasks that are there bound the queue; what was removed, or never was, has to be bounded by number.
        if (task === undefined && this.#writer.queuedStatuses >= MAX_QUEUED_STATUSES) {
          throw new SkepError("resource_exhausted", "too many statuses of tasks that are not there wait to be written");
        }
        if (task !== undefined && task.nodeId !== nodeId) {
          throw new SkepError("permission_denied", `node ${nodeId} reported on task ${task.id}, which is not its own`);
        }
        // It is not acknowledged, so the agent says it again after a while, or what is true then.
        if (task !== undefined && this.#repeatsTooOften(nodeId, task, update)) continue;
        this.#writer.status(nodeId, update);
      }
    });
  }

  #repeatsTooOften(nodeId: NodeId, task: Task, { status }: TaskStatusUpdate): boolean {
    if (status === undefined || task.status?.state !== status.state || isTerminal(status.state)) return false;
    const cost = 1 + Math.floor((status.message.length + status.err.length) / TEXT_COST_BYTES);
    return this.#repeats.take(nodeId, this.#options.env.nowMs(), cost) > 0;
  }

  #close(): void {
    this.#over.abort();
    for (const outbox of this.#streams) outbox.end(this.#options.farewell());
  }

  // ------------------------------------------------------------------------------------------------------------ following

  async #follow(signal: AbortSignal): Promise<void> {
    const { log, store } = this.#options;
    try {
      const { commits } = store.viewAndWatch((view) => this.#lookAtAll(view), { signal });
      for (const session of this.#sessions.values()) session.outbox.refresh();
      this.#tellAll();
      for await (const commit of commits) this.#committed(commit);
    } catch (error) {
      log.info({ error: SkepError.from(error).message }, "the dispatcher looks at the store anew");
    }
  }

  #lookAtAll(view: View): void {
    const nowMs = this.#options.env.nowMs();
    this.#liveness.configure(livenessOf(view.cluster()?.spec));
    this.#demoted = demotedNodes(view);
    if (this.#networks === undefined) this.#networks = new NetworkDispatch(view);
    else this.#networks.restart(view);
    for (const node of view.all("node")) this.#liveness.track(node.id, node.status?.state ?? "unknown", nowMs);
    for (const node of this.#liveness.nodes()) if (view.get("node", node) === undefined) this.#nodeRemoved(node);
  }

  #committed(commit: Commit): void {
    const { version, changes } = commit;
    this.#networks?.commit(commit); // first: a task is sent after its networks
    for (const change of changes) {
      if (change.table === "task") this.#taskChanged(change, version);
      else if (change.table === "node") this.#nodeChanged(change);
      else if (change.table === "cluster") {
        this.#liveness.configure(livenessOf(change.object.spec));
        this.#tellAll();
      }
    }
  }

  #taskChanged(change: Extract<Change, { table: "task" }>, version: number): void {
    const { object: task } = change;
    const outbox = this.#sessions.get(task.nodeId)?.outbox;
    if (outbox === undefined) return;
    if (change.action === "remove") {
      if (isAssigned(task)) outbox.change(task.id, undefined, version);
    } else if (change.action === "create" ? isAssigned(task) : isNews(change.old, task)) {
      outbox.change(task.id, task, version);
    }
  }

  #nodeChanged(change: Extract<Change, { table: "node" }>): void {
    const { object: node } = change;
    if (change.action === "remove") {
      this.#nodeRemoved(node.id);
      return;
    }
    this.#liveness.track(node.id, node.status?.state ?? "unknown", this.#options.env.nowMs());
    if (change.action !== "update") return;
    if (change.old.demotedVersion !== node.demotedVersion) {
      this.#demoted = this.#options.store.view(demotedNodes);
      this.#tellAll();
    }
    if (change.old.spec?.role !== node.spec?.role || change.old.addr !== node.addr) this.#tell(node.id);
  }

  #nodeRemoved(node: NodeId): void {
    this.#liveness.forget(node);
    this.#descriptions.forget(node);
    this.#sessions.get(node)?.outbox.end(new SkepError("not_found", `node ${node} was removed from the cluster`));
  }

  #tell(node: NodeId): void {
    const session = this.#sessions.get(node);
    if (session !== undefined) session.outbox.info(this.#options.store.view((view) => this.#info(view, node, session)));
  }

  #tellAll(): void {
    for (const node of this.#sessions.keys()) this.#tell(node);
  }

  // -------------------------------------------------------------------------------------------------------------- beating

  async #sweep(signal: AbortSignal): Promise<void> {
    const { env, log } = this.#options;
    while (!signal.aborted) {
      await env.sleep(SWEEP_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#sweepOnce(env.nowMs());
      } catch (error) {
        // Without the next sweep nobody would be found silent any more.
        log.error({ error: SkepError.from(error).message }, "could not look after the sessions; trying again");
      }
    }
  }

  #sweepOnce(nowMs: number): void {
    const { log, managers } = this.#options;
    for (const { node, state, silentMs } of this.#liveness.sweep(nowMs, SWEEP_MS)) {
      log.warn({ node, state, silentMs: Math.round(silentMs) }, "a node is silent");
      const message = state === "down" ? "heartbeat failure" : "missed heartbeats";
      this.#writer.node(node, { state, message });
    }
    this.#networks?.sweep(nowMs);
    this.#descriptions.sweep();
    const { heartbeatPeriodMs } = this.#liveness.config;
    for (const session of this.#sessions.values()) {
      if (nowMs - session.lastSentMs > heartbeatPeriodMs - SWEEP_MS) session.outbox.beat();
    }
    const list = managers()
      .map(({ nodeId, addr }) => `${nodeId}=${addr}`)
      .join(" ");
    if (list === this.#managers) return;
    this.#managers = list;
    this.#tellAll();
  }
}
