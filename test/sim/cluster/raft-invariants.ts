// What must hold of the managers' Raft members whatever happens, in the words of the Raft paper's figure 3; looked at after
// every round of a member and every write of its disk.
import { isVoter } from "../../../manager/raft/core/config.ts";
import type { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { Config, EntryBody } from "../../../manager/raft/core/types.ts";
import type { LogWrite } from "../../../manager/raft/storage.ts";
import type { Disk } from "./disk.ts";
import { bytesHash, type World } from "./world.ts";

interface Seen {
  commitIndex: number;
  config: Config;
  leadsTerm: number;
}

export class RaftInvariants {
  readonly #world: World;
  /** By raft id; members that are down or were removed keep theirs. */
  readonly disks = new Map<number, Disk>();
  readonly #leaders = new Map<number, number>();
  readonly #votes = new Map<string, number>();
  readonly #written = new Map<string, string>();
  /** `inTerm`: of the member that was first to say so. */
  readonly #committed: { readonly term: number; readonly by: number; readonly inTerm: number }[] = [
    { term: 0, by: 0, inTerm: 0 },
  ];
  readonly #applied = new Map<number, string>();
  readonly #seen = new WeakMap<RaftCore, Seen>();

  constructor(world: World) {
    this.#world = world;
  }

  get terms(): number {
    return this.#leaders.size;
  }

  /** One vote per term, on disk; and entries of one index and term are the same, after the same predecessor. */
  wrote(id: number, { hardState, entries }: LogWrite): void {
    const disk = this.disks.get(id);
    if (hardState !== undefined && hardState.vote !== 0) {
      const key = `${id}/${hardState.term}`;
      const known = this.#votes.get(key) ?? hardState.vote;
      if (known !== hardState.vote) this.#fail(`member ${id} voted twice in term ${hardState.term}`);
      this.#votes.set(key, known);
    }
    let before = disk?.term((entries?.[0]?.index ?? 0) - 1);
    for (const { index, term, body } of entries ?? []) {
      const key = `${index}/${term}`;
      const text = `${digestOf(body)} after ${before ?? "?"}`;
      const known = this.#written.get(key) ?? text;
      if (known !== text) this.#fail(`member ${id} wrote ${text} at ${key}, others ${known}`);
      this.#written.set(key, text);
      before = term;
    }
  }

  applied(id: number, index: number, term: number, data: Uint8Array): void {
    const text = `${term}:${digestOf({ kind: "data", value: data })}`;
    const known = this.#applied.get(index) ?? text;
    if (known !== text) this.#fail(`member ${id} applied ${text} at ${index}, others ${known}`);
    this.#applied.set(index, known);
  }

  progressed(core: RaftCore): void {
    let seen = this.#seen.get(core);
    if (seen === undefined) {
      seen = { commitIndex: 0, config: core.config, leadsTerm: 0 };
      this.#seen.set(core, seen);
    }
    if (core.role === "leader" && seen.leadsTerm !== core.term) {
      seen.leadsTerm = core.term;
      this.#leads(core);
    }
    const { commitIndex } = core;
    if (commitIndex < seen.commitIndex) this.#fail(`member ${core.id} took back commit index ${seen.commitIndex}`);
    for (let index = seen.commitIndex + 1; index <= commitIndex; index++) this.#commits(core, index, seen.config);
    seen.commitIndex = commitIndex;
    seen.config = core.config;
  }

  /** Does the disk hold the last committed entry, and so by log matching all before it? */
  hasAll(disk: Disk): boolean {
    const last = this.#committed.length - 1;
    return disk.holds(last, this.#committed[last]?.term ?? 0);
  }

  /**
   * Member `id` is a group of its own from now on, whose first own index is `index`.
   * @returns whether all before it was committed already.
   */
  rebase(id: number, disk: Disk, index: number): boolean {
    const sure = this.#committed.length === index;
    this.disks.set(id, disk);
    const { term } = disk.hardState;
    if (index <= this.#committed.length - 1) this.#fail(`entries up to ${this.#committed.length - 1} were committed`);
    for (let at = this.#committed.length; at <= index; at++) this.#committed[at] = { term, by: id, inTerm: term };
    this.#leaders.clear();
    this.#votes.clear();
    return sure;
  }

  #leads(core: RaftCore): void {
    const { id, term } = core;
    const known = this.#leaders.get(term) ?? id;
    if (known !== id) this.#fail(`term ${term} has two leaders: ${known} and ${id}`);
    this.#leaders.set(term, id);
    this.#world.record(`member ${id} leads term ${term}`);
    // Leader completeness. By log matching the last committed entry stands for all before it. A member that won and was
    // stalled says so late: what was committed in later terms meanwhile, it need not have.
    let last = this.#committed.length - 1;
    while (last > 0 && (this.#committed[last]?.inTerm ?? 0) >= term) last--;
    const own = core.termAt(last);
    const compacted = last <= (this.disks.get(id)?.snapshot?.index ?? 0);
    if (!compacted && own !== this.#committed[last]?.term) {
      this.#fail(`member ${id} leads term ${term} without committed entry ${last}: has term ${own}`);
    }
  }

  #commits(core: RaftCore, index: number, before: Config): void {
    const { id } = core;
    const term = core.termAt(index);
    const known = this.#committed[index];
    if (term === undefined) {
      if (known === undefined) this.#fail(`member ${id} has no entry ${index}, which it calls committed`);
      return; // within its snapshot
    }
    if (known !== undefined) {
      if (known.term !== term) {
        this.#fail(
          `member ${id} committed ${index} of term ${term}, member ${known.by} committed it of term ${known.term}`,
        );
      }
      return;
    }
    this.#committed[index] = { term, by: id, inTerm: core.term };
    // Committed means: on the disks of a majority, whatever the members believe. The round that commits may also append the
    // next membership: the one before it counts as well.
    const onMajority = ({ members }: Config): boolean => {
      const voters = members.filter(({ voter }) => voter);
      return voters.filter(({ raftId }) => this.disks.get(raftId)?.holds(index, term)).length * 2 > voters.length;
    };
    if (!onMajority(core.config) && !onMajority(before)) {
      this.#fail(`member ${id} committed ${index} of term ${term}, which is on a minority of the disks only`);
    }
  }

  #fail(message: string): never {
    return this.#world.fail(`raft: ${message}`);
  }
}

function digestOf(body: EntryBody): string {
  switch (body.kind) {
    case "noop":
      return "noop";
    case "config":
      return body.members.map(({ raftId }) => `${raftId}${isVoter(body, raftId) ? "" : "?"}`).join();
    case "data":
      return `${body.value.length}:${bytesHash(body.value)}`;
  }
}
