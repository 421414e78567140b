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
} from "../../proto/gen/local.ts";
import type { NodeDescription } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { type ClusterId, type NodeId, newId } from "../../shared/model/ids.ts";
import { type Identity, openIdentity } from "../../shared/pki/identity.ts";
import { issueNodeCertificate, newRootAuthority } from "../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../shared/pki/keys.ts";
import { type Address, formatAddress, parseAddress } from "../../shared/rpc/address.ts";
import { ListenError } from "../../shared/rpc/listen.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { switchable } from "../../shared/rpc/switchable.ts";
import { VERSION } from "../../shared/version.ts";
import { chooseAdvertiseAddr, type Interfaces } from "./advertise.ts";
import type { ClusterNode, ClusterNodeOptions } from "./cluster-node.ts";
import { describeHost } from "./describe.ts";
import { enroll } from "./enroll.ts";
import { leaveCluster } from "./leave.ts";
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
}

type Life =
  | { readonly kind: "inactive" }
  | { readonly kind: "changing"; readonly doing: string }
  | { readonly kind: "active"; readonly node: ClusterNode }
  /** `canJoin`: nothing of it is of use any more, so that it may join as a new node. */
  | { readonly kind: "failed"; readonly message: string; readonly canJoin: boolean };

const STATE_NAME = {
  inactive: "inactive",
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

export function createLocalNode(options: LocalNodeOptions): LocalNode {
  const { env, log, dir, runtime } = options;
  const startedAtMs = env.wallMs();
  const stopping = new AbortController();
  let life: Life = { kind: "inactive" };

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
      case "failed":
        if (life.canJoin) return life;
        throw new SkepError(
          "failed_precondition",
          `this node is part of a cluster but cannot run (${life.message}); "skep swarm leave --force" makes it forget that cluster`,
        );
    }
  };

  const nodeOptions = (state: NodeState, identity: Identity): ClusterNodeOptions => ({
    env,
    log,
    dir,
    runtime,
    describe,
    insecureRegistries: options.insecureRegistries,
    state,
    identity,
  });

  const newNode = async (state: NodeState, identity: Identity): Promise<ClusterNode> => {
    const { ClusterNode } = await import("./cluster-node.ts");
    return new ClusterNode(nodeOptions(state, identity));
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
    };
  };

  const init = async (request: InitRequest): Promise<InitResponse> =>
    await changeTo("making a cluster", requireInactive(), async () => {
      const { firstCluster, joiningNode } = await import("../../manager/ca/new-cluster.ts");
      const { addr, listenAddr } = addressesOf(request);
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
      const state: NodeState = { nodeId, clusterId, addr, listenAddr, managers: [addr], raft };
      const started = await startFresh(state, identity, (fresh) =>
        fresh.start({ kind: "bootstrap", start: { kind: "bootstrap", raftId: 1, cluster, node } }, stopping.signal),
      );
      log.info({ nodeId, clusterId, addr }, "made a cluster");
      return {
        life: { kind: "active", node: started },
        answer: newInitResponse({ nodeId, addr, joinTokens: cluster.rootCa?.joinTokens }),
      };
    });

  const join = async (request: JoinRequest): Promise<JoinResponse> =>
    await changeTo("joining a cluster", requireInactive(), async () => {
      const { addr, listenAddr } = addressesOf(request);
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
  ): Promise<ClusterNode> => {
    await dir.wipe(); // what an attempt that a crash cut short may have left
    const node = await newNode(state, identity);
    try {
      await dir.writeIdentity(identity);
      await start(node);
      await dir.writeNode(node.state);
      return node;
    } catch (error) {
      await node.stop();
      await dir.wipe();
      throw error;
    }
  };

  const leave = async (request: LeaveRequest, signal: AbortSignal): Promise<void> => {
    switch (life.kind) {
      case "inactive":
        throw new SkepError("failed_precondition", "this node is not part of a cluster");
      case "changing":
        throw new SkepError("failed_precondition", `this node is busy: ${life.doing}; try again in a moment`);
      case "failed": {
        if (!request.force) {
          throw new SkepError(
            "failed_precondition",
            `this node cannot tell its cluster (${life.message}); "skep swarm leave --force" leaves without`,
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
    let identity: Identity;
    try {
      state = await dir.readNode();
      if (state === undefined) return;
      identity = openIdentity(await dir.readIdentity());
    } catch (error) {
      fail(error, false);
      return;
    }
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
    const node = await newNode(state, identity);
    life = { kind: "changing", doing: "starting" };
    try {
      await node.start({ kind: "resume" }, stopping.signal);
      life = { kind: "active", node };
      log.info({ nodeId: state.nodeId, role: identity.role, addr: state.addr }, "the node is back");
    } catch (error) {
      fail(error, false);
      // Most likely the daemon before this one has not quite ended: whoever started this one tries again.
      if (error instanceof ListenError) throw error;
    }
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
      case "active": {
        const { state, identity, manager, agent, problem } = life.node;
        return newInfoResponse({
          ...about,
          error: problem,
          nodeId: state.nodeId,
          clusterId: state.clusterId,
          nodeAddr: state.addr,
          controlAvailable: manager !== undefined,
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
      case "active": {
        const { manager } = life.node;
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
      init: (request) => init(request),
      join: (request) => join(request),
      leave: async (request, { signal }) => {
        await leave(request, signal);
        return newLeaveResponse();
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
