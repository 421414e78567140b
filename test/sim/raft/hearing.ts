// Who has heard whom, and what follows from that for candidates and leaders. Both rules keep a cluster calm rather than its
// data safe, so the paper's invariants never see them broken:
// - pre-vote: a member raises the term by itself only after a quorum has answered it since its term last changed. One that is
//   cut off stays at its term, and deposes nobody when it returns.
// - check-quorum: who has not heard a quorum for two election timeouts of its own clock does not lead, and is nobody's leader.
import { voterIds } from "../../../manager/raft/core/config.ts";
import type { Message } from "../../../manager/raft/core/messages.ts";
import { hasQuorum } from "../../../manager/raft/core/quorum.ts";
import type { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { Config } from "../../../manager/raft/core/types.ts";

interface Ear {
  ticks: number;
  term: number;
  /** In this term. */
  readonly heardInTerm: Set<number>;
  /** The leader asked it to campaign at once. */
  urged: boolean;
  /** By sender, the own tick at which it was last heard. */
  readonly heardAtTick: Map<number, number>;
  /** Since when it leads in this term with this membership, in own ticks. */
  leadsSinceTick: number | undefined;
  config: Config;
}

export class Hearing {
  readonly #ears = new Map<number, Ear>();
  readonly #limitTicks: number;

  constructor(electionTicks: number) {
    this.#limitTicks = 2 * electionTicks;
  }

  /** The process is a new one. */
  started(core: RaftCore): void {
    this.#ears.set(core.id, {
      ticks: 0,
      term: core.term,
      heardInTerm: new Set(),
      urged: false,
      heardAtTick: new Map(),
      leadsSinceTick: undefined,
      config: core.config,
    });
  }

  /** Call before the member handles it. */
  delivered({ from, to, kind }: Message): void {
    const ear = this.#ears.get(to);
    if (ear === undefined) return;
    ear.heardInTerm.add(from);
    ear.heardAtTick.set(from, ear.ticks);
    if (kind === "timeout-now") ear.urged = true;
  }

  /** Call before the member counts it. */
  ticked(id: number): void {
    const ear = this.#ears.get(id);
    if (ear !== undefined) ear.ticks++;
  }

  /** @returns what is wrong with the member after whatever it did. */
  judge(core: RaftCore): string | undefined {
    const ear = this.#ears.get(core.id);
    if (ear === undefined) return undefined;
    return this.#raisedAlone(core, ear) ?? this.#leadsUnheard(core, ear);
  }

  #raisedAlone(core: RaftCore, ear: Ear): string | undefined {
    const { id, term, config } = core;
    if (term === ear.term) return undefined;
    const { heardInTerm, urged } = ear;
    const own = core.role === "candidate";
    const supported = hasQuorum(voterIds(config), (voter) => voter === id || heardInTerm.has(voter));
    const before = ear.term;
    ear.term = term;
    ear.urged = false;
    heardInTerm.clear();
    if (!own || urged || supported) return undefined;
    return `member ${id} raised term ${before} to ${term} without having heard a quorum`;
  }

  #leadsUnheard(core: RaftCore, ear: Ear): string | undefined {
    const { id, term, config } = core;
    if (core.role !== "leader" || config !== ear.config) ear.leadsSinceTick = undefined;
    ear.config = config;
    if (core.role !== "leader") return undefined;
    ear.leadsSinceTick ??= ear.ticks;
    const since = ear.ticks - this.#limitTicks;
    if (ear.leadsSinceTick >= since) return undefined;
    const heard = (voter: number): boolean => voter === id || (ear.heardAtTick.get(voter) ?? 0) >= since;
    if (hasQuorum(voterIds(config), heard)) return undefined;
    return `member ${id} leads term ${term} and has not heard a quorum for ${this.#limitTicks} ticks`;
  }
}
