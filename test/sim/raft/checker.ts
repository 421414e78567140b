// What must hold after every step, in the words of the Raft paper's figure 3 and of what clients were told. The checker sees
// disks, roles, commit indexes and applied entries of all members, and believes none of them.
import type { Config, Entry, EntryBody } from "../../../manager/raft/core/types.ts";
import type { SimMember } from "./sim-member.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

function check(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new Violation(message());
}

export const bodyText = (body: EntryBody): string => {
  switch (body.kind) {
    case "noop":
      return "noop";
    case "data":
      return new TextDecoder().decode(body.value);
    case "config":
      return body.members.map(({ raftId, voter }) => `${raftId}${voter ? "" : "?"}`).join(",");
  }
};

export class Checker {
  readonly #leaders = new Map<number, number>();
  readonly #votes = new Map<string, number>();
  readonly #written = new Map<string, string>();
  /** Term and text by index, of everything that any member ever called committed. */
  readonly #committed: { readonly term: number; readonly by: number }[] = [{ term: 0, by: 0 }];
  readonly #applied: string[] = [""];
  readonly #commitSeen = new Map<number, number>();
  readonly #configSeen = new Map<number, Config>();
  readonly #proposed = new Set<string>();
  readonly #acked = new Map<string, number>();
  /** The highest index whose proposer was told. */
  ackedIndex = 0;

  get committedIndex(): number {
    return this.#committed.length - 1;
  }

  get ackedCount(): number {
    return this.#acked.size;
  }

  /** State machines, one applied entry at a time: all apply the same at the same index. */
  applied(id: number, { index, term, body }: Entry): void {
    const text = `${term}:${bodyText(body)}`;
    const known = this.#applied[index];
    check(known === undefined || known === text, () => `member ${id} applied ${text} at ${index}, others ${known}`);
    this.#applied[index] = text;
  }

  /** Log matching: entries of one index and term are the same and have the same predecessor. */
  wrote(id: number, entries: readonly Entry[], prevTerm: number | undefined): void {
    let before = prevTerm;
    for (const { index, term, body } of entries) {
      const key = `${index}/${term}`;
      const text = `${bodyText(body)} after ${before ?? "?"}`;
      const known = this.#written.get(key);
      check(known === undefined || known === text, () => `member ${id} wrote ${text} at ${key}, others ${known}`);
      this.#written.set(key, text);
      before = term;
    }
  }

  /** Election safety: one vote per term, on disk. */
  voted(id: number, term: number, vote: number): void {
    if (vote === 0) return;
    const key = `${id}/${term}`;
    const known = this.#votes.get(key) ?? vote;
    check(known === vote, () => `member ${id} voted for ${known} and ${vote} in term ${term}`);
    this.#votes.set(key, vote);
  }

  /** Values are names: one that was put into the log twice could be acknowledged at either place. */
  proposed(value: string): void {
    check(!this.#proposed.has(value), () => `the simulation itself is wrong: it proposes ${value} twice`);
    this.#proposed.add(value);
  }

  acknowledged(value: string, index: number): void {
    this.#acked.set(value, index);
    this.ackedIndex = Math.max(this.ackedIndex, index);
    check(
      this.#applied[index]?.endsWith(`:${value}`) === true,
      () => `${value} acknowledged at ${index}, which it is not`,
    );
  }

  /** Linearizable: a read sees all that was acknowledged before it began. */
  readServed(id: number, ackedBefore: number, index: number): void {
    check(
      index >= ackedBefore,
      () => `member ${id} served a read at ${index}, but ${ackedBefore} was acknowledged before`,
    );
  }

  /** After a step of `member`; `all` includes those that are down: their disks count. */
  stepped(member: SimMember, all: ReadonlyMap<number, SimMember>): void {
    const { core, id } = member;
    if (core === undefined) return;
    if (core.role === "leader") this.#leads(id, core.term, member);
    const commit = core.commitIndex;
    const seen = this.#commitSeen.get(id) ?? 0;
    for (let index = seen + 1; index <= commit; index++) this.#commits(member, index, all);
    this.#commitSeen.set(id, commit);
    this.#configSeen.set(id, core.config);
    check(commit <= this.committedIndex, () => `member ${id} committed ${commit}, which nobody saw`);
  }

  restarted(id: number): void {
    this.#commitSeen.set(id, 0);
    this.#configSeen.delete(id);
  }

  #leads(id: number, term: number, member: SimMember): void {
    const known = this.#leaders.get(term);
    if (known === id) return;
    check(known === undefined, () => `term ${term} has two leaders: ${known} and ${id}`);
    this.#leaders.set(term, id);
    // Leader completeness. By log matching the last committed entry stands for all before it.
    const last = this.#committed.length - 1;
    const own = member.core?.termAt(last);
    const compacted = last <= (member.disk.snapshot()?.index ?? 0);
    check(
      compacted || own === this.#committed[last]?.term,
      () => `member ${id} leads term ${term} without committed entry ${last} of term ${this.#committed[last]?.term}`,
    );
  }

  #commits(member: SimMember, index: number, all: ReadonlyMap<number, SimMember>): void {
    const { core, id } = member;
    const term = core?.termAt(index);
    if (core === undefined || term === undefined) {
      check(index <= this.committedIndex, () => `member ${id} has no entry ${index} that it calls committed`);
      return; // within its snapshot
    }
    const known = this.#committed[index];
    check(
      known === undefined || known.term === term,
      () => `member ${id} committed ${index} of term ${term}; member ${known?.by} committed it of term ${known?.term}`,
    );
    if (known !== undefined) return;
    this.#committed[index] = { term, by: id };
    // Committed means: on the disks of a majority, whatever the members believe.
    // (The step that commits may also append the next membership: the one before it counts as well.)
    const onMajority = (config: Config): boolean => {
      const voters = config.members.filter(({ voter }) => voter);
      const holders = voters.filter(({ raftId }) => all.get(raftId)?.disk.holds(index, term) === true);
      return holders.length * 2 > voters.length;
    };
    check(
      onMajority(core.config) || onMajority(this.#configSeen.get(id) ?? core.config),
      () => `member ${id} committed ${index} of term ${term}, which is on a minority of the disks only`,
    );
  }

  /** At the end: everything acknowledged is in every state machine. */
  finished(members: Iterable<SimMember>): void {
    for (const { id, values } of members) {
      for (const [value, index] of this.#acked) {
        check(values.get(value) === index, () => `member ${id} lost ${value}, acknowledged at ${index}`);
      }
    }
  }
}
