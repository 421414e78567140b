// Who can talk to whom, and how badly. Two ways of talking:
// - datagrams, for Raft's messages: lost, doubled, late and out of order (Raft's streams are in order, but they break and are
//   made again; the core is held to the harsher rule);
// - connections, for sessions and calls: in order and whole, or broken. A cut holds what is under way; when it lasts, both
//   ends find out by themselves, as keepalive makes them.
import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

export interface Weather {
  lossRate: number;
  duplicateRate: number;
  /** Milliseconds that one way takes at most. */
  maxDelayMs: number;
  /** How often a datagram takes ten times as long. */
  lateRate: number;
}

export const FAIR: Weather = { lossRate: 0, duplicateRate: 0, maxDelayMs: 3, lateRate: 0 };
const KEEPALIVE_MS = 3_000;

export class Network {
  readonly #world: World;
  readonly #cuts = new Set<string>();
  readonly #connections = new Set<Connection>();
  weather: Weather = { ...FAIR };

  constructor(world: World) {
    this.#world = world;
  }

  get cut(): boolean {
    return this.#cuts.size > 0;
  }

  passes(from: string, to: string): boolean {
    return !this.#cuts.has(`${from}>${to}`);
  }

  /** One way. */
  sever(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
    for (const connection of this.#connections) connection.networkChanged();
  }

  heal(): void {
    this.#cuts.clear();
    for (const connection of this.#connections) connection.networkChanged();
  }

  delayMs(): number {
    const { maxDelayMs, lateRate } = this.weather;
    const ms = 0.2 + this.#world.random() * maxDelayMs;
    return lateRate > 0 && this.#world.chance(lateRate) ? ms * 10 : ms;
  }

  /** `arrive` runs at the other end, as often as the datagram gets there. */
  datagram(from: string, to: string, arrive: () => void): void {
    const { duplicateRate } = this.weather;
    this.#send(from, to, duplicateRate > 0 && this.#world.chance(duplicateRate) ? 2 : 1, arrive);
  }

  /** As `datagram`, at most once: a call over TCP. */
  once(from: string, to: string, arrive: () => void): void {
    this.#send(from, to, 1, arrive);
  }

  #send(from: string, to: string, copies: number, arrive: () => void): void {
    const { lossRate } = this.weather;
    for (let copy = 0; copy < copies; copy++) {
      if (lossRate > 0 && this.#world.chance(lossRate)) continue;
      this.#world.after(this.delayMs(), () => {
        if (this.passes(from, to)) arrive();
      });
    }
  }

  connect(near: End, far: End): Connection {
    const connection = new Connection(this.#world, this, near, far, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    connection.networkChanged();
    return connection;
  }

  /** Every connection of a process that has ended: the others hear of it at once, or by keepalive when the host is gone. */
  ended(process: SimProcess, silent: boolean): void {
    for (const connection of [...this.#connections]) {
      if (connection.involves(process)) connection.break(silent ? KEEPALIVE_MS : this.delayMs());
    }
  }
}

export interface End {
  readonly host: string;
  readonly process: SimProcess;
  /** The connection is gone: nothing more arrives. Called once, in `process`. */
  readonly onBroken: () => void;
}

interface Lane {
  lastDueMs: number;
  /** Under way when the link was cut. */
  readonly held: (() => void)[];
}

export class Connection {
  readonly #world: World;
  readonly #network: Network;
  readonly #ends: readonly [End, End];
  readonly #onClosed: () => void;
  readonly #lanes: readonly [Lane, Lane] = [
    { lastDueMs: 0, held: [] },
    { lastDueMs: 0, held: [] },
  ];
  #cutSinceMs: number | undefined;
  #closed = false;

  constructor(world: World, network: Network, near: End, far: End, onClosed: () => void) {
    this.#world = world;
    this.#network = network;
    this.#ends = [near, far];
    this.#onClosed = onClosed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  involves(process: SimProcess): boolean {
    return this.#ends.some((end) => end.process === process);
  }

  /** From the near end (0) to the far one, or back (1); `arrive` runs in the other end's process. */
  send(direction: 0 | 1, arrive: () => void): void {
    if (this.#closed) return;
    const lane = this.#lanes[direction];
    lane.lastDueMs = Math.max(lane.lastDueMs, this.#world.nowMs + this.#network.delayMs());
    this.#world.at(lane.lastDueMs, () => {
      if (this.#closed) return;
      if (lane.held.length > 0 || !this.#passes(direction)) lane.held.push(arrive);
      else this.#ends[direction === 0 ? 1 : 0].process.deliver(0, arrive);
    });
  }

  networkChanged(): void {
    if (this.#closed) return;
    for (const direction of [0, 1] as const) {
      if (!this.#passes(direction)) continue;
      for (const arrive of this.#lanes[direction].held.splice(0)) {
        this.#ends[direction === 0 ? 1 : 0].process.deliver(0, arrive);
      }
    }
    // Without acknowledgements a stream of either direction dies.
    if (this.#passes(0) && this.#passes(1)) this.#cutSinceMs = undefined;
    else if (this.#cutSinceMs === undefined) {
      const since = this.#world.nowMs;
      this.#cutSinceMs = since;
      this.#world.after(KEEPALIVE_MS, () => {
        if (this.#cutSinceMs === since) this.break(0);
      });
    }
  }

  break(afterMs: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed();
    for (const { process, onBroken } of this.#ends) process.deliver(afterMs, onBroken);
  }

  #passes(direction: 0 | 1): boolean {
    const [near, far] = this.#ends;
    return direction === 0 ? this.#network.passes(near.host, far.host) : this.#network.passes(far.host, near.host);
  }
}
