// Which tasks that are to stop get no new connections from anywhere any more. A task's endpoint was closed at some version of
// each of its networks; once every node that takes part in the network says that its kernel does that version, or a later one,
// the task is drained. A node that is not heard is not waited for: it may be gone, and the task's agent does not wait for ever.
//
// Tasks that close together on a network wait together, for one set of nodes that only shrinks. Nodes that join later learn of
// the network without those endpoints. Nothing is remembered beyond this leadership: the next leader takes the version that it
// finds for the closing one, and agents say anew what they have applied.
import type { NetworkId, NodeId, TaskId } from "../../../shared/model/ids.ts";

interface Barrier {
  readonly network: NetworkId;
  readonly version: number;
  readonly waitingFor: Set<NodeId>;
  readonly tasks: Set<TaskId>;
}

/** Where a task's endpoint was closed, and who has to know. */
export interface Closing {
  readonly network: NetworkId;
  readonly version: number;
  /** Nodes that are heard and have not applied the version. Asked only when others do not wait for the same already. */
  readonly waitingFor: () => Iterable<NodeId>;
}

export class Drains {
  readonly #onDrained: (task: TaskId) => void;
  readonly #barriers = new Map<NetworkId, Map<number, Barrier>>();
  /** Tasks that are to stop, and what each still waits for. */
  readonly #tasks = new Map<TaskId, Set<Barrier>>();

  constructor(onDrained: (task: TaskId) => void) {
    this.#onDrained = onDrained;
  }

  has(task: TaskId): boolean {
    return this.#tasks.has(task);
  }

  isDrained(task: TaskId): boolean {
    return this.#tasks.get(task)?.size === 0;
  }

  /** The task is to stop. The first call counts. */
  begin(task: TaskId, closings: readonly Closing[]): void {
    if (this.#tasks.has(task)) return;
    const open = new Set<Barrier>();
    this.#tasks.set(task, open);
    for (const closing of closings) {
      const barrier = this.#barrierOf(closing);
      if (barrier === undefined) continue;
      barrier.tasks.add(task);
      open.add(barrier);
    }
    if (open.size === 0) this.#onDrained(task);
  }

  /** The task has ended, or is gone. */
  end(task: TaskId): void {
    for (const barrier of this.#tasks.get(task) ?? []) {
      barrier.tasks.delete(task);
      if (barrier.tasks.size === 0) this.#forget(barrier);
    }
    this.#tasks.delete(task);
  }

  /** The node's kernel does what this version of the network says. */
  applied(node: NodeId, network: NetworkId, version: number): void {
    for (const barrier of [...(this.#barriers.get(network)?.values() ?? [])]) {
      if (barrier.version <= version) this.#passed(barrier, node);
    }
  }

  /** The node takes no part in the network any more. */
  left(node: NodeId, network: NetworkId): void {
    this.applied(node, network, Number.POSITIVE_INFINITY);
  }

  /** The node is not waited for. */
  lost(node: NodeId): void {
    for (const network of [...this.#barriers.keys()]) this.left(node, network);
  }

  #barrierOf({ network, version, waitingFor }: Closing): Barrier | undefined {
    const ofNetwork = this.#barriers.get(network) ?? new Map<number, Barrier>();
    const known = ofNetwork.get(version);
    if (known !== undefined) return known;
    const barrier: Barrier = { network, version, waitingFor: new Set(waitingFor()), tasks: new Set() };
    if (barrier.waitingFor.size === 0) return undefined;
    ofNetwork.set(version, barrier);
    this.#barriers.set(network, ofNetwork);
    return barrier;
  }

  #passed(barrier: Barrier, node: NodeId): void {
    if (!barrier.waitingFor.delete(node) || barrier.waitingFor.size > 0) return;
    this.#forget(barrier);
    for (const task of barrier.tasks) {
      const open = this.#tasks.get(task);
      open?.delete(barrier);
      if (open?.size === 0) this.#onDrained(task);
    }
  }

  #forget({ network, version }: Barrier): void {
    const ofNetwork = this.#barriers.get(network);
    ofNetwork?.delete(version);
    if (ofNetwork?.size === 0) this.#barriers.delete(network);
  }
}
