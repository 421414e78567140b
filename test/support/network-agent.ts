// An agent that only knows networks: it speaks the dispatcher's protocol, merges what it is told, and says what it has applied.
// It may read late, apply late, forget, break off and come back, also at another manager.
import { heldNetworks } from "../../agent/network/held.ts";
import { merge, type NetworkViews } from "../../agent/network/view.ts";
import type { Dispatcher } from "../../manager/dispatcher/dispatcher.ts";
import { type AgentMessage, type DispatcherMessage, newAgentMessage } from "../../proto/gen/dispatcher.ts";
import type { Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { ClusterId, NetworkId, NodeId, TaskId } from "../../shared/model/ids.ts";

export interface NetworkAgentEvents {
  /** Its node gets these tasks; `views` are the networks that it has been told of. */
  readonly onTasks?: (tasks: readonly Task[], views: NetworkViews) => void;
  readonly onDrained?: (tasks: readonly TaskId[]) => void;
  readonly onMessage?: (message: NonNullable<DispatcherMessage["message"]>) => void;
}

type Said = NonNullable<AgentMessage["message"]>;

export class NetworkAgent {
  readonly id: NodeId;
  readonly #events: NetworkAgentEvents;
  /** As it was told. */
  views: NetworkViews = new Map();
  /** As its kernel has it. */
  applied: NetworkViews = new Map();
  /** It was told of the last session's drained tasks. */
  readonly drained = new Set<TaskId>();
  /** How the last session ended; undefined while there is one. */
  ended: string | undefined = "none yet";
  #line: Line | undefined;
  #reading = true;
  #applying = true;
  #told = new Map<NetworkId, number>();
  #resume: () => void = () => undefined;

  constructor(id: NodeId, events: NetworkAgentEvents = {}) {
    this.id = id;
    this.#events = events;
  }

  get connected(): boolean {
    return this.ended === undefined;
  }

  connect(dispatcher: Dispatcher): void {
    this.drop();
    const line = new Line();
    this.#line = line;
    this.#told = new Map();
    this.drained.clear();
    this.ended = undefined;
    line.say({
      kind: "hello",
      challenge: new Uint8Array(0),
      addr: "",
      description: undefined,
      networks: heldNetworks(this.views),
    });
    void this.#run(line, dispatcher);
  }

  drop(): void {
    this.#line?.abort.abort(new SkepError("canceled", "gone"));
    this.#line?.end();
    this.#line = undefined;
    this.ended ??= "dropped";
  }

  say(message: Said): void {
    this.#line?.say(message);
  }

  /** While it does not read, what it is told queues at the manager. */
  read(reading: boolean): void {
    this.#reading = reading;
    if (reading) this.#resume();
  }

  /** While it does not apply, it only learns. */
  apply(applying: boolean): void {
    this.#applying = applying;
    this.#apply();
  }

  /** From now on it does both. */
  listen(): void {
    this.read(true);
    this.apply(true);
  }

  /** It loses what it knows of one network. */
  forget(network: NetworkId): void {
    const rest = new Map(this.views);
    rest.delete(network);
    this.views = rest;
  }

  async #run(line: Line, dispatcher: Dispatcher): Promise<void> {
    const peer = { kind: "node", nodeId: this.id, role: "worker", clusterId: "" as ClusterId } as const;
    const context = { peer, signal: line.abort.signal, metadata: new Map<string, string>() };
    let ended = "well";
    try {
      for await (const { message } of dispatcher.handlers.session(line.requests(), context)) {
        if (this.#line !== line) return;
        if (message !== undefined) this.#hear(message);
        while (!this.#reading && this.#line === line) {
          await new Promise<void>((resolve) => {
            this.#resume = resolve;
          });
        }
      }
    } catch (error) {
      const { code, message } = SkepError.from(error);
      ended = `${code}: ${message}`;
    } finally {
      line.end();
      if (this.#line === line) {
        this.#line = undefined;
        this.ended = ended;
      }
    }
  }

  #hear(message: NonNullable<DispatcherMessage["message"]>): void {
    this.#events.onMessage?.(message);
    if (message.kind === "drained") {
      for (const id of message.taskIds) this.drained.add(id);
      this.#events.onDrained?.(message.taskIds);
    } else if (message.kind === "assignments") {
      if (message.type === "complete") {
        this.views = new Map([...this.views].filter(([id]) => this.#told.has(id)));
        this.#apply();
      }
      this.#events.onTasks?.(message.tasks, this.views);
    } else if (message.kind === "network" && message.update !== undefined) {
      const { update } = message;
      const merged = merge(this.views, update);
      if (merged.kind === "invalid") throw new Error(merged.reason);
      if (merged.kind === "resync") {
        this.say({ kind: "networkResync", networkId: merged.networkId });
        return;
      }
      this.views = merged.views;
      if (update.kind === "snapshot" && update.network !== undefined) this.#told.set(update.network.networkId, 0);
      if (update.kind === "delta" && !this.#told.has(update.networkId)) this.#told.set(update.networkId, 0);
      if (update.kind === "gone") this.#told.delete(update.networkId);
      this.#apply();
    }
  }

  #apply(): void {
    if (!this.#applying) return;
    this.applied = this.views;
    for (const [networkId, { version }] of this.views) {
      const told = this.#told.get(networkId);
      if (told === undefined || told >= version) continue;
      this.#told.set(networkId, version);
      this.say({ kind: "networkApplied", networkId, version });
    }
  }
}

/** One stream's requests. */
class Line {
  readonly abort = new AbortController();
  readonly #queue: AgentMessage[] = [];
  #wake: () => void = () => undefined;
  #ended = false;

  say(message: Said): void {
    this.#queue.push(newAgentMessage({ message }));
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *requests(): AsyncGenerator<AgentMessage> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
