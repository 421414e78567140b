// What the rest of the agent sees of the network: managers' words go in, tasks get their namespaces, and the managers hear
// what the kernel has. Two implementations: the kernel's (kernel-room.ts) and one without a kernel (hollow-room.ts), for
// hollow agents and the simulator.
//
// The order of a life: `adopt` with the tasks whose containers live, `run`; then sessions, one after the other, each with
// `sessionBegins`, the snapshots of all networks of this node, `sessionComplete`, and changes from there on.
import type { ProbeAnswer, ProbeCommand } from "../../proto/gen/agent.ts";
import type { NetworkUpdate } from "../../proto/gen/network.ts";
import type { NodeDescription } from "../../proto/gen/objects.ts";
import type { NetworkId, TaskId } from "../../shared/model/ids.ts";
import type { LocalTask } from "./plan/input.ts";
import type { NetworkViews } from "./view.ts";

/** A task's place, before the room has given it its node-local addresses. */
export interface TaskPlace extends Omit<LocalTask, "localAddresses"> {
  /** Whom to ask for names that are not ours; empty: the host's. */
  readonly nameservers: readonly string[];
}

export interface TaskNamespace {
  readonly path: string;
  /** Of the task in it, those on its first network first. */
  readonly addresses: readonly string[];
}

/** What the room tells; none of them may throw or wait. */
export interface NetworkRoomCallbacks {
  /** The node does what this version says. */
  readonly onApplied: (networkId: NetworkId, version: number) => void;
  /** The whole of this network is needed again. */
  readonly onResync: (networkId: NetworkId) => void;
  /** `tunnels.description` answers differently now. */
  readonly onDescription: () => void;
  /** MTU of the link to other nodes, in bytes; 0 is unknown. */
  readonly underlayMtu: () => number;
}

/** The tunnels of encrypted networks. */
export interface NodeTunnels {
  /** What the node says of itself: its public keys, or why it has none. */
  readonly description: Pick<NodeDescription, "tunnelKeys" | "tunnelProblem">;
  /** The epoch that managers want keys of; 0 is none that is known. */
  wantEpoch(epoch: number): void;
}

/** What a task's worker needs of it. */
export interface TaskNetworks {
  /**
   * Resolves once the task's namespace has all its links, addresses and rules. Safe to repeat.
   * @throws {SkepError} `unavailable`: not now, and why; the task stays wanted and is tried on until it is released.
   * `failed_precondition`: this node cannot have networks at all; the message says what is missing.
   */
  prepare(task: TaskPlace, signal: AbortSignal): Promise<TaskNamespace>;
  /** The container is gone: its namespace goes, too. Resolves when it has. @throws {SkepError} `unavailable`: not yet. */
  release(taskId: TaskId, signal: AbortSignal): Promise<void>;
}

/** A task of an earlier life whose container is there. */
export interface AdoptedTask {
  readonly place: TaskPlace;
  /** Of its process; undefined while it is not started. */
  readonly pid: number | undefined;
}

export interface NetworkRoom extends TaskNetworks {
  /** What these have is kept. Once, before anything is changed. */
  adopt(tasks: readonly AdoptedTask[]): void;
  /** Managers know nothing of this node now: what it has is told them anew as they send it. */
  sessionBegins(): void;
  /** Must not throw, whatever the message. */
  update(update: NetworkUpdate): void;
  /** All networks of this node were sent: others are gone. */
  sessionComplete(): void;
  readonly views: NetworkViews;
  /** Why the node's network is not as it should be; empty when it is, or when only some tasks wait. */
  readonly problem: string;
  readonly tunnels: NodeTunnels;
  /**
   * What differs now between the kernel and what this node was told, in words; empty when nothing does. Changes nothing.
   * @throws {SkepError} the kernel cannot be read.
   */
  check(signal: AbortSignal): Promise<readonly string[]>;
  /** Tests this node's ways to others, led by a manager. @throws {SkepError} `unavailable`: a test is running. */
  probe(commands: AsyncIterable<ProbeCommand>, signal: AbortSignal): AsyncIterable<ProbeAnswer>;
  /** Keeps the network as it should be. Resolves when the signal aborts: all that was made stays. Never throws. */
  run(signal: AbortSignal): Promise<void>;
  /** For a node that leaves its cluster: everything goes, and nothing new is made. @throws {SkepError} what could not go. */
  clear(signal: AbortSignal): Promise<void>;
}

/** How an agent gets its room. */
export type OpenNetworkRoom = (callbacks: NetworkRoomCallbacks) => Promise<NetworkRoom>;
