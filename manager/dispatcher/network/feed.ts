// What one session is still to be told of networks. It keeps which version of each network the agent was sent, and which networks
// to look at again; the words are made when the stream has room for them, from the tables as they are then. So a slow agent gets
// fewer and larger messages, and what is kept for it never exceeds the networks of its node.
import type { DispatcherMessage } from "../../../proto/gen/dispatcher.ts";
import type { NetworkHeld } from "../../../proto/gen/network.ts";
import type { Task } from "../../../proto/gen/objects.ts";
import type { NetworkId, NodeId } from "../../../shared/model/ids.ts";
import { gone, type NetworkMessage, type NetworkMessages } from "./messages.ts";
import type { Networks } from "./networks.ts";
import { needsNetworks } from "./state.ts";
import type { Turns } from "./turns.ts";

/** An agent that asks for the whole again, and again, gets it this often. */
const RESYNC_PAUSE_MS = 1_000;
const MAX_STRANGE = 1_000;
const MAX_HELD = 10_000;

interface Sent {
  /** Of the last message sent. */
  version: number;
  /** As the agent said: its kernel does what this version says. */
  applied: number;
  /** The whole is to be said again. */
  anew: boolean;
  resyncAtMs: number;
}

export class NetworkFeed {
  readonly node: NodeId;
  readonly #messages: NetworkMessages;
  readonly #turns: Turns<NetworkFeed>;
  readonly #wake: () => void;
  #networks: Networks;
  readonly #sent = new Map<NetworkId, Sent>();
  readonly #marked = new Set<NetworkId>();
  /** As the agent had them when the session began; asked once. */
  readonly #held: Map<NetworkId, NetworkHeld>;
  /** Asked for again too soon. */
  readonly #later = new Set<NetworkId>();
  /** What the agent speaks of and was not told in this session: it has them from an earlier one. */
  readonly #strange = new Set<NetworkId>();
  /** The rest of a snapshot that was cut. */
  #rest: { readonly network: NetworkId; readonly parts: readonly NetworkMessage[] } | undefined;

  constructor(
    node: NodeId,
    networks: Networks,
    { messages, turns }: { readonly messages: NetworkMessages; readonly turns: Turns<NetworkFeed> },
    wake: () => void,
    held: readonly NetworkHeld[] = [],
  ) {
    this.node = node;
    this.#networks = networks;
    this.#messages = messages;
    this.#turns = turns;
    this.#wake = wake;
    this.#held = new Map(held.slice(0, MAX_HELD).map((each) => [each.networkId, each]));
    for (const network of networks.wantedBy(node)) this.#marked.add(network);
  }

  /** Everything was looked at anew: nothing is known of what happened meanwhile. */
  restart(networks: Networks): void {
    this.#networks = networks;
    this.#rest = undefined;
    for (const [network, sent] of this.#sent) {
      sent.anew = true;
      this.#marked.add(network);
    }
    for (const network of networks.wantedBy(this.node)) this.#marked.add(network);
    this.#wake();
  }

  /** The agent has heard of all its networks, and forgets the others. */
  begun(): void {
    this.#held.clear();
  }

  /** The network, or this node's part in it, may have changed. */
  mark(network: NetworkId): void {
    this.#marked.add(network);
    this.#wake();
  }

  /** What the agent's kernel does; 0 when that is not known. */
  appliedVersion(network: NetworkId): number {
    return this.#sent.get(network)?.applied ?? 0;
  }

  /** The agent's word that it applied a version. False when it was not sent that one: then it says nothing. */
  applied(network: NetworkId, version: number): boolean {
    const sent = this.#sent.get(network);
    if (sent === undefined) this.#speaksOf(network);
    if (sent === undefined || version > sent.version || version <= sent.applied) return false;
    sent.applied = version;
    return true;
  }

  /** The agent has lost the thread. */
  resync(network: NetworkId, nowMs: number): void {
    const sent = this.#sent.get(network);
    if (sent === undefined) {
      this.#speaksOf(network);
      return;
    }
    if (nowMs - sent.resyncAtMs < RESYNC_PAUSE_MS) {
      this.#later.add(network);
      return;
    }
    this.#later.delete(network);
    this.#dropRest(network);
    sent.resyncAtMs = nowMs;
    sent.anew = true;
    this.mark(network);
  }

  /** To be called every now and then: what was asked for too soon. */
  sweep(nowMs: number): void {
    for (const network of this.#later) {
      if (this.#sent.has(network)) this.resync(network, nowMs);
      else this.#later.delete(network);
    }
  }

  /** Has the agent been told of everything that the task needs? @param exists whether there is such a network at all. */
  covers(task: Task, exists: (network: NetworkId) => boolean): boolean {
    if (!needsNetworks(task)) return true;
    return task.attachments.every(({ networkId }) => this.#sent.has(networkId) || !exists(networkId));
  }

  /** As `covers`, of a task in a commit that the tables have followed. */
  isReadyFor(task: Task): boolean {
    return this.covers(task, (network) => this.#networks.table(network) !== undefined);
  }

  /** The session is over. */
  end(): void {
    this.#turns.leave(this);
  }

  /** It may have its turn now. */
  wake(): void {
    this.#wake();
  }

  /** Of a network that the agent has to know whole before its tasks can use it. */
  nextSnapshot(): DispatcherMessage | undefined {
    const next = this.#rest?.network ?? this.#unsaid();
    const confirmation = next === undefined ? undefined : this.#confirmation(next);
    if (next !== undefined && confirmation !== undefined) {
      this.#marked.delete(next);
      return this.#send(next, [confirmation]);
    }
    if (next === undefined) this.#turns.leave(this);
    if (next === undefined || !this.#turns.enter(this)) return undefined;
    if (this.#rest !== undefined) return this.#send(next, this.#rest.parts);
    this.#marked.delete(next);
    const table = this.#networks.table(next);
    if (table?.network === undefined) return undefined;
    return this.#send(next, this.#messages.snapshot(table, table.network));
  }

  /** Of a network that the agent knows from an earlier session, just as it is. */
  #confirmation(network: NetworkId): NetworkMessage | undefined {
    const held = this.#held.get(network);
    if (held === undefined) return undefined;
    this.#held.delete(network);
    const table = this.#networks.table(network);
    if (table?.network === undefined) return undefined;
    return this.#messages.confirmation(table, table.network, held);
  }

  /** A network that is to be said whole. */
  #unsaid(): NetworkId | undefined {
    for (const id of this.#marked) {
      const sent = this.#sent.get(id);
      if ((sent === undefined || sent.anew) && this.#networks.wants(this.node, id)) return id;
    }
    return undefined;
  }

  /** Changes of a network that the agent knows. */
  nextDelta(): DispatcherMessage | undefined {
    for (const id of this.#marked) {
      const table = this.#networks.table(id);
      const sent = this.#sent.get(id);
      if (!this.#networks.wants(this.node, id)) {
        if (sent === undefined) this.#marked.delete(id);
        continue;
      }
      if (table?.network === undefined || sent === undefined || sent.anew) continue;
      if (this.#rest?.network === id) continue; // its changes come upon the last part
      const delta = table.version <= sent.version ? "none" : this.#messages.delta(table, table.network, sent.version);
      if (delta === undefined) {
        sent.anew = true;
        return this.nextSnapshot();
      }
      this.#marked.delete(id);
      if (delta !== "none") return this.#send(id, [delta]);
    }
    return undefined;
  }

  /** A network that none of the node's tasks is on any more. */
  nextGone(): DispatcherMessage | undefined {
    for (const id of this.#marked) {
      if (this.#networks.wants(this.node, id)) continue;
      this.#marked.delete(id);
      this.#dropRest(id);
      if (this.#sent.delete(id)) return gone(id);
    }
    for (const id of this.#strange) {
      this.#strange.delete(id);
      if (!this.#networks.wants(this.node, id)) return gone(id);
    }
    return undefined;
  }

  #speaksOf(network: NetworkId): void {
    if (this.#strange.size >= MAX_STRANGE || this.#networks.wants(this.node, network)) return;
    this.#strange.add(network);
    this.#wake();
  }

  #dropRest(network: NetworkId): void {
    if (this.#rest?.network === network) this.#rest = undefined;
  }

  /** Another network may have its word between two parts. */
  #send(network: NetworkId, [first, ...rest]: readonly NetworkMessage[]): DispatcherMessage | undefined {
    if (rest.length > 0) this.#rest = { network, parts: rest };
    else this.#dropRest(network);
    if (first === undefined) return undefined;
    const sent = this.#sent.get(network);
    if (sent === undefined) {
      const { version } = first;
      this.#sent.set(network, { version, applied: 0, anew: false, resyncAtMs: Number.NEGATIVE_INFINITY });
    } else {
      sent.version = first.version;
      sent.anew = false;
    }
    return first.message;
  }
}
