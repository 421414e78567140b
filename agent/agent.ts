// The agent of one node: its tasks, its session with the dispatcher and its logs, put together. The daemon gives it the
// runtime and the transport, and hears of managers, role and registries by callbacks.
import { join } from "node:path";
import type { AgentService } from "../proto/gen/agent.ts";
import type { SessionInfo } from "../proto/gen/dispatcher.ts";
import type { NodeDescription } from "../proto/gen/objects.ts";
import type { Env } from "../shared/env/env.ts";
import { SkepError } from "../shared/errors.ts";
import type { Log } from "../shared/log.ts";
import type { NodeId } from "../shared/model/ids.ts";
import type { Handlers } from "../shared/rpc/server.ts";
import { discardOutputs, type LogStore, openLogStore } from "./logs/log-store.ts";
import { createLogHandlers } from "./logs/task-logs.ts";
import { heldNetworks } from "./network/held.ts";
import { HollowNetworkRoom } from "./network/hollow-room.ts";
import { likelyPorts, noneListening, notListening, type ReadListening, targetPorts } from "./network/listening.ts";
import type { NetworkRoom, OpenNetworkRoom } from "./network/room.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { type LeaderCheck, Meeting } from "./session/meeting.ts";
import { type ConnectionState, Session, type SessionOptions } from "./session/session.ts";
import { memoryTaskFiles, openTaskFiles, type TaskFiles } from "./task/task-files.ts";
import { TaskManager } from "./task/task-manager.ts";

export interface AgentOptions {
  readonly env: Env;
  readonly log: Log;
  readonly nodeId: NodeId;
  readonly runtime: Runtime;
  /** Unset: a hollow one, for hollow agents. */
  readonly openNetworks?: OpenNetworkRoom;
  /** Unset: nobody waits until a task listens at the ports that its service publishes. */
  readonly readListening?: ReadListening;
  /** For `tasks/` and `logs/`. Undefined: nothing is kept, for simulated agents. */
  readonly dir: string | undefined;
  /** Other records of tasks than those in `dir`: a simulated agent's outlive its process. */
  readonly files?: TaskFiles;
  /** Opens Dispatcher.Session at host:port; over gRPC: `grpcConnect(dial)` of session/grpc-connect.ts. */
  readonly connect: SessionOptions["connect"];
  /** host:port of managers, as remembered or as joined at; replaced by what the session says. */
  readonly managers: readonly string[];
  /** How it knows managers from nodes that were; unset: it believes who has the certificate. */
  readonly leaders?: LeaderCheck;
  /** host:port where this node's daemon answers, or a function that tells it where that is news, and is empty otherwise. */
  readonly addr: string | (() => string);
  /** This host, looked at anew for each session. */
  readonly description: () => NodeDescription;
  /**
   * At the start of each session and when something changes: managers (to remember on disk), the role this node should
   * have, insecure registries. Must not throw, and must not wait.
   */
  readonly onSession?: (info: SessionInfo) => void;
  readonly onConnection?: (state: ConnectionState) => void;
  /** Containers made, started or removed at once, and as many pulls; unset is twice the cores. */
  readonly parallel?: number;
}

export interface AgentCounts {
  /** Tasks assigned, those that ended and are kept as history included. */
  readonly total: number;
  readonly running: number;
}

export interface Agent {
  /**
   * Brings back the tasks of an earlier life, then serves the dispatcher until the signal aborts. Containers live on.
   * @throws only when `dir` cannot be used; never for a manager, a runtime or a task that misbehaves.
   */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Agent service: the logs of this node's tasks, tests of its network, and news of who the managers are. */
  readonly handlers: Handlers<typeof AgentService>;
  readonly loadImage: Runtime["loadImage"];
  readonly counts: () => AgentCounts;
  readonly connection: () => ConnectionState;
  /** What keeps the node from having its tasks as they should be; empty when nothing does. */
  readonly problem: () => string;
  /** The networks as managers described them, and their state on this node. */
  readonly networks: NetworkRoom;
  /** As the cluster has them now: plain HTTP. */
  readonly insecureRegistries: () => readonly string[];
  /** Tell it that `description()` would answer differently now. */
  readonly describe: () => void;
  /**
   * For a node that leaves: stops every task with its grace period and removes all that is left of it, networks included. To be called while
   * `run` is running; assignments that come afterwards are ignored. Rejects with `signal.reason` when aborted.
   */
  readonly removeAllTasks: (signal: AbortSignal) => Promise<void>;
}

const PARALLEL_PER_CORE = 2;
const NANO = 1_000_000_000;
const LEAVE_POLL_MS = 50;

export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { env, log, runtime, dir, nodeId, readListening } = options;
  const described = options.description();
  const logs: LogStore | undefined =
    dir === undefined ? undefined : await openLogStore({ env, log, dir: join(dir, "logs") });
  const files = options.files ?? (dir === undefined ? memoryTaskFiles() : await openTaskFiles(join(dir, "tasks"), log));
  const cores = Math.max(1, Math.round((described.resources?.nanoCpus ?? 0) / NANO));

  let insecureRegistries: readonly string[] = [];
  let connection: ConnectionState = { kind: "searching", error: "" };
  let leaving = false;
  const networks = await (options.openNetworks ?? (async (callbacks) => new HollowNetworkRoom(log, callbacks)))({
    onApplied: (id, version) => session.networkApplied(id, version),
    onResync: (id) => session.networkResync(id),
    onDescription: () => session.describe(),
    underlayMtu: () => options.description().dataPathMtu,
  });
  let recovered = false;

  const tasks = new TaskManager({
    env,
    log,
    runtime,
    files,
    outputs: logs ?? discardOutputs,
    networks,
    inSession: () => connection.kind === "connected",
    node: {
      id: nodeId,
      hostname: described.hostname,
      os: described.platform?.os ?? "",
      architecture: described.platform?.architecture ?? "",
    },
    parallel: options.parallel ?? cores * PARALLEL_PER_CORE,
    insecureRegistries: () => insecureRegistries,
    awaitedPorts: async (task, pid, exposed) => {
      if (readListening === undefined) return [];
      const ports = targetPorts(task, networks.views);
      if (ports.length > 0) return notListening(ports, await readListening(pid));
      const likely = likelyPorts(task, exposed);
      return likely.length === 0 ? [] : noneListening(likely, await readListening(pid));
    },
    onStatus: (id, status) => session.report(id, status),
  });

  const session = new Session({
    env,
    log,
    connect: options.connect,
    managers: options.managers,
    leaders: options.leaders,
    addr: options.addr,
    description: () => ({ ...options.description(), ...networks.tunnels.description }),
    onAssignments: ({ type, tasks: assigned, removedTaskIds }) => {
      if (type === "complete") networks.sessionComplete();
      if (!leaving) tasks.apply({ complete: type === "complete", tasks: assigned, removed: removedTaskIds });
    },
    networks: () => heldNetworks(networks.views),
    onNetwork: (update) => networks.update(update),
    onDrained: (ids) => tasks.drained(ids),
    onSession: (info) => {
      insecureRegistries = info.insecureRegistries;
      networks.tunnels.wantEpoch(info.networkKeyEpoch);
      options.onSession?.(info);
    },
    onConnection: (state) => {
      connection = state;
      if (state.kind === "connected") networks.sessionBegins();
      else tasks.sessionEnded();
      options.onConnection?.(state);
    },
  });

  const meeting = new Meeting({
    env,
    leaders: options.leaders,
    session: { mayMeet: () => session.mayMeet(), meet: (managers) => session.meet(managers) },
  });

  return {
    run: async (signal) => {
      const networking = networks.run(signal);
      try {
        await tasks.recover(signal);
        recovered = true;
        await session.run(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      await tasks.settled();
      await networking;
    },
    handlers: {
      ...createLogHandlers({ env, nodeId, logs, task: (id) => tasks.task(id) }),
      probeNetwork: (commands, { signal }) => networks.probe(commands, signal),
      meetManagers: async (request, { peer }) => meeting.meet(request, peer),
    },
    loadImage: (archive, signal) => runtime.loadImage(archive, signal),
    counts: () => tasks.counts(),
    networks,
    connection: () => connection,
    problem: () => networks.problem,
    insecureRegistries: () => insecureRegistries,
    describe: () => session.describe(),
    removeAllTasks: async (signal) => {
      if (!recovered)
        throw new SkepError("failed_precondition", "the agent has not started: the container runtime does not answer");
      leaving = true;
      tasks.apply({ complete: true, tasks: [], removed: [] });
      while (tasks.counts().total > 0) await env.sleep(LEAVE_POLL_MS, signal);
      await networks.clear(signal);
    },
  };
}
