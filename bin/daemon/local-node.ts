// The daemon's own life: in no cluster, in one, or between. It answers the local socket; init, join and leave come one at a
// time, and each either happens whole or leaves the host as it was.
//
//   inactive ──init/join──▶ active ──leave──▶ inactive
//      at start, from disk ─▶ active, or failed with the reason (from there only `leave --force` leads on)
import { type ControlService as ControlMethods, ControlService } from "../../proto/gen/control.ts";
import {
  type InfoResponse,
  type InitRequest,
  type InitResponse,
  type JoinRequest,
  type JoinResponse,
  type LeaveRequest,
  type LocalNodeState,
  type LocalService,
  newInfoResponse,
  newInitResponse,
  newJoinResponse,
  newLeaveResponse,
  newLoadImageResponse,
  newRestoreResponse,
  newUnlockResponse,
  type RestoreRequest,
  type RestoreResponse,
  type UnlockRequest,
} from "../../proto/gen/local.ts";
import type { NodeDescription } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { type ClusterId, type NodeId, newId } from "../../shared/model/ids.ts";
import { type Identity, openIdentity } from "../../shared/pki/identity.ts";
import { issueNodeCertificate, newRootAuthority } from "../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../shared/pki/keys.ts";
import { formatUnlockKey, parseUnlockKey } from "../../shared/pki/unlock-key.ts";
import { type Address, formatAddress, parseAddress } from "../../shared/rpc/address.ts";
import { ListenError } from "../../shared/rpc/listen.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { switchable } from "../../shared/rpc/switchable.ts";
import { VERSION } from "../../shared/version.ts";
import { chooseAdvertiseAddr, type Interfaces } from "./advertise.ts";
import type { ClusterNode, ClusterNodeOptions } from "./cluster-node.ts";
import { describeHost } from "./describe.ts";
import { enroll } from "./enroll.ts";
import { createKeyStore, type KeyStore } from "./key-store.ts";
import { leaveCluster } from "./leave.ts";
import type { NodeFiles, SealedIdentity, StoredIdentity } from "./node-pem.ts";
import type { RuntimeHolder } from "./runtime-holder.ts";
import type { NodeState, StateDir } from "./state-dir.ts";

export interface LocalNodeOptions {
  readonly env: Env;
  readonly log: Log;
  readonly dir: StateDir;
  readonly dataDir: string;
  readonly runtime: RuntimeHolder;
  readonly listen: Address;
  readonly labels: Readonly<Record<string, string>>;
  readonly insecureRegistries: readonly string[];
  readonly interfaces: () => Interfaces;
  /** Where others reach this node from now on, for a node that is one already; undefined: as it said before. */
  readonly advertise?: string | undefined;
  /** host:port of managers to ask beside those that the node remembers. */
  readonly seeds?: readonly string[];
}

type Life =
  | { readonly kind: "inactive" }
  | { readonly kind: "changing"; readonly doing: string }
  | { readonly kind: "active"; readonly node: ClusterNode }
  /** Its keys are sealed: it does nothing before somebody brings the unlock key. Containers live on. */
  | { readonly kind: "locked"; readonly state: NodeState; readonly stored: SealedIdentity }
  /** `canJoin`: nothing of it is of use any more, so that it may join as a new node. */
  | { readonly kind: "failed"; readonly message: string; readonly canJoin: boolean };

/** Docker's words. */
const LOCKED_MESSAGE =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "skep swarm unlock" to unlock it.';

/** What can be done about a manager's disk that cannot be used any more. */
function withWayOut(error: unknown): SkepError {
  const { code, message } = SkepError.from(error);
  if (code !== "internal" && !/raft log|raft member/.test(message)) return SkepError.from(error);
  return new SkepError(
    code,
    `${message}. With other managers alive, nothing is lost: demote and remove this node on one of them, "skep swarm leave --force" here, and join again. ` +
      'With none: "skep swarm init --force-new-cluster" on another manager\'s disk, or "skep swarm leave --force" here and "skep swarm restore" of a backup',
    { cause: error },
  );
}

const STATE_NAME = {
  inactive: "inactive",
  locked: "locked",
  changing: "pending",
  active: "active",
  failed: "error",
} as const satisfies Record<Life["kind"], LocalNodeState>;

export interface LocalNode {
  readonly local: Handlers<typeof LocalService>;
  /** What this host answers as a manager. */
  readonly control: Handlers<typeof ControlMethods>;
  /** Takes up again what is on disk. @throws {SkepError} when the node cannot run here now (its port is taken). */
  readonly resume: () => Promise<void>;
  /** Containers live on. */
  readonly stop: () => Promise<void>;
}

const DISK_RETRY_MS = 3_000;

const isDiskFull = (error: unknown): boolean => /ENOSPC|MDB_MAP_FULL/.test(SkepError.from(error).message);

export function createLocalNode(options: LocalNodeOptions): LocalNode {
  const { env, log, dir, runtime } = options;
  const startedAtMs = env.wallMs();
  const stopping = new AbortController();
  // Until `resume` has looked at the disk nobody knows what this node is: callers try again in a moment.
  let life: Life = { kind: "changing", doing: "starting" };

  const present = (): Life => life;
  const describe = (): NodeDescription => describeHost(runtime.name(), options.labels);

  /** Runs `change` alone; the life it returns follows, or the one from before when it fails. */
  const changeTo = async <T>(
    doing: string,
    from: Life,
    change: () => Promise<{ readonly life: Life; readonly answer: T }>,
  ): Promise<T> => {
    life = { kind: "changing", doing };
    try {
      const done = await change();
      life = done.life;
      return done.answer;
    } catch (error) {
      life = from;
      throw error;
    }
  };

  const requireInactive = (): Life => {
    switch (life.kind) {
      case "inactive":
        return life;
      case "changing":
        throw new SkepError("failed_precondition", `this node is busy: ${life.doing}; try again in a moment`);
      case "active":
        throw new SkepError(
          "failed_precondition",
          'this node is already part of a swarm; "skep swarm leave" leaves it, then it can join another',
        );
      case "locked":
        throw new SkepError(
          "failed_precondition",
          `this node is part of a swarm. ${LOCKED_MESSAGE} "skep swarm leave --force" makes it forget that swarm`,
        );
      case "failed":
        if (life.canJoin) return life;
        throw new SkepError(
          "failed_precondition",
          `this node is part of a cluster but cannot run (${life.message}); "skep swarm leave --force" makes it forget that cluster`,
        );
    }
  };

  const nodeOptions = (state: NodeState, identity: Identity, keys: KeyStore): ClusterNodeOptions => ({
    env,
    log,
    dir,
    runtime,
    describe,
    insecureRegistries: options.insecureRegistries,
    seeds: options.seeds ?? [],
    state,
    identity,
    keys,
  });

  const newNode = async (state: NodeState, identity: Identity, keys: KeyStore): Promise<ClusterNode> => {
    const { ClusterNode } = await import("./cluster-node.ts");
    return new ClusterNode(nodeOptions(state, identity, keys));
  };

  /** Listen and advertise addresses of a request, with the daemon's own as defaults. */
  const addressesOf = (request: { readonly listenAddr: string; readonly advertiseAddr: string }) => {
    const listen =
      request.listenAddr === ""
        ? options.listen
        : parseAddress("listen address", request.listenAddr, options.listen.port);
    return {
      listenAddr: formatAddress(listen),
      addr: chooseAdvertiseAddr(request.advertiseAddr, listen, options.interfaces()),
      advertise: request.advertiseAddr,
    };
  };

  /** Where others reach this node now: an interface may have another address than when it joined. */
  const presentAddress = (state: NodeState): NodeState => {
    const advertise = options.advertise ?? state.advertise;
    if (advertise === undefined) return state;
    const { addr: before, toldAddr = before } = state;
    try {
      const listen = parseAddress("listen address", state.listenAddr);
      const addr = chooseAdvertiseAddr(advertise, listen, options.interfaces());
      if (addr !== before)
        log.warn({ addr, before }, "this node has another address than before; its managers are told");
      return { ...state, addr, toldAddr, advertise };
    } catch (error) {
      log.warn({ error: SkepError.from(error).message, addr: before }, "this node keeps its address");
      return state;
    }
  };

  const init = async (request: InitRequest): Promise<InitResponse> =>
    await changeTo("making a cluster", requireInactive(), async () => {
      const { firstCluster, joiningNode } = await import("../../manager/ca/new-cluster.ts");
      const { addr, listenAddr, advertise } = addressesOf(request);
      const clusterId = newId<ClusterId>(env.random);
      const nodeId = newId<NodeId>(env.random);
      const nowMs = env.wallMs();
      const root = newRootAuthority(clusterId, nowMs);
      const cluster = firstCluster(clusterId, root, request.spec, env.random);
      const node = joiningNode({
        id: nodeId,
        role: "manager",
        availability: request.availability,
        addr,
        description: describe(),
        nowMs,
      });
      const keys = newKeyPair();
      const validityMs = cluster.spec?.caConfig?.nodeCertExpiryMs ?? 0;
      const certificatePem = issueNodeCertificate(
        { nodeId, role: "manager", clusterId, publicKey: keys.publicKey, validityMs, nowMs },
        root,
      );
      const identity = openIdentity({
        certificatePem,
        keyPem: privateKeyToPem(keys.privateKey),
        rootPem: root.certificatePem,
      });
      const raft = { raftId: 1 };
      const state: NodeState = { nodeId, clusterId, addr, listenAddr, advertise, managers: [addr], raft };
      const unlockKey = cluster.unlockKey.length === 0 ? undefined : cluster.unlockKey;
      const started = await startFresh(
        state,
        identity,
        (fresh) =>
          fresh.start({ kind: "bootstrap", start: { kind: "bootstrap", raftId: 1, cluster, node } }, stopping.signal),
        unlockKey,
      );
      log.info({ nodeId, clusterId, addr }, "made a cluster");
      return {
        life: { kind: "active", node: started },
        answer: newInitResponse({
          nodeId,
          addr,
          joinTokens: cluster.rootCa?.joinTokens,
          unlockKey: unlockKey === undefined ? "" : formatUnlockKey(unlockKey),
        }),
      };
    });

  const join = async (request: JoinRequest): Promise<JoinResponse> =>
    await changeTo("joining a cluster", requireInactive(), async () => {
      const { addr, listenAddr, advertise } = addressesOf(request);
      const remoteAddrs = request.remoteAddrs.map((remote) => formatAddress(parseAddress("manager address", remote)));
      await runtime.get().catch(() => undefined); // its name is part of the description; without it the node still joins
      const { identity, managers } = await enroll(
        { token: request.token, remoteAddrs, addr, availability: request.availability, description: describe() },
        stopping.signal,
      );
      const { nodeId, clusterId, role } = identity;
      const state: NodeState = {
        nodeId,
        clusterId,
        addr,
        listenAddr,
        advertise,
        managers: [...new Set([...managers, ...remoteAddrs])],
      };
      const started = await startFresh(state, identity, (fresh) => fresh.start({ kind: "join" }, stopping.signal));
      log.info({ nodeId, clusterId, role, addr }, "joined a cluster");
      return { life: { kind: "active", node: started }, answer: newJoinResponse({ nodeId, role }) };
    });

  /** A node that was none before: on disk once it runs; without a trace when it cannot. */
  const startFresh = async (
    state: NodeState,
    identity: Identity,
    start: (node: ClusterNode) => Promise<void>,
    unlockKey?: Uint8Array,
  ): Promise<ClusterNode> => {
    await dir.wipe(); // what an attempt that a crash cut short may have left
    const keys = createKeyStore(dir, identity, unlockKey);
    const node = await newNode(state, identity, keys);
    try {
      await keys.save(identity);
      await start(node);
      await dir.writeNode(node.state);
      return node;
    } catch (error) {
      await node.stop();
      await dir.wipe();
      throw error;
    }
  };

  /** The other managers are lost for good: this one goes on alone, from its own disk. */
  const forceNewCluster = async (request: InitRequest, signal: AbortSignal): Promise<InitResponse> => {
    if (life.kind !== "active") throw notRunning("go on alone");
    const { node } = life;
    const { forcedNotes, leadsAlone, mayGoOnAlone } = await import("./recovery.ts");
    await mayGoOnAlone(node, request.force, env, signal);
    life = { kind: "changing", doing: "going on as the only manager" };
    const { state, identity } = node;
    await node.stop();
    try {
      const { forceSoleManager } = await import("../../manager/recovery/disk.ts");
      const addr =
        request.advertiseAddr === ""
          ? state.addr
          : chooseAdvertiseAddr(
              request.advertiseAddr,
              parseAddress("listen address", state.listenAddr),
              options.interfaces(),
            );
      const recovered = await forceSoleManager(
        { env, log, dir: dir.raftDir, sealer: await node.keys.sealer() },
        state.nodeId,
        addr,
      );
      const advertise = request.advertiseAddr === "" ? state.advertise : addr;
      const raft = { raftId: recovered.raftId };
      const alone: NodeState = { ...state, addr, advertise, toldAddr: addr, managers: [addr], raft };
      await dir.writeNode(alone);
      const fresh = await newNode(alone, identity, node.keys);
      await fresh.start({ kind: "resume" }, stopping.signal);
      life = { kind: "active", node: fresh };
      if (fresh.manager !== undefined) await leadsAlone(fresh.manager, env);
      const { joinTokens } = recovered.state.cluster.rootCa ?? {};
      return newInitResponse({ nodeId: state.nodeId, addr, joinTokens, notes: forcedNotes(recovered) });
    } catch (error) {
      if (life.kind === "changing") await resume(); // as it was, or failed with the reason
      throw error;
    }
  };

  const notRunning = (wish: string): SkepError => {
    switch (life.kind) {
      case "inactive":
        return new SkepError(
          "failed_precondition",
          `cannot ${wish}: this node is not part of a cluster. "skep swarm restore" takes up one from a backup`,
        );
      case "changing":
        return new SkepError("failed_precondition", `this node is busy: ${life.doing}; try again in a moment`);
      case "locked":
        return new SkepError("failed_precondition", `cannot ${wish}: ${LOCKED_MESSAGE}`);
      case "active":
      case "failed":
        return new SkepError(
          "failed_precondition",
          `cannot ${wish}: this node cannot run (${life.kind === "failed" ? life.message : ""}); "skep swarm leave --force" and then "skep swarm restore" takes up the cluster from a backup`,
        );
    }
  };

  const restore = async (requests: AsyncIterable<RestoreRequest>): Promise<RestoreResponse> =>
    await changeTo("restoring a cluster", requireInactive(), async () => {
      const { openBackup, restoreSoleManager } = await import("../../manager/recovery/disk.ts");
      const recovery = await import("./recovery.ts");
      const upload = await recovery.receiveBackup(requests);
      const { backup, cluster } = openBackup(upload.file);
      const { addr, listenAddr, advertise } = addressesOf(upload.options);
      const identity = recovery.newIdentityOf(cluster, env);
      const { nodeId, clusterId } = identity;
      const self = await recovery.restoredNode(nodeId, addr, describe(), env);
      const raft = { raftId: Math.max(1, backup.header.nextRaftId) };
      const state: NodeState = { nodeId, clusterId, addr, listenAddr, advertise, managers: [addr], raft };
      let notes: readonly string[] = [];
      const started = await startFresh(state, identity, async (fresh) => {
        const disk = { env, log, dir: dir.raftDir, sealer: await fresh.keys.sealer() };
        const recovered = await restoreSoleManager(disk, backup, self);
        notes = recovery.restoredNotes(recovered, backup, env.wallMs());
        await fresh.start({ kind: "resume" }, stopping.signal);
        if (fresh.manager !== undefined) await recovery.leadsAlone(fresh.manager, env);
      });
      log.info({ nodeId, clusterId, addr }, "restored a cluster");
      return {
        life: { kind: "active", node: started },
        answer: newRestoreResponse({ nodeId, clusterId, addr, notes }),
      };
    });

  const leave = async (request: LeaveRequest, signal: AbortSignal): Promise<void> => {
    switch (life.kind) {
      case "inactive":
        throw new SkepError("failed_precondition", "this node is not part of a cluster");
      case "changing":
        throw new SkepError("failed_precondition", `this node is busy: ${life.doing}; try again in a moment`);
      case "locked":
      case "failed": {
        if (!request.force) {
          const why = life.kind === "locked" ? LOCKED_MESSAGE : life.message;
          throw new SkepError(
            "failed_precondition",
            `this node cannot tell its cluster (${why}); "skep swarm leave --force" leaves without`,
          );
        }
        return await changeTo("leaving the cluster", life, async () => {
          await dir.wipe();
          return { life: { kind: "inactive" }, answer: undefined };
        });
      }
      case "active": {
        const { node } = life;
        return await changeTo("leaving the cluster", life, async () => {
          await leaveCluster(node, { env, log, force: request.force, signal });
          await node.stop();
          await dir.wipe();
          log.info({ nodeId: node.state.nodeId }, "left the cluster");
          return { life: { kind: "inactive" }, answer: undefined };
        });
      }
    }
  };

  const resume = async (): Promise<void> => {
    let state: NodeState | undefined;
    let stored: StoredIdentity;
    try {
      state = await dir.readNode();
      if (state === undefined) {
        life = { kind: "inactive" };
        return;
      }
      stored = await dir.readIdentity();
    } catch (error) {
      fail(error, false);
      return;
    }
    switch (stored.kind) {
      case "open":
        return await resumeWith(state, stored.files);
      case "sealed":
        life = { kind: "locked", state, stored };
        log.warn({ nodeId: state.nodeId }, "this manager is locked; containers live on");
        return;
    }
  };

  const unlock = async ({ unlockKey }: UnlockRequest): Promise<void> => {
    switch (life.kind) {
      case "inactive":
      case "active":
      case "failed":
        throw new SkepError("failed_precondition", "swarm is not locked");
      case "changing":
        throw new SkepError("failed_precondition", `this node is busy: ${life.doing}; try again in a moment`);
      case "locked": {
        const key = parseUnlockKey(unlockKey);
        if (key === undefined) {
          throw new SkepError("permission_denied", "swarm could not be unlocked: invalid key provided");
        }
        await resumeWith(life.state, life.stored.unlock(key), key);
        const now = present();
        if (now.kind === "failed") throw new SkepError("internal", `unlocked, but it cannot run: ${now.message}`);
      }
    }
  };

  const resumeWith = async (before: NodeState, files: NodeFiles, unlockKey?: Uint8Array): Promise<void> => {
    let identity: Identity;
    try {
      identity = openIdentity(files);
    } catch (error) {
      fail(dir.damagedIdentity(SkepError.from(error).message), false);
      return;
    }
    const state = presentAddress(before);
    if (env.wallMs() > identity.notAfterMs) {
      fail(
        new SkepError(
          "failed_precondition",
          'the certificate of this node expired while it was off: "skep swarm join" with a token joins it again',
        ),
        true,
      );
      return;
    }
    life = { kind: "changing", doing: "starting" }; // before the first wait: nobody else may begin the same
    try {
      const node = await newNode(state, identity, createKeyStore(dir, files, unlockKey));
      if (state !== before) await dir.writeNode(state);
      await node.start({ kind: "resume" }, stopping.signal);
      life = { kind: "active", node };
      log.info({ nodeId: state.nodeId, role: identity.role, addr: state.addr }, "the node is back");
    } catch (error) {
      fail(state.raft === undefined || isDiskFull(error) ? error : withWayOut(error), false);
      if (isDiskFull(error)) again(() => resumeWith(before, files, unlockKey));
      // Most likely the daemon before this one has not quite ended: whoever started this one tries again.
      if (error instanceof ListenError) throw error;
    }
  };

  /** Space comes back without anybody telling this daemon: it looks, as a manager that runs does. */
  const again = (resumeOnceMore: () => Promise<void>): void => {
    env.timer(DISK_RETRY_MS, () => {
      if (life.kind !== "failed" || stopping.signal.aborted) return;
      resumeOnceMore().catch((error: unknown) => log.error({ error }, "this node cannot run"));
    });
  };

  /** The daemon stays, to say why and to be told what to do. */
  const fail = (error: unknown, canJoin: boolean): void => {
    life = { kind: "failed", message: SkepError.from(error).message, canJoin };
    log.error({ error }, "this node cannot run");
  };

  const info = async (): Promise<InfoResponse> => {
    const about = {
      version: VERSION,
      localNodeState: STATE_NAME[life.kind],
      description: describe(),
      startedAtMs,
      rssBytes: process.memoryUsage.rss(),
      dataDir: options.dataDir,
    };
    switch (life.kind) {
      case "inactive":
      case "changing":
        return newInfoResponse({ ...about, error: runtime.problem() });
      case "failed":
        return newInfoResponse({ ...about, error: life.message });
      case "locked": {
        const { nodeId, clusterId, addr, managers } = life.state;
        return newInfoResponse({ ...about, nodeId, clusterId, nodeAddr: addr, managers });
      }
      case "active": {
        const { state, identity, manager, agent, problem, turnedAway } = life.node;
        return newInfoResponse({
          ...about,
          localNodeState: turnedAway === "" ? "active" : "error",
          error: problem,
          nodeId: state.nodeId,
          clusterId: state.clusterId,
          nodeAddr: state.addr,
          controlAvailable: manager !== undefined && turnedAway === "",
          managers: state.managers,
          tasksRunning: agent?.counts().running ?? 0,
          certificateExpiresAtMs: identity.notAfterMs,
        });
      }
    }
  };

  const managerHandlers = (): Handlers<typeof ControlMethods> => {
    switch (life.kind) {
      case "inactive":
        throw new SkepError(
          "failed_precondition",
          'this node is not part of a cluster; "skep swarm init" makes one, "skep swarm join" joins one',
        );
      case "changing":
        throw new SkepError("unavailable", `this node is busy: ${life.doing}; try again in a moment`);
      case "failed":
        throw new SkepError("failed_precondition", `this node cannot run: ${life.message}`);
      case "locked":
        throw new SkepError("failed_precondition", LOCKED_MESSAGE);
      case "active": {
        const { manager, turnedAway } = life.node;
        if (turnedAway !== "") throw new SkepError("failed_precondition", turnedAway);
        if (manager !== undefined) return manager.handlers.control;
        throw new SkepError(
          "failed_precondition",
          "this node is not a manager: workers cannot show or change the cluster; run this on a manager, or promote this node from one",
        );
      }
    }
  };

  async function* chunksOf(requests: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array> {
    for await (const { data } of requests) yield data;
  }

  return {
    local: {
      info,
      init: (request, { signal }) => (request.forceNewCluster ? forceNewCluster(request, signal) : init(request)),
      join: (request) => join(request),
      restore: (requests) => restore(requests),
      leave: async (request, { signal }) => {
        await leave(request, signal);
        return newLeaveResponse();
      },
      unlock: async (request) => {
        await unlock(request);
        return newUnlockResponse();
      },
      loadImage: async (requests, { signal }) => {
        const names = await (await runtime.get()).loadImage(chunksOf(requests), signal);
        return newLoadImageResponse({ names });
      },
    },
    control: switchable(ControlService, managerHandlers),
    resume,
    stop: async () => {
      stopping.abort(new SkepError("unavailable", "the daemon is stopping"));
      if (life.kind === "active") await life.node.stop();
      await runtime.close();
    },
  };
}
