// Membership as values: changing it, and remembering which one holds where in the log.
//
// One voter changes at a time, so that any majority of the old membership and any of the new one share a member (Raft
// thesis, section 4.1). A membership takes effect when its entry is in the log, not when it is committed: then the rule of
// overlap needs no word about who has applied what, and a truncated entry simply gives way to the one before.
import { unreachable } from "./assert.ts";
import type { Config, Member } from "./types.ts";

export type ConfigChange =
  /** Joins as a learner: it cannot weaken the quorum while it has no log. */
  | { readonly kind: "add"; readonly member: Omit<Member, "voter"> }
  /** From learner to voter. */
  | { readonly kind: "promote"; readonly raftId: number }
  | { readonly kind: "remove"; readonly raftId: number }
  /** The member answers elsewhere. No vote changes. */
  | { readonly kind: "readdress"; readonly raftId: number; readonly addr: string };

export type ChangeOutcome =
  | { readonly kind: "changed"; readonly config: Config }
  | { readonly kind: "refused"; readonly reason: string };

export const EMPTY_CONFIG: Config = { members: [], nextRaftId: 1 };

export const voterIds = (config: Config): readonly number[] =>
  config.members.filter((member) => member.voter).map((member) => member.raftId);

export const memberOf = (config: Config, raftId: number): Member | undefined =>
  config.members.find((member) => member.raftId === raftId);

export const isVoter = (config: Config, raftId: number): boolean => memberOf(config, raftId)?.voter === true;

/** True when `raftId` was a member and is not any more. An id that was never given out is unknown, not removed. */
export const wasRemoved = (config: Config, raftId: number): boolean =>
  raftId < config.nextRaftId && memberOf(config, raftId) === undefined;

/** Ids are never reused, and the last voter cannot go. */
export function changeConfig(config: Config, change: ConfigChange): ChangeOutcome {
  const refused = (reason: string): ChangeOutcome => ({ kind: "refused", reason });
  switch (change.kind) {
    case "add": {
      const { raftId } = change.member;
      if (raftId < config.nextRaftId) return refused(`raft id ${raftId} was already given out`);
      const members = [...config.members, { ...change.member, voter: false }];
      return { kind: "changed", config: { members, nextRaftId: raftId + 1 } };
    }
    case "promote": {
      const member = memberOf(config, change.raftId);
      if (member === undefined) return refused(`${change.raftId} is not a member`);
      if (member.voter) return refused(`${change.raftId} is a voter already`);
      const members = config.members.map((other) => (other === member ? { ...member, voter: true } : other));
      return { kind: "changed", config: { ...config, members } };
    }
    case "remove": {
      const members = config.members.filter((member) => member.raftId !== change.raftId);
      if (members.length === config.members.length) return refused(`${change.raftId} is not a member`);
      if (!members.some((member) => member.voter)) return refused(`${change.raftId} is the last voter`);
      return { kind: "changed", config: { ...config, members } };
    }
    case "readdress": {
      const { raftId, addr } = change;
      const member = memberOf(config, raftId);
      if (member === undefined) return refused(`${raftId} is not a member`);
      if (member.addr === addr) return refused(`${raftId} is at ${addr} already`);
      const members = config.members.map((other) => (other === member ? { ...member, addr } : other));
      return { kind: "changed", config: { ...config, members } };
    }
    default:
      return unreachable(change);
  }
}

interface Dated {
  /** The entry (or snapshot) that brought it. */
  readonly index: number;
  readonly config: Config;
}

/** The memberships of the log's tail: the last one is in force, earlier ones return when it is truncated. */
export class ConfigHistory {
  #dated: Dated[];

  constructor(index: number, config: Config) {
    this.#dated = [{ index, config }];
  }

  get current(): Config {
    return this.#last.config;
  }

  /** Index of the entry that brought the current one. */
  get currentIndex(): number {
    return this.#last.index;
  }

  get #last(): Dated {
    return this.#dated.at(-1) ?? { index: 0, config: EMPTY_CONFIG };
  }

  /** The membership in force at `index`. */
  at(index: number): Config {
    return (this.#dated.findLast((dated) => dated.index <= index) ?? { config: EMPTY_CONFIG }).config;
  }

  append(index: number, config: Config): void {
    this.#dated.push({ index, config });
  }

  /** The log loses `index` and everything after it. */
  truncate(index: number): void {
    this.#dated = this.#dated.filter((dated) => dated.index < index);
  }

  /** Nothing before `index` can come back. */
  forget(index: number): void {
    const keep = this.#dated.findLastIndex((dated) => dated.index <= index);
    if (keep > 0) this.#dated.splice(0, keep);
  }

  reset(index: number, config: Config): void {
    this.#dated = [{ index, config }];
  }
}
