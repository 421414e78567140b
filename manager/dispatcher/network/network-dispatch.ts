// The networks' part of a term of leadership: tables kept from commits, one feed per session, and the drains. The epoch hands it
// commits and what agents say; it wakes the sessions that have something to send.
import type { NetworkApplied, NetworkHeld, NetworkResync } from "../../../proto/gen/network.ts";
import type { Task } from "../../../proto/gen/objects.ts";
import type { NetworkId, NodeId, TaskId } from "../../../shared/model/ids.ts";
import type { Commit, View } from "../../store/types.ts";
import type { Outbox } from "../outbox.ts";
import { type Closing, Drains } from "./drains.ts";
import { NetworkFeed } from "./feed.ts";
import { NetworkMessages } from "./messages.ts";
import { Networks } from "./networks.ts";
import { isStopping } from "./state.ts";
import { Turns } from "./turns.ts";

/** How far the nodes are with one network. */
export interface NetworkProgress {
  /** The store's version at which the network last changed. */
  readonly version: number;
  /** The version that a node's kernel has, as it said in its present session. */
  readonly applied: ReadonlyMap<NodeId, number>;
}

interface Listener {
  readonly feed: NetworkFeed;
  readonly outbox: Outbox;
}

export class NetworkDispatch {
  readonly #shared = { messages: new NetworkMessages(), turns: new Turns<NetworkFeed>((feed) => feed.wake()) };
  readonly #listeners = new Map<NodeId, Listener>();
  #networks: Networks;
  #drains = this.#newDrains();

  constructor(view: View) {
    this.#networks = new Networks(view);
    this.#drainAll();
  }

  /** The store was looked at anew; every session goes on with it. */
  restart(view: View): void {
    this.#networks = new Networks(view);
    this.#drains = this.#newDrains();
    for (const { feed } of this.#listeners.values()) feed.restart(this.#networks);
    this.#drainAll();
  }

  /** The node's session, which takes the place of an earlier one. @param held networks as the node knows them. */
  open(node: NodeId, outbox: Outbox, held: readonly NetworkHeld[] = []): NetworkFeed {
    this.#listeners.get(node)?.feed.end();
    const feed = new NetworkFeed(node, this.#networks, this.#shared, () => outbox.wake(), held);
    this.#listeners.set(node, { feed, outbox });
    for (const task of this.#networks.tasksOfNode(node)) if (this.#drains.isDrained(task.id)) outbox.drained(task.id);
    return feed;
  }

  close(node: NodeId, outbox: Outbox): void {
    const listener = this.#listeners.get(node);
    if (listener?.outbox !== outbox) return;
    listener.feed.end();
    this.#listeners.delete(node);
  }

  commit(commit: Commit): void {
    const changes = this.#networks.apply(commit);
    for (const id of changes.networks) {
      for (const node of this.#networks.table(id)?.nodes.keys() ?? []) this.#listeners.get(node)?.feed.mark(id);
    }
    for (const id of changes.tasks) {
      const task = this.#networks.task(id);
      if (task === undefined) this.#drains.end(id);
      else if (isStopping(task)) this.#drain(task);
    }
    for (const [node, network] of changes.left) {
      this.#listeners.get(node)?.feed.mark(network);
      this.#drains.left(node, network);
    }
    for (const node of changes.nodes) if (!this.#networks.isHeard(node)) this.#drains.lost(node);
  }

  applied(node: NodeId, { networkId, version }: NetworkApplied): void {
    if (this.#listeners.get(node)?.feed.applied(networkId, version) === true) {
      this.#drains.applied(node, networkId, version);
    }
  }

  resync(node: NodeId, { networkId }: NetworkResync, nowMs: number): void {
    this.#listeners.get(node)?.feed.resync(networkId, nowMs);
  }

  /** To be called every now and then. */
  sweep(nowMs: number): void {
    const { messages, turns } = this.#shared;
    turns.sweep();
    if (turns.areOver) messages.forget();
    for (const { feed } of this.#listeners.values()) feed.sweep(nowMs);
  }

  /** Undefined when there is no such network. */
  progress(network: NetworkId): NetworkProgress | undefined {
    const table = this.#networks.table(network);
    if (table === undefined) return undefined;
    const applied = new Map<NodeId, number>();
    for (const node of table.nodes.keys()) {
      const version = this.#appliedVersion(node, network);
      if (version > 0) applied.set(node, version);
    }
    return { version: table.version, applied };
  }

  #appliedVersion(node: NodeId, network: NetworkId): number {
    return this.#listeners.get(node)?.feed.appliedVersion(network) ?? 0;
  }

  // -------------------------------------------------------------------------------------------------------------- drains

  #newDrains(): Drains {
    return new Drains((id) => this.#drained(id));
  }

  #drained(id: TaskId): void {
    const task = this.#networks.task(id);
    if (task !== undefined) this.#listeners.get(task.nodeId)?.outbox.drained(id);
  }

  #drainAll(): void {
    for (const task of this.#networks.stoppingTasks()) this.#drain(task);
  }

  #drain(task: Task): void {
    if (this.#drains.has(task.id)) return;
    const closings = task.attachments.flatMap(({ networkId: network }): Closing[] => {
      const table = this.#networks.table(network);
      if (table === undefined) return [];
      const version = table.closedAt(task.id);
      const behind = (node: NodeId): boolean =>
        this.#networks.isHeard(node) && this.#appliedVersion(node, network) < version;
      return [{ network, version, waitingFor: () => [...table.nodes.keys()].filter(behind) }];
    });
    this.#drains.begin(task.id, closings);
  }
}
