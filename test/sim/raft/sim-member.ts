// One member in the simulator: the core with the shell's order of acts, a disk that takes its time, and a state machine
// that remembers at which index each value came.
import type { Message } from "../../../manager/raft/core/messages.ts";
import type { Persist, RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { Entry, Snapshot } from "../../../manager/raft/core/types.ts";
import { bodyText, type Checker } from "./checker.ts";
import type { SimDisk } from "./sim-disk.ts";

export interface MemberWorld {
  readonly checker: Checker;
  readonly makeCore: (id: number, disk: SimDisk) => RaftCore;
  readonly send: (message: Message) => void;
  readonly record: (event: string) => void;
  /** Steps that the next write takes. */
  readonly writeSteps: () => number;
  readonly snapshotInterval: number;
  readonly onAcknowledged?: (value: string, index: number) => void;
  readonly onRead: (member: number, token: number, index: number) => void;
}

export class SimMember {
  readonly id: number;
  readonly disk: SimDisk;
  readonly #world: MemberWorld;
  /** Undefined while it is down. */
  core: RaftCore | undefined;
  /** The state machine: value to index. */
  values = new Map<string, number>();
  #machineIndex = 0;
  #writing: { readonly persist: Persist; stepsLeft: number } | undefined;
  /** Proposals of this leadership that wait for their commit. */
  #waiting = new Map<number, { readonly term: number; readonly value: string }>();
  #leadingTerm = 0;

  constructor(id: number, disk: SimDisk, world: MemberWorld) {
    this.id = id;
    this.disk = disk;
    this.#world = world;
  }

  get writing(): boolean {
    return this.#writing !== undefined;
  }

  start(): void {
    const snapshot = this.disk.snapshot();
    this.#restore(snapshot);
    this.#machineIndex = snapshot?.index ?? 0;
    this.core = this.#world.makeCore(this.id, this.disk);
    this.#world.checker.restarted(this.id);
    this.pump();
  }

  /** @param keepWrite whether the write in flight made it to the disk after all. */
  crash(keepWrite: boolean): void {
    if (keepWrite && this.#writing !== undefined) this.#land(this.#writing.persist);
    this.core = undefined;
    this.#writing = undefined;
    this.#waiting.clear();
    this.#leadingTerm = 0;
  }

  propose(value: string): boolean {
    const proposal = this.core?.propose(new TextEncoder().encode(value));
    if (proposal?.kind !== "appended") return false;
    this.#world.checker.proposed(value);
    this.#waiting.set(proposal.index, { term: proposal.term, value });
    this.pump();
    return true;
  }

  /** One step of the disk. */
  work(): void {
    const { core } = this;
    if (this.#writing === undefined || core === undefined || this.disk.hung) return;
    this.#writing.stepsLeft--;
    if (this.#writing.stepsLeft > 0) return;
    const { persist } = this.#writing;
    this.#writing = undefined;
    this.#land(persist);
    if (persist.snapshot !== undefined) {
      this.#restore(persist.snapshot);
      this.#machineIndex = persist.snapshot.index;
    }
    core.advance();
    for (const message of persist.messages) this.#world.send(message);
    this.pump();
  }

  /** Takes Readys until there is nothing to do but wait. */
  pump(): void {
    const { core } = this;
    if (core === undefined) return;
    for (;;) {
      const { messages, persist, committed, reads } = core.ready();
      for (const message of messages) this.#world.send(message);
      if (persist !== undefined) this.#writing = { persist, stepsLeft: this.#world.writeSteps() };
      for (const entry of committed) this.#apply(entry);
      for (const { token, index } of reads) this.#world.onRead(this.id, token, index);
      this.#noteLeadership(core);
      if (committed.length === 0 && messages.length === 0 && reads.length === 0) break;
    }
  }

  /** Takes a snapshot and drops entries when there are enough. */
  compact(interval = this.#world.snapshotInterval, trailing = Math.floor(interval / 3)): void {
    const { core } = this;
    const index = this.#machineIndex;
    if (core === undefined || this.#writing !== undefined || index - (this.disk.snapshot()?.index ?? 0) < interval)
      return;
    const term = this.disk.term(index);
    if (term === undefined) return;
    const data = new TextEncoder().encode(JSON.stringify([...this.values]));
    this.disk.compact({ index, term, config: core.configAt(index), data }, index - trailing);
    core.compacted(index);
    this.#world.record(`member ${this.id} compacts to ${index}`);
  }

  #noteLeadership(core: RaftCore): void {
    const term = core.role === "leader" ? core.term : 0;
    if (term === this.#leadingTerm) return;
    if (term !== 0) this.#world.record(`member ${this.id} leads term ${term}`);
    this.#waiting.clear(); // outcome unknown: nobody is told
    this.#leadingTerm = term;
  }

  #apply(entry: Entry): void {
    const { index, body, term } = entry;
    if (index !== this.#machineIndex + 1)
      throw new Error(`member ${this.id} applies ${index} after ${this.#machineIndex}`);
    this.#machineIndex = index;
    this.#world.checker.applied(this.id, entry);
    if (body.kind === "data") this.values.set(bodyText(body), index);
    const waiting = this.#waiting.get(index);
    if (waiting === undefined) return;
    this.#waiting.delete(index);
    if (waiting.term !== term) return;
    this.#world.checker.acknowledged(waiting.value, index);
    this.#world.onAcknowledged?.(waiting.value, index);
  }

  #land(persist: Persist): void {
    const { checker } = this.#world;
    this.disk.write(persist);
    checker.voted(this.id, persist.hardState.term, persist.hardState.vote);
    const first = persist.entries[0];
    if (first !== undefined) checker.wrote(this.id, persist.entries, this.disk.term(first.index - 1));
  }

  #restore(snapshot: Snapshot | undefined): void {
    const pairs =
      snapshot === undefined ? [] : (JSON.parse(new TextDecoder().decode(snapshot.data)) as [string, number][]);
    this.values = new Map(pairs);
  }
}
