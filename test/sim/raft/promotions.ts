// A learner is made a voter once its log is close to the leader's: it has on disk what the leader had committed two election
// timeouts before, by the leader's clock. A voter that is further behind holds up every commit that needs it; nothing that the
// paper promises is broken by that, so the checker would never see it.
import type { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { SimMember } from "./sim-member.ts";

interface Leadership {
  readonly term: number;
  voters: ReadonlySet<number>;
  /** The commit index at each of its ticks, from the one in which it began to lead. */
  readonly commits: number[];
}

export class Promotions {
  readonly #leaderships = new Map<number, Leadership>();
  readonly #limitTicks: number;

  constructor(electionTicks: number) {
    this.#limitTicks = 2 * electionTicks;
  }

  ticked(core: RaftCore): void {
    this.#leaderships.get(core.id)?.commits.push(core.commitIndex);
  }

  /** @returns what is wrong with what the member has just done. */
  judge(core: RaftCore, members: ReadonlyMap<number, SimMember>): string | undefined {
    const { id, term, role } = core;
    const voters = new Set(core.config.members.filter(({ voter }) => voter).map(({ raftId }) => raftId));
    const before = this.#leaderships.get(id);
    if (role !== "leader") {
      this.#leaderships.delete(id);
      return undefined;
    }
    if (before?.term !== term) {
      this.#leaderships.set(id, { term, voters, commits: [core.commitIndex] });
      return undefined;
    }
    const promoted = [...voters].filter((voter) => !before.voters.has(voter));
    before.voters = voters;
    const needed = before.commits.at(Math.max(0, before.commits.length - 1 - this.#limitTicks)) ?? 0;
    for (const raftId of promoted) {
      const has = members.get(raftId)?.disk.lastIndex ?? 0;
      if (has < needed) {
        return `member ${id} makes ${raftId} a voter, which has ${has}; ${needed} was committed ${this.#limitTicks} ticks ago`;
      }
    }
    return undefined;
  }
}
