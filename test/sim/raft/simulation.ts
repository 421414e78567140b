// A cluster in one loop, driven by one seed. Everything that a network, a disk and a machine may do to a member happens
// here by chance: loss, delay, reordering, duplication, cuts of either direction, slow disks, crashes that lose what was not
// yet on disk. Fault rates are drawn from the seed too, so that some runs are calm and some are hell.
import type { Message } from "../../../manager/raft/core/messages.ts";
import type { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { Config } from "../../../manager/raft/core/types.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { Checker, Violation } from "./checker.ts";
import { Hearing } from "./hearing.ts";
import { Promotions } from "./promotions.ts";
import { drawRates, type Rates } from "./rates.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimMember } from "./sim-member.ts";

export type CoreClass = typeof RaftCore;

export interface SimulationOptions {
  readonly seed: number;
  /** The core under test; a campaign against a mutant passes another. */
  readonly core: CoreClass;
  /** Keeps every event as a line; otherwise only their digest. */
  readonly keepLog?: boolean;
  /** Drawn by the seed otherwise. */
  readonly size?: number;
  readonly rates?: (random: () => number) => Rates;
}

interface Flying {
  readonly message: Message;
  readonly due: number;
}

const STEPS_PER_TICK = 5;
export const ELECTION_TICKS = 10;
const MAX_FLYING = 2000;

export class Simulation {
  readonly checker = new Checker();
  readonly members = new Map<number, SimMember>();
  readonly events: string[] = [];
  /** Their clocks stand still; they answer all the same. */
  readonly frozen = new Set<number>();
  /** Loses what it says yes to, on top of what chance loses. */
  loses: (message: Message) => boolean = () => false;
  readonly #hearing = new Hearing(ELECTION_TICKS);
  readonly #promotions = new Promotions(ELECTION_TICKS);
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #rates: Rates;
  readonly #reads = new Map<number, number>();
  readonly #leases: boolean;
  #flying: Flying[] = [];
  /** "from>to" pairs that lose everything. */
  readonly #cut = new Set<string>();
  #step = 0;
  #digest = 0x811c9dc5;
  #nextValue = 1;
  #nextRead = 1;
  #calm = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#rates = (options.rates ?? drawRates)(this.#random);
    const size = options.size ?? [1, 3, 3, 3, 5][Math.floor(this.#random() * 5)] ?? 3;
    this.#leases = (Math.imul(options.seed, 0x9e3779b1) & 0x10000) === 0; // in one run of two
    const config: Config = {
      members: Array.from({ length: size }, (_, i) => ({ raftId: i + 1, nodeId: `n${i + 1}`, addr: "", voter: true })),
      nextRaftId: size + 1,
    };
    this.checker.wrote(0, [{ index: 1, term: 1, body: { kind: "config", ...config } }], 0);
    for (const { raftId } of config.members) this.#create(raftId, config);
    for (const member of this.members.values()) this.#act(member, "starts", () => member.start());
  }

  get digest(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, "0");
  }

  get random(): () => number {
    return this.#random;
  }

  /** With faults. @throws Violation or InvariantError. */
  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.#oneStep();
  }

  ticks(count: number): void {
    this.run(count * STEPS_PER_TICK);
  }

  /** Steps until `holds`; returns whether it came to that within `limitTicks`. */
  until(holds: () => boolean, limitTicks: number): boolean {
    for (let left = limitTicks * STEPS_PER_TICK; left > 0 && !holds(); left--) this.#oneStep();
    return holds();
  }

  /** Nothing passes between these and the others, or only to the others (`deaf`), or only from them (`mute`). */
  separate(ids: readonly number[], how: "both" | "deaf" | "mute" = "both"): void {
    const side = new Set(ids);
    for (const one of side) {
      for (const other of this.members.keys()) {
        if (side.has(other)) continue;
        if (how !== "deaf") this.#cut.add(`${one}>${other}`);
        if (how !== "mute") this.#cut.add(`${other}>${one}`);
      }
    }
    this.#record(`${ids.join(",")} ${how === "both" ? "cut off" : how}`);
  }

  mend(): void {
    this.#cut.clear();
    this.#record("links heal");
  }

  /** Its disk neither writes nor refuses from now on, or writes again. */
  hang(member: SimMember, hung: boolean): void {
    this.#record(`disk of member ${member.id} ${hung ? "hangs" : "writes again"}`);
    member.disk.hung = hung;
  }

  crash(member: SimMember, keepWrite: boolean): void {
    this.#record(`member ${member.id} crashes, its write ${keepWrite ? "kept" : "lost"}`);
    member.crash(keepWrite);
  }

  start(member: SimMember): void {
    if (member.core === undefined) this.#act(member, "starts", () => member.start());
  }

  /** Lets a member do something, as its shell would. */
  act(member: SimMember, what: string, act: (core: RaftCore) => void): void {
    const { core } = member;
    if (core === undefined) return;
    this.#act(member, what, () => {
      act(core);
      member.pump();
    });
  }

  /** What it answers, now or later, must hold all that was acknowledged before. */
  read(member: SimMember): void {
    const token = this.#nextRead++;
    this.#reads.set(token, this.checker.ackedIndex);
    this.#act(member, undefined, () => {
      member.core?.readIndex(token);
      member.pump();
    });
  }

  /** Faults off, everybody up. Then it must converge within `ticks`. */
  heal(ticks: number): void {
    this.#calm = true;
    this.#cut.clear();
    this.frozen.clear();
    this.loses = () => false;
    this.#record("heal");
    for (const member of this.members.values()) {
      member.disk.hung = false;
      if (member.core === undefined) this.#act(member, "starts", () => member.start());
    }
    const until = this.#step + ticks * STEPS_PER_TICK;
    let final: string | undefined;
    while (this.#step < until) {
      this.#oneStep();
      if (final === undefined) {
        const { leader } = this;
        // Numbered anew: one that seemed lost with its leader may yet be committed by the next.
        const value = `final${this.#nextValue}`;
        if (leader?.core?.settled === true && leader.propose(value)) {
          this.#nextValue++;
          final = value;
        }
      } else if (this.#converged(final)) {
        this.checker.finished(this.#current());
        return;
      } else if (this.leader?.values.has(final) === false && this.#step % 200 === 0) {
        final = undefined; // lost with its leader
      }
    }
    throw new Violation(`no convergence within ${ticks} ticks of calm: ${this.describe()}`);
  }

  describe(): string {
    return [...this.members.values()]
      .map(({ id, core }) => {
        if (core === undefined) return `${id} down`;
        const { role, term, commitIndex, lastIndex, config } = core.status();
        const members = config.members.map(({ raftId, voter }) => `${raftId}${voter ? "" : "?"}`).join(",");
        return `${id} ${role} term ${term} commit ${commitIndex}/${lastIndex} of [${members}]`;
      })
      .join("; ");
  }

  /** Of several that believe to lead, the one of the latest term. */
  get leader(): SimMember | undefined {
    let best: SimMember | undefined;
    for (const member of this.members.values()) {
      if (member.core?.role === "leader" && member.core.term > (best?.core?.term ?? 0)) best = member;
    }
    return best;
  }

  /** Members of the leader's membership. */
  #current(): readonly SimMember[] {
    const ids = this.leader?.core?.config.members.map(({ raftId }) => raftId) ?? [];
    return ids.flatMap((id) => this.members.get(id) ?? []);
  }

  #converged(final: string): boolean {
    const leader = this.leader?.core;
    if (leader === undefined || leader.config.members.some(({ voter }) => !voter)) return false;
    const current = this.#current();
    for (const member of this.members.values()) {
      if (!current.includes(member) && member.core?.role === "leader") return false;
    }
    const last = leader.status().lastIndex;
    return current.every(
      ({ values, core }) => values.has(final) && core?.appliedIndex === last && core.leaderId === leader.id,
    );
  }

  // ---- one step ----

  #oneStep(): void {
    this.#step++;
    if (!this.#calm) this.#faults();
    this.#deliver();
    for (const member of this.members.values()) {
      if (member.core === undefined) continue;
      this.#act(member, undefined, () => member.work());
      // Clocks drift: a member's tick comes sooner or later than another's.
      const speed = this.#calm ? 1 : 1 - this.#rates.clockDrift * ((member.id % 3) / 2);
      if ((this.#step + member.id) % STEPS_PER_TICK !== 0 || this.#random() >= speed) continue;
      if (!this.frozen.has(member.id)) {
        this.#act(member, undefined, () => {
          this.#hearing.ticked(member.id);
          member.core?.tick();
          if (member.core !== undefined) this.#promotions.ticked(member.core);
          member.pump();
        });
      }
    }
    if (!this.#calm) this.#clients();
  }

  #deliver(): void {
    const due = this.#flying.filter((flying) => flying.due <= this.#step);
    if (due.length === 0) return;
    this.#flying = this.#flying.filter((flying) => flying.due > this.#step);
    for (const { message } of due) {
      const to = this.members.get(message.to);
      if (to?.core === undefined || this.#cut.has(`${message.from}>${message.to}`)) continue;
      if (this.loses(message)) continue;
      this.#hearing.delivered(message);
      this.#act(to, `${describeMessage(message)}`, () => {
        to.core?.step(message);
        to.pump();
      });
    }
  }

  #send(message: Message): void {
    const { lossRate, duplicateRate, maxDelaySteps } = this.#rates;
    if (this.#flying.length > MAX_FLYING) return;
    const copies = this.#calm || this.#random() >= duplicateRate ? 1 : 2;
    for (let i = 0; i < copies; i++) {
      if (!this.#calm && this.#random() < lossRate) continue;
      const delay = 1 + Math.floor(this.#random() * (this.#calm ? 2 : maxDelaySteps));
      this.#flying.push({ message, due: this.#step + delay });
    }
  }

  #faults(): void {
    const { crashRate, restartRate, hangRate, unhangRate, cutRate, healRate } = this.#rates;
    for (const member of this.members.values()) {
      if (this.#random() < (member.disk.hung ? unhangRate : hangRate)) this.hang(member, !member.disk.hung);
      if (member.core === undefined) {
        if (this.#random() < restartRate) this.#act(member, "starts", () => member.start());
      } else if (this.#random() < crashRate) {
        const keep = this.#random() < 0.5;
        this.#record(`member ${member.id} crashes, its write ${keep ? "kept" : "lost"}`);
        member.crash(keep);
      }
    }
    if (this.#random() < cutRate) this.#makeCut();
    if (this.#cut.size > 0 && this.#random() < healRate) {
      this.#record("links heal");
      this.#cut.clear();
    }
  }

  #makeCut(): void {
    const ids = [...this.members.keys()];
    const oneWay = this.#random() < 0.3;
    const leader = this.#random() < 0.5 ? this.leader : undefined;
    const side = new Set(leader === undefined ? ids.filter(() => this.#random() < 0.5) : [leader.id]);
    for (const from of ids) {
      for (const to of ids) {
        if (side.has(from) && !side.has(to)) this.#cut.add(`${from}>${to}`);
        if (!oneWay && side.has(to) && !side.has(from)) this.#cut.add(`${from}>${to}`);
      }
    }
    this.#record(`cut ${oneWay ? "one way " : ""}${[...side].join(",")}`);
  }

  #clients(): void {
    const { proposeRate, readRate, memberRate, transferRate } = this.#rates;
    // Clients ask whoever they believe to lead; an old leader must refuse or stay silent, not lie.
    const leaders = [...this.members.values()].filter(({ core }) => core?.role === "leader");
    const leader = leaders[Math.floor(this.#random() * leaders.length)];
    if (leader?.core === undefined) return;
    if (this.#random() < proposeRate) {
      const value = `v${this.#nextValue++}`;
      this.#act(leader, undefined, () => leader.propose(value));
    }
    if (this.#random() < readRate) this.read(leader);
    if (this.#random() < memberRate) this.#changeMembers(leader);
    if (this.#random() < transferRate) {
      this.#act(leader, `member ${leader.id} hands over`, () => {
        leader.core?.transferLeadership();
        leader.pump();
      });
    }
  }

  #changeMembers(leader: SimMember): void {
    const { core } = leader;
    if (core === undefined) return;
    const { members, nextRaftId } = core.config;
    const grow = members.length < 2 || (members.length < 6 && this.#random() < 0.5);
    if (grow) {
      this.#act(leader, `member ${leader.id} adds ${nextRaftId}`, () => {
        const raftId = nextRaftId;
        const change = { kind: "add", member: { raftId, nodeId: `n${raftId}`, addr: "" } } as const;
        if (core.proposeConfig(change).kind === "appended" && !this.members.has(raftId))
          this.#create(raftId, undefined);
        leader.pump();
      });
      return;
    }
    const raftId = members[Math.floor(this.#random() * members.length)]?.raftId ?? 0;
    this.#act(leader, `member ${leader.id} removes ${raftId}`, () => {
      core.proposeConfig({ kind: "remove", raftId });
      leader.pump();
    });
  }

  #create(raftId: number, config: Config | undefined): void {
    const disk = new SimDisk();
    if (config !== undefined) disk.seed(config);
    const member: SimMember = new SimMember(raftId, disk, {
      checker: this.checker,
      makeCore: (id, reader) => this.#makeCore(id, reader),
      send: (message) => this.#send(message),
      record: (event) => this.#record(event),
      writeSteps: () => 1 + Math.floor(this.#random() * (this.#calm ? 2 : this.#rates.maxWriteSteps)),
      snapshotInterval: this.#rates.snapshotInterval,
      onRead: (id, token, index) => {
        this.checker.readServed(id, this.#reads.get(token) ?? 0, index);
        this.#reads.delete(token);
      },
    });
    this.members.set(raftId, member);
  }

  #makeCore(id: number, disk: SimDisk): RaftCore {
    // Ticks get lost and never come early; the clock that a lease is measured by runs up to 20 % slow or fast, frozen or not.
    const clockRate = 0.8 + 0.2 * (id % 3);
    const options = {
      id,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      random: this.#random,
      maxAppendBytes: 100,
      window: { maxMessages: 4, maxBytes: 300 },
      maxApplyBytes: 60,
      lease: this.#leases ? { nowMs: () => (this.#step / STEPS_PER_TICK) * clockRate, tickIntervalMs: 1 } : undefined,
    };
    const core = new this.#options.core(options, disk, disk.restored);
    this.#hearing.started(core);
    return core;
  }

  #act(member: SimMember, event: string | undefined, act: () => void): void {
    if (event !== undefined) this.#record(event.startsWith("starts") ? `member ${member.id} ${event}` : event);
    act();
    this.checker.stepped(member, this.members);
    const { core } = member;
    const wrong = core && (this.#hearing.judge(core) ?? this.#promotions.judge(core, this.members));
    if (wrong !== undefined) throw new Violation(wrong);
    member.compact();
  }

  #record(event: string): void {
    const line = `${this.#step} ${event}`;
    for (let i = 0; i < line.length; i++) this.#digest = Math.imul(this.#digest ^ line.charCodeAt(i), 0x01000193);
    if (this.#options.keepLog === true) this.events.push(line);
  }
}

function describeMessage(message: Message): string {
  const { from, to, term, kind } = message;
  const detail = kind === "append" ? ` ${message.prevIndex}+${message.entries.length}` : "";
  return `${from}>${to} ${kind}${detail} term ${term}`;
}
