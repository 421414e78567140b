// This host as a node of a cluster: its port, its identity, its agent, and the manager half where the role says so. The parts
// are in node/; here is how they come, go and hear of one another.
import type * as grpc from "@grpc/grpc-js";
import type { Agent, AgentOptions } from "../../agent/agent.ts";
import { readListening } from "../../agent/network/listening.ts";
import type { OpenNetworkRoom } from "../../agent/network/room.ts";
import { grpcConnect } from "../../agent/session/grpc-connect.ts";
import type { AgentService } from "../../proto/gen/agent.ts";
import type { LeaderProof, SessionInfo } from "../../proto/gen/dispatcher.ts";
import { type NodeDescription, type NodeRole, newTLSInfo } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { createIdentityHolder, type Identity, type IdentityHolder } from "../../shared/pki/identity.ts";
import { isProven, newChallenge, type ProofPurpose } from "../../shared/pki/leader-proof.ts";
import { parseAddress } from "../../shared/rpc/address.ts";
import { createDialer, type Dialer } from "../../shared/rpc/dialer.ts";
import type { Trust } from "../../shared/rpc/peer-proof.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { createTlsServer, type NodeServer } from "../../shared/rpc/tls-server.ts";
import type { KeyStore } from "./key-store.ts";
import type { ManagerPart, ManagerStart } from "./manager-part.ts";
import { AgentKeeper } from "./node/agent-keeper.ts";
import { KeyFollower } from "./node/key-follower.ts";
import { askManagers, joinRaft, leaveRaft } from "./node/managers.ts";
import { NodeMemory } from "./node/memory.ts";
import { servePort } from "./node/port.ts";
import { followRole } from "./node/role-follower.ts";
import { createRenewal, type Renewal } from "./renewal.ts";
import type { RuntimeHolder } from "./runtime-holder.ts";
import type { NodeState, StateDir } from "./state-dir.ts";

const CLOSE_GRACE_MS = 500;
/** A node that has had no session for so long cannot tell managers from those that were. */
const INFORMED_FOR_MS = 5 * 60_000;

export interface ClusterNodeOptions {
  readonly env: Env;
  readonly log: Log;
  readonly dir: StateDir;
  readonly runtime: RuntimeHolder;
  readonly openNetworks?: ((nodeId: NodeId) => OpenNetworkRoom) | undefined;
  readonly describe: (state: NodeState) => NodeDescription;
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
  readonly #memory: NodeMemory;
  readonly #holder: IdentityHolder;
  readonly #dialer: Dialer;
  readonly #server: NodeServer;
  readonly #renewal: Renewal;
  readonly #agents: AgentKeeper;
  readonly #keyFollower: KeyFollower;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>[] = [];
  #manager: ManagerPart | undefined;
  /** It was a manager, and was kept from letting go of all that was the manager's: its log holds the cluster's secrets. */
  #hasLeftovers = false;
  #problem = "";
  #inSession = false;
  /** Env.nowMs; undefined before the first session. */
  #leftSessionAtMs: number | undefined;
  /** Why the cluster does not know this node any more; empty while it does. */
  #turnedAway = "";

  constructor(options: ClusterNodeOptions) {
    const { env, log, dir, identity, state, runtime } = options;
    this.#options = options;
    this.#log = log;
    this.#memory = new NodeMemory(dir, log, state);
    this.#holder = createIdentityHolder(identity);
    const isRemoved: Trust["isRemoved"] = (nodeId) =>
      this.#memory.isRemoved(nodeId) || this.#manager?.isRemoved(nodeId) === true;
    // A manager that was away, or has just joined, may know less than its agent has heard.
    // It trusts itself: one that goes on alone by its user's word may have a certificate that is void, and gets a new one from itself.
    const isDemoted: Trust["isDemoted"] = (nodeId, issuedVersion) =>
      nodeId !== state.nodeId &&
      (this.#manager?.isDemoted(nodeId, issuedVersion) === true || this.#memory.isDemoted(nodeId, issuedVersion));
    this.#dialer = createDialer(this.#holder, { isRemoved, isDemoted });
    const trust: Trust = {
      clusterId: state.clusterId,
      isRemoved,
      isDemoted,
      knowsManagers: () => this.#manager !== undefined || this.#isInformed(),
      wallMs: env.wallMs,
    };
    const listen = parseAddress("listen address", state.listenAddr);
    this.#server = createTlsServer({ env, log, identity: this.#holder, trust, listen });
    servePort(this.#server, {
      manager: () => this.#requireManager(),
      agent: () => this.#requireAgent(),
    });
    this.#renewal = createRenewal({
      env,
      log,
      identity: this.#holder,
      managers: () => this.state.managers,
      dial: this.#dialer.manager,
      save: (next) => options.keys.save(next),
    });
    this.#keyFollower = new KeyFollower({
      env,
      log,
      keys: options.keys,
      onProtected: (layOpen) => {
        if (layOpen) this.#renewal.renewNow();
        void this.#replaceLogKeys();
      },
      signal: this.#abort.signal,
    });
    this.#agents = new AgentKeeper({
      env,
      log,
      runtime,
      identity: this.#holder,
      agent: () => this.#agentOptions(),
    });
  }

  get state(): NodeState {
    return this.#memory.state;
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
    return this.#agents.agent;
  }
  /** What keeps the node from doing its part; empty when nothing does. */
  get problem(): string {
    const found = this.#turnedAway || this.#problem || this.#agents.problem;
    if (found !== "") return found;
    if (this.agent === undefined) return this.#options.runtime.problem();
    if (this.#manager?.raft.status().state === "removed") {
      return "the managers have taken this one out of their group: it becomes a worker as soon as it reaches them";
    }
    const connection = this.agent.connection();
    if (connection.kind === "searching" && connection.error !== "") return `no manager: ${connection.error}`;
    return this.agent.problem();
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
      else if (this.state.raft !== undefined) await this.#restartManager(this.state.raft.raftId);
      else if (this.identity.role === "worker") this.#hasLeftovers = await this.#options.dir.hasRaft();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { signal: stopped } = this.#abort;
    const { env } = this.#options;
    const role = {
      env,
      log: this.#log,
      identity: this.#holder,
      present: () => this.#presentRole(),
      become: (role: NodeRole, signal: AbortSignal) => this.#become(role, signal),
      onProblem: (problem: string) => {
        this.#problem = problem;
      },
    };
    this.#run("role", followRole(role, stopped));
    this.#run("renewal", this.#renewal.run(stopped));
    this.#run("agent", this.#agents.run(stopped));
  }

  /** Containers live on. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort(new SkepError("canceled", "the node stops"));
    await this.#manager?.stop();
    await this.#server.close(CLOSE_GRACE_MS);
    await Promise.all(this.#running);
    await this.#manager?.stop(); // one that was starting meanwhile
    this.#dialer.close();
    await this.#memory.written();
  }

  /** Asks one manager after the other until one can be reached. @throws as askManagers of node/managers.ts. */
  askManagers<T>(ask: (client: grpc.Client) => Promise<T>, addrs: readonly string[] = this.state.managers): Promise<T> {
    return askManagers(addrs, this.#dialer.manager, ask);
  }

  /** Asks the manager that this node has a session with. @throws {SkepError} `unavailable`: there is none now. */
  async askLeader<T>(ask: (client: grpc.Client) => Promise<T>): Promise<T> {
    const connection = this.agent?.connection();
    if (connection?.kind === "connected") return await ask(this.#dialer.manager(connection.addr));
    throw new SkepError("unavailable", "this node has no session with a manager now");
  }

  // --------------------------------------------------------------------------------------------------------- the halves

  #requireManager(): ManagerPart {
    if (this.#manager !== undefined) return this.#manager;
    throw new SkepError(
      "unavailable",
      this.identity.role === "manager" ? "this manager is starting" : `node ${this.state.nodeId} is not a manager`,
    );
  }

  #requireAgent(): Handlers<typeof AgentService> {
    if (this.agent !== undefined) return this.agent.handlers;
    throw new SkepError("unavailable", `the agent is not running: ${this.problem || "it is starting"}`);
  }

  async #startManager(start: ManagerStart): Promise<void> {
    const { startManager } = await import("./manager-part.ts");
    this.#manager = await startManager({
      env: this.#options.env,
      log: this.#log,
      dir: this.#options.dir.raftDir,
      nodeId: this.state.nodeId,
      addr: this.state.addr,
      dialer: this.#dialer,
      insecureRegistries: this.#options.insecureRegistries,
      start,
      sealer: await this.keys.sealer(),
      onCluster: (cluster) => this.#keyFollower.follow(cluster),
      onMistrust: () => this.#server.dropMistrusted(),
      seeds: () => [...this.#options.seeds, ...this.state.managers],
      onTurnedAway: (message) => this.#wasTurnedAway(message),
    });
    void this.#replaceLogKeys(); // what a crash cut short
  }

  /** The log is made before its member's id is written down: after a crash, or a full disk, in between the log is right. */
  async #restartManager(remembered: number): Promise<void> {
    await this.#startManager({ kind: "restart" });
    const { raftId } = this.#requireManager().raft.status();
    if (raftId !== remembered) this.#memory.remember({ raft: { raftId } });
  }

  async #joinManagers(signal: AbortSignal): Promise<void> {
    const ask = <T>(question: (client: grpc.Client) => Promise<T>): Promise<T> => this.askManagers(question);
    const joined = await joinRaft(ask, this.state, signal);
    // Each join gives a new raft id, for an empty log. What is there is of an id that the managers have just taken out.
    await this.#options.dir.wipeRaft();
    try {
      await this.#startManager({ kind: "join", ...joined });
    } catch (error) {
      // A member that never runs would cost the others their quorum.
      await leaveRaft(ask, this.state.nodeId).catch((error: unknown) =>
        this.#log.warn({ error: SkepError.from(error).message }, "cannot undo joining the managers"),
      );
      throw error;
    }
    this.#memory.remember({ raft: { raftId: joined.raftId } });
    await this.#memory.written();
    await this.#manager?.receiveState(signal); // the leader sends it to the port, which answers for the manager by now
  }

  #presentRole(): NodeRole | undefined {
    if (this.#manager === undefined) return this.#hasLeftovers ? undefined : "worker";
    const { state, lostEntries } = this.#manager.raft.status();
    return state === "removed" || lostEntries === true ? undefined : "manager";
  }

  async #become(role: NodeRole, signal: AbortSignal): Promise<void> {
    const manager = this.#manager;
    this.#manager = undefined;
    this.#hasLeftovers = true;
    await manager?.stop();
    this.#keyFollower.forget();
    // Whatever its log holds, this node does not speak for that member again, also when it is stopped in between.
    this.#memory.remember({ raft: undefined });
    await this.#memory.written();
    if (role === "manager") return await this.#joinManagers(signal);
    await this.keys.forgetManager();
    await this.#options.dir.wipeRaft();
    this.#hasLeftovers = false;
  }

  #agentOptions(): Omit<AgentOptions, "runtime"> {
    const { env, dir, describe, seeds, openNetworks } = this.#options;
    const { nodeId, managers, addr } = this.state;
    const own = this.identity.role === "manager" ? [addr] : [];
    return {
      env,
      log: this.#log.child({ room: "agent" }),
      nodeId,
      dir: dir.agentDir,
      ...(openNetworks === undefined ? {} : { openNetworks: openNetworks(nodeId), readListening }),
      connect: grpcConnect(this.#dialer.manager),
      managers: [...new Set([...managers, ...own, ...seeds])],
      leaders: { newChallenge, isProven: (...asked) => this.#isProven(...asked) },
      addr: () => this.#memory.newAddr() ?? "",
      description: () => ({ ...describe(this.state), tls: newTLSInfo(tlsOf(this.identity)) }),
      onSession: (info) => this.#onSession(info),
      onConnection: (state) => {
        if (state.kind === "connected") this.#inSession = true;
        else if (this.#inSession) {
          this.#inSession = false;
          this.#leftSessionAtMs = env.nowMs();
        }
        if (state.kind === "connected") this.#turnedAway = "";
        else if (state.turnedAway === true) this.#wasTurnedAway(state.error);
      },
    };
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

  /** Is what it has heard of managers true, or was it minutes ago? */
  #isInformed(): boolean {
    const leftAtMs = this.#leftSessionAtMs;
    return this.#inSession || (leftAtMs !== undefined && this.#options.env.nowMs() - leftAtMs < INFORMED_FOR_MS);
  }

  /**
   * Does who leads this node, or names managers to it, prove that it is a manager now? Managers of an older version cannot, and
   * are believed until one has.
   */
  #isProven(purpose: ProofPurpose, challenge: Uint8Array, proofs: readonly LeaderProof[]): boolean {
    const { clusterId, nodeId, leadersProve } = this.state;
    if (isProven({ purpose, clusterId, nodeId, challenge }, proofs, this.identity.rootPem)) {
      if (leadersProve !== true) this.#memory.remember({ leadersProve: true });
      return true;
    }
    return leadersProve !== true && proofs.length === 0;
  }

  #onSession(info: SessionInfo): void {
    this.#memory.hearManagers(info.managers);
    const addr = this.#memory.hearAddr(info.addr);
    if (addr !== undefined) this.#manager?.setAddr(addr);
    const removed = info.blacklistedCertificates.map(({ nodeId }) => nodeId);
    const fewerTrusted = [
      this.#memory.hearManagerIds(info.managerIds),
      this.#memory.hearRemoved(removed),
      this.#memory.hearDemoted(info.demoted),
    ];
    if (fewerTrusted.includes(true)) this.#server.dropMistrusted();
    this.#renewal.want({
      role: info.role,
      issuer: info.issuingRoot,
      minVersion: info.certificateMinVersion,
      rootsPem: Buffer.from(info.trustRoots).toString(),
    });
  }

  #wasTurnedAway(why: string): void {
    if (this.#turnedAway !== "") return;
    this.#turnedAway = `this node was removed from its cluster (${why}): "skep swarm leave --force" makes it forget the cluster; then it can join again as a new node, with a token`;
    this.#log.error({ why }, this.#turnedAway);
    // It is a word of one node, which may be no manager any more itself: a session with who proves that he is one takes it back. So
    // its member of the Raft group goes on; where the word is true nobody listens to it, and its log stays until it leaves.
  }

  /** Has the log written anew, where some of it may be sealed with a key that somebody has read. */
  async #replaceLogKeys(): Promise<void> {
    const former = this.keys.formerLogKeys();
    if (former.length === 0 || this.#manager === undefined) return;
    try {
      await this.#manager.rewriteLog();
      await this.keys.forgetLogKeys(former);
      this.#log.info({}, "the log is sealed with another key: the one before lay open");
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#log.warn({ error: SkepError.from(error).message }, "the log is still sealed with a key that lay open");
    }
  }
}
