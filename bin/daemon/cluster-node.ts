// This host as a node of a cluster: its port, its identity, its agent, and the manager half where the role says so. What it
// answers is looked up at each call, because the manager half comes and goes while the port stays.

import { type Agent, createAgent } from "../../agent/agent.ts";
import { grpcConnect } from "../../agent/session/grpc-connect.ts";
import type { RaftMember } from "../../manager/raft/raft-node.ts";
import { AgentService } from "../../proto/gen/agent.ts";
import { CAService } from "../../proto/gen/ca.ts";
import { ControlService } from "../../proto/gen/control.ts";
import { DispatcherService, type SessionInfo } from "../../proto/gen/dispatcher.ts";
import { type Cluster, type NodeDescription, type NodeRole, newTLSInfo } from "../../proto/gen/objects.ts";
import { newJoinRaftRequest, newLeaveRaftRequest, RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { createIdentityHolder, type Identity, type IdentityHolder } from "../../shared/pki/identity.ts";
import { parseAddress } from "../../shared/rpc/address.ts";
import { authorizeByRole } from "../../shared/rpc/authorize.ts";
import { unary } from "../../shared/rpc/client.ts";
import { createDialer, type Dialer } from "../../shared/rpc/dialer.ts";
import type { Trust } from "../../shared/rpc/peer-proof.ts";
import { addService, type Handlers } from "../../shared/rpc/server.ts";
import { switchable } from "../../shared/rpc/switchable.ts";
import { createTlsServer, type NodeServer } from "../../shared/rpc/tls-server.ts";
import { plainReason } from "./enroll.ts";
import type { KeyStore } from "./key-store.ts";
import type { ManagerPart, ManagerStart } from "./manager-part.ts";
import { createRenewal, type Renewal } from "./renewal.ts";
import type { RuntimeHolder } from "./runtime-holder.ts";
import type { NodeState, StateDir } from "./state-dir.ts";

const JOIN_RAFT_TIMEOUT_MS = 15_000;
const CLOSE_GRACE_MS = 500;
/** Role changes wake the loop; this is for the case that one was missed. */
const ROLE_LOOK_MS = 60_000;
const LONGEST_ROLE_RETRY_MS = 15_000;

export interface ClusterNodeOptions {
  readonly env: Env;
  readonly log: Log;
  readonly dir: StateDir;
  readonly runtime: RuntimeHolder;
  readonly describe: () => NodeDescription;
  readonly insecureRegistries: readonly string[];
  /** host:port of managers to ask beside those that are remembered. */
  readonly seeds: readonly string[];
  readonly state: NodeState;
  readonly identity: Identity;
  /** How `identity` lies on the disk. */
  readonly keys: KeyStore;
}

export type NodeStart =
  /** First manager of a new cluster. */
  | { readonly kind: "bootstrap"; readonly start: Extract<ManagerStart, { readonly kind: "bootstrap" }> }
  /** A node that was none before: as a manager it joins the others now, or fails. */
  | { readonly kind: "join" }
  /** After a restart. What it cannot do at once it tries until it can. */
  | { readonly kind: "resume" };

const tlsOf = ({ issuer, trustRoots }: Identity): Pick<Identity, "issuer" | "trustRoots"> => ({ issuer, trustRoots });

export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #log: Log;
  readonly #holder: IdentityHolder;
  readonly #dialer: Dialer;
  readonly #server: NodeServer;
  readonly #renewal: Renewal;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>[] = [];
  #state: NodeState;
  /** Nodes that the cluster has removed, as the last session told. */
  #removed: ReadonlySet<NodeId>;
  #saved: Promise<void> = Promise.resolve();
  #manager: ManagerPart | undefined;
  #agent: Agent | undefined;
  /** Aborted, and made anew, at each replacement of the certificate. */
  #roleChanged = new AbortController();
  #problem = "";
  #agentProblem = "";
  /** Why the cluster does not know this node any more; empty while it does. */
  #turnedAway = "";

  constructor(options: ClusterNodeOptions) {
    const { env, identity, state } = options;
    this.#options = options;
    this.#log = options.log;
    this.#state = state;
    this.#removed = new Set(state.removed);
    this.#holder = createIdentityHolder(identity);
    this.#dialer = createDialer(this.#holder);
    const trust: Trust = {
      clusterId: state.clusterId,
      isRemoved: (nodeId) => this.#removed.has(nodeId) || this.#manager?.isRemoved(nodeId) === true,
      wallMs: env.wallMs,
    };
    this.#server = createTlsServer({
      env,
      log: this.#log,
      identity: this.#holder,
      trust,
      listen: parseAddress("listen address", state.listenAddr),
    });
    this.#serve();
    this.#renewal = createRenewal({
      env,
      log: this.#log,
      identity: this.#holder,
      managers: () => this.#state.managers,
      dial: this.#dialer.manager,
      save: (next) => options.keys.save(next),
    });
  }

  get state(): NodeState {
    return this.#state;
  }
  get identity(): Identity {
    return this.#holder.current();
  }
  get keys(): KeyStore {
    return this.#options.keys;
  }
  get manager(): ManagerPart | undefined {
    return this.#manager;
  }
  get agent(): Agent | undefined {
    return this.#agent;
  }
  /** What keeps the node from doing its part; empty when nothing does. */
  get problem(): string {
    if (this.#turnedAway !== "") return this.#turnedAway;
    if (this.#problem !== "") return this.#problem;
    if (this.#agentProblem !== "") return this.#agentProblem;
    if (this.#agent === undefined) return this.#options.runtime.problem();
    if (this.#manager?.raft.status().state === "removed") {
      return "the managers have taken this one out of their group: it becomes a worker as soon as it reaches them";
    }
    const connection = this.#agent.connection();
    return connection.kind === "searching" && connection.error !== "" ? `no manager: ${connection.error}` : "";
  }

  /** This node was removed from its cluster, which refuses it: words, or empty. */
  get turnedAway(): string {
    return this.#turnedAway;
  }

  /** @throws {SkepError} why it cannot start; nothing is left running then. */
  async start(how: NodeStart, signal: AbortSignal): Promise<void> {
    try {
      await this.#server.listen();
      if (how.kind === "bootstrap") await this.#startManager(how.start);
      else if (how.kind === "join" && this.identity.role === "manager") await this.#joinManagers(signal);
      else if (this.#state.raft !== undefined) {
        await this.#startManager({ kind: "restart", raftId: this.#state.raft.raftId });
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#holder.onReplace(() => this.#roleChanged.abort());
    this.#run("role", this.#followRole(this.#abort.signal));
    this.#run("renewal", this.#renewal.run(this.#abort.signal));
    this.#run("agent", this.#keepAgent(this.#abort.signal));
  }

  /** Containers live on. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort(new SkepError("canceled", "the node stops"));
    await this.#manager?.stop();
    await this.#server.close(CLOSE_GRACE_MS);
    await Promise.all(this.#running);
    await this.#manager?.stop(); // one that was starting meanwhile
    this.#dialer.close();
    await this.#saved.catch(() => undefined);
  }

  /** Asks one manager after the other until one can be reached. */
  async askManagers<T>(
    ask: (client: ReturnType<Dialer["manager"]>) => Promise<T>,
    addrs: readonly string[] = this.#state.managers,
  ): Promise<T> {
    const failures: string[] = [];
    for (const addr of addrs) {
      try {
        return await ask(this.#dialer.manager(addr));
      } catch (cause) {
        const error = SkepError.from(cause);
        if (error.code !== "unavailable" && error.code !== "deadline_exceeded") throw error;
        failures.push(`${addr}: ${plainReason(error)}`);
      }
    }
    throw new SkepError("unavailable", `no manager answers: ${failures.join("; ")}`);
  }

  // ---------------------------------------------------------------------------------------------------------- the port

  #serve(): void {
    const { grpc, resolvePeer } = this.#server;
    const manager = (): ManagerPart["handlers"] => this.#requireManager().handlers;
    const agent = (): Handlers<typeof AgentService> => {
      if (this.#agent !== undefined) return this.#agent.handlers;
      throw new SkepError("unavailable", `the agent is not running: ${this.problem || "it is starting"}`);
    };
    addService(
      grpc,
      CAService,
      switchable(CAService, () => manager().ca),
      resolvePeer,
      authorizeByRole,
    );
    addService(
      grpc,
      ControlService,
      switchable(ControlService, () => manager().control),
      resolvePeer,
      authorizeByRole,
    );
    addService(
      grpc,
      RaftService,
      switchable(RaftService, () => manager().raft),
      resolvePeer,
      authorizeByRole,
    );
    addService(grpc, AgentService, switchable(AgentService, agent), resolvePeer, authorizeByRole);
    addService(
      grpc,
      DispatcherService,
      switchable(DispatcherService, () => manager().dispatcher),
      resolvePeer,
      authorizeByRole,
    );
  }

  #requireManager(): ManagerPart {
    if (this.#manager !== undefined) return this.#manager;
    throw new SkepError(
      "unavailable",
      this.identity.role === "manager" ? "this manager is starting" : `node ${this.#state.nodeId} is not a manager`,
    );
  }

  // --------------------------------------------------------------------------------------------------------- the halves

  async #startManager(start: ManagerStart): Promise<void> {
    const { startManager } = await import("./manager-part.ts");
    this.#manager = await startManager({
      env: this.#options.env,
      log: this.#log,
      dir: this.#options.dir.raftDir,
      nodeId: this.#state.nodeId,
      addr: this.#state.addr,
      dialer: this.#dialer,
      insecureRegistries: this.#options.insecureRegistries,
      start,
      sealer: await this.#options.keys.sealer(),
      onCluster: (cluster) => this.#protectKeys(cluster),
      onRemovals: () => this.#server.dropRemoved(),
      seeds: () => [...this.#options.seeds, ...this.#state.managers],
      onTurnedAway: (message) => this.#wasTurnedAway(message),
    });
  }

  async #joinManagers(signal: AbortSignal): Promise<void> {
    // What a crash between joining and remembering it left: each join gives a new raft id, for an empty log.
    await this.#options.dir.wipeRaft();
    const joined = await this.#joinRaft(signal);
    try {
      await this.#startManager({ kind: "join", ...joined });
    } catch (error) {
      await this.#leaveRaft(); // a member that never runs would cost the others their quorum
      throw error;
    }
    this.#save({ ...this.#state, raft: { raftId: joined.raftId } });
    await this.#saved;
    await this.#manager?.receiveState(signal); // the leader sends it to the port, which answers for the manager by now
  }

  async #joinRaft(signal: AbortSignal): Promise<{ readonly raftId: number; readonly members: readonly RaftMember[] }> {
    const { nodeId, addr } = this.#state;
    const joined = await this.askManagers((client) =>
      unary(client, RaftService.joinRaft, newJoinRaftRequest({ nodeId, addr }), {
        signal,
        timeoutMs: JOIN_RAFT_TIMEOUT_MS,
      }),
    );
    const members = joined.members.map((member) => ({
      raftId: member.raftId,
      addr: member.addr,
      nodeId: member.nodeId,
    }));
    return { raftId: joined.raftId, members };
  }

  async #leaveRaft(): Promise<void> {
    const request = newLeaveRaftRequest({ nodeId: this.#state.nodeId });
    try {
      await this.askManagers((client) =>
        unary(client, RaftService.leaveRaft, request, { timeoutMs: JOIN_RAFT_TIMEOUT_MS }),
      );
    } catch (error) {
      this.#log.warn({ error: SkepError.from(error).message }, "cannot undo joining the managers");
    }
  }

  /** A folder that cannot be used (a full disk, a wrong mount) may be mended: the node is of no use without its agent. */
  async #keepAgent(signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await this.#runAgent(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#agentProblem = `the agent cannot run: ${SkepError.from(error).message}`;
        this.#log.error({ error, failures }, "the agent cannot run; trying again");
        const pauseMs = Math.min(LONGEST_ROLE_RETRY_MS, 500 * 2 ** Math.min(failures, 10));
        await this.#options.env.sleep(pauseMs, signal).catch(() => undefined);
      }
    }
  }

  async #runAgent(signal: AbortSignal): Promise<void> {
    const { env, dir, runtime, describe } = this.#options;
    const agent = await createAgent({
      env,
      log: this.#log.child({ room: "agent" }),
      nodeId: this.#state.nodeId,
      runtime: await runtime.wait(signal),
      dir: dir.agentDir,
      connect: grpcConnect(this.#dialer.manager),
      managers: this.#knownManagers(),
      addr: () => this.#newAddr() ?? "",
      description: () => ({ ...describe(), tls: newTLSInfo(tlsOf(this.identity)) }),
      onSession: (info) => this.#onSession(info),
      onConnection: (state) => {
        if (state.kind === "connected") this.#turnedAway = "";
        else if (state.turnedAway === true) this.#wasTurnedAway(state.error);
      },
    });
    if (signal.aborted) return;
    this.#agent = agent;
    this.#agentProblem = "";
    const unwatch = this.#holder.onReplace(() => agent.describe());
    try {
      await agent.run(signal);
    } finally {
      unwatch();
      if (!signal.aborted) this.#agent = undefined;
    }
  }

  #run(name: string, work: Promise<void>): void {
    const done = work.catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      this.#problem = `${name}: ${SkepError.from(error).message}`;
      this.#log.error({ error }, `the ${name} of this node failed`);
    });
    this.#running.push(done);
  }

  // ------------------------------------------------------------------------------------------------- what others tell us

  #onSession(info: SessionInfo): void {
    const managers = info.managers.filter((addr) => addr !== "");
    if (managers.length > 0 && managers.join() !== this.#state.managers.join()) {
      this.#save({ ...this.#state, managers });
    }
    this.#heardAddr(info.addr);
    this.#setRemoved(info.blacklistedCertificates.map(({ nodeId }) => nodeId));
    this.#renewal.want({
      role: info.role,
      issuer: info.issuingRoot,
      rootsPem: Buffer.from(info.trustRoots).toString(),
    });
  }

  /** Where this node answers, as long as the cluster does not know it. */
  #newAddr(): string | undefined {
    const { addr, toldAddr = addr } = this.#state;
    return addr === toldAddr ? undefined : addr;
  }

  /** What the cluster has is taken for ours, unless ours is news to it: that it has just been told. */
  #heardAddr(addr: string): void {
    if (addr === "" || addr === (this.#state.toldAddr ?? this.#state.addr)) return;
    if (addr === this.#state.addr) {
      this.#save({ ...this.#state, toldAddr: addr });
    } else if (this.#newAddr() === undefined) {
      this.#log.info(
        { addr, before: this.#state.addr },
        "the cluster reaches this node at another address from now on",
      );
      this.#save({ ...this.#state, addr, toldAddr: addr, advertise: addr });
      this.#manager?.setAddr(addr);
    }
  }

  #knownManagers(): readonly string[] {
    const { managers, addr } = this.#state;
    const own = this.identity.role === "manager" ? [addr] : [];
    return [...new Set([...managers, ...own, ...this.#options.seeds])];
  }

  #wasTurnedAway(why: string): void {
    if (this.#turnedAway !== "") return;
    this.#turnedAway = `this node was removed from its cluster (${why}): "skep swarm leave --force" makes it forget the cluster; then it can join again as a new node, with a token`;
    this.#log.error({ why }, this.#turnedAway);
    // Nobody listens to it any more; its log stays until it leaves.
    this.#manager?.raft.stop().catch((error: unknown) => this.#log.error({ error }, "cannot stop the raft member"));
  }

  #setRemoved(nodeIds: readonly NodeId[]): void {
    const removed = new Set(nodeIds);
    if (removed.size === this.#removed.size && nodeIds.every((nodeId) => this.#removed.has(nodeId))) return;
    this.#removed = removed;
    this.#save({ ...this.#state, removed: nodeIds });
    this.#server.dropRemoved();
  }

  /** Managers lie on the disk as the cluster says: sealed with its unlock key, or open. */
  #protectKeys({ unlockKey, meta }: Cluster): void {
    this.#options.keys
      .protect(unlockKey.length === 0 ? undefined : unlockKey, meta?.version ?? 0)
      .catch((error: unknown) => this.#log.error({ error }, "cannot write this node's keys as the cluster wants them"));
  }

  /** Makes the manager half come and go as the certificate says; tries again what fails. */
  async #followRole(signal: AbortSignal): Promise<void> {
    const { env } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const { role } = this.identity;
      try {
        if ((role === "manager") !== (this.#manager !== undefined)) await this.#become(role, signal);
        failures = 0;
        this.#problem = "";
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#problem = `cannot become a ${role}: ${SkepError.from(error).message}`;
        this.#log.error({ error, role }, "cannot take the node's new role; trying again");
      }
      const pauseMs =
        failures === 0 ? ROLE_LOOK_MS : Math.min(LONGEST_ROLE_RETRY_MS, 500 * 2 ** Math.min(failures, 10));
      await env.sleep(pauseMs, AbortSignal.any([signal, this.#roleChanged.signal])).catch(() => undefined);
      if (this.#roleChanged.signal.aborted) this.#roleChanged = new AbortController();
    }
  }

  async #become(role: NodeRole, signal: AbortSignal): Promise<void> {
    if (role === "manager") {
      await this.#joinManagers(signal);
    } else {
      const manager = this.#manager;
      this.#manager = undefined;
      await manager?.stop();
      this.#save({ ...this.#state, raft: undefined });
      await this.#saved;
      await this.#options.keys.forgetManager();
      await this.#options.dir.wipeRaft();
    }
    this.#log.info({ role }, "the node has a new role");
  }

  #save(state: NodeState): void {
    this.#state = state;
    this.#saved = this.#saved
      .catch(() => undefined)
      .then(() => this.#options.dir.writeNode(state))
      .catch((error: unknown) => this.#log.error({ error }, "cannot write the node's state"));
  }
}
