// Directed schedules: what chance would need thousands of seeds for is made to happen, in calm surroundings, with everything
// else (sizes, delays, who, how long) by the seed. A story says only what befalls the members; that nothing unsafe comes of
// it is for the checker, and what must come of it in the end is said here. Every seed of a campaign plays one of them after
// its run of chance.
import type { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import { Violation } from "./checker.ts";
import type { SimMember } from "./sim-member.ts";
import { ELECTION_TICKS, type Simulation } from "./simulation.ts";

export interface Story {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly play: (sim: Simulation) => void;
}

/** Long enough for an election in calm surroundings, and for a second one where votes were split. */
const ELECTED_TICKS = 8 * ELECTION_TICKS;

function expect(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new Violation(message());
}

const between = (sim: Simulation, low: number, high: number): number =>
  low + Math.floor(sim.random() * (high - low + 1));

function shuffled<T>(sim: Simulation, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: sim.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

const leads = (member: SimMember): boolean => member.core?.role === "leader";

function firstLeader(sim: Simulation): SimMember {
  sim.until(() => sim.leader?.core?.settled === true, ELECTED_TICKS);
  const { leader } = sim;
  expect(leader?.core?.settled === true, () => `no first leader: ${sim.describe()}`);
  return leader;
}

function others(sim: Simulation, ...of: readonly SimMember[]): SimMember[] {
  return shuffled(
    sim,
    [...sim.members.values()].filter((member) => !of.includes(member)),
  );
}

const idsOf = (members: readonly SimMember[]): number[] => members.map(({ id }) => id);

/** One of `members` leads; it is caught in the step in which it has become it. */
function elected(sim: Simulation, members: readonly SimMember[], limitTicks = ELECTED_TICKS): SimMember | undefined {
  sim.until(() => members.some(leads), limitTicks);
  return members.find(leads);
}

/** Pre-vote: who comes back from where it heard nobody finds everything as it was. */
const returning: Story = {
  name: "some followers are away, or deaf, or mute, and return",
  sizes: [3, 5],
  play: (sim) => {
    const leader = firstLeader(sim);
    const followers = others(sim, leader);
    const away = followers.slice(0, between(sim, 1, followers.length / 2));
    const how = (["both", "deaf", "mute"] as const)[between(sim, 0, 2)] ?? "both";
    const term = leader.core?.term;
    sim.separate(idsOf(away), how);
    for (let spell = between(sim, 3, 10); spell > 0; spell--) {
      sim.ticks(ELECTION_TICKS);
      leader.propose(`meanwhile${spell}`);
    }
    sim.mend();
    sim.ticks(3 * ELECTION_TICKS);
    expect(
      leads(leader) && leader.core?.term === term,
      () => `a leader that a quorum heard was deposed by one that returned: ${sim.describe()}`,
    );
  },
};

/** Check-quorum: who leads nobody knows it soon, and says so to callers. */
const cutOff: Story = {
  name: "the leader is cut off from its quorum, or hears nothing of it",
  sizes: [3, 4, 5],
  play: (sim) => {
    const leader = firstLeader(sim);
    const followers = others(sim, leader);
    const kept = followers.slice(0, between(sim, 0, Math.ceil(followers.length / 2) - 1));
    sim.separate(idsOf([leader, ...kept]), sim.random() < 0.5 ? "both" : "deaf");
    leader.propose("nobody's");
    sim.ticks(3 * ELECTION_TICKS);
    expect(!leads(leader), () => `it still believes to lead, and no quorum has answered: ${sim.describe()}`);
  },
};

/**
 * The paper's figure 8. A writes an entry that only a minority has, and dies; B leads, and writes another one in its place,
 * for itself; A leads again, and brings its old entry to a majority, but nothing of its new term; then B takes over, whose
 * last entry is of a later term, and replaces it. Nobody may ever have called it committed.
 */
const figure8: Story = {
  name: "an entry of an older term reaches a majority and is replaced",
  sizes: [3, 5],
  play: (sim) => {
    const a = firstLeader(sim);
    const rest = others(sim, a);
    const withA = [a, ...rest.slice(0, Math.floor(rest.length / 2) - 1)];
    const apart = rest.filter((member) => !withA.includes(member));
    sim.separate(idsOf(withA));
    const index = (a.core?.status().lastIndex ?? 0) + 1;
    const { term } = a.core ?? { term: 0 };
    a.propose("e".repeat(between(sim, 60, 90))); // a message has room for no other
    sim.ticks(3);
    for (const member of withA) sim.crash(member, true);
    sim.mend();
    const b = elected(sim, apart);
    expect(b !== undefined, () => `nobody leads the others: ${sim.describe()}`);
    sim.separate([b.id]);
    sim.ticks(2);
    sim.crash(b, true);
    sim.mend();
    for (const member of withA) sim.start(member);
    const living = others(sim, b);
    const last = living.find((member) => !withA.includes(member));
    const reached = (): boolean => last?.disk.holds(index, term) === true;
    sim.loses = ({ kind, to }) => kind === "append" && to === last?.id && sim.random() < 0.5;
    sim.until(reached, ELECTED_TICKS);
    const again = living.find(leads);
    sim.loses = ({ kind, from }) => kind === "append" && from === again?.id;
    sim.ticks(2);
    if (again !== undefined) sim.crash(again, sim.random() < 0.5);
    sim.loses = () => false;
    sim.start(b);
    expect(elected(sim, others(sim)) !== undefined, () => `nobody leads in the end: ${sim.describe()}`);
  },
};

/**
 * Two leaders, each with a change of the membership that it has not committed, of an even membership: {A, w} are a majority
 * of what A made of it, and {B, z} of what B did (Ongaro's message to raft-dev, 2015).
 */
const twoChanges: Story = {
  name: "two leaders in turn change the membership before they have committed anything",
  sizes: [4],
  play: (sim) => {
    const a = firstLeader(sim);
    const rest = others(sim, a);
    const [x] = rest;
    if (x === undefined) return;
    sim.separate([a.id]);
    sim.act(a, `member ${a.id} removes ${x.id}`, (core) => core.proposeConfig({ kind: "remove", raftId: x.id }));
    const b = elected(sim, rest);
    expect(b !== undefined, () => `nobody leads the others: ${sim.describe()}`);
    const [z, w] = b === x ? others(sim, a, b) : [x, ...others(sim, a, b, x)];
    if (z === undefined || w === undefined) return;
    sim.mend();
    sim.separate([b.id, z.id]);
    sim.act(b, `member ${b.id} removes ${a.id}`, (core) => core.proposeConfig({ kind: "remove", raftId: a.id }));
    sim.ticks(between(sim, 3, 6) * ELECTION_TICKS);
  },
};

/** A leader that is cut off with a minority is asked to remove everybody else. */
const manyChanges: Story = {
  name: "a leader among a minority is asked for one change after the other",
  sizes: [5],
  play: (sim) => {
    const a = firstLeader(sim);
    const [x, ...gone] = others(sim, a);
    if (x === undefined) return;
    sim.separate([a.id, x.id]);
    const remove =
      (raftId: number) =>
      (core: RaftCore): void =>
        void core.proposeConfig({ kind: "remove", raftId });
    for (const { id } of gone) sim.act(a, `member ${a.id} removes ${id}`, remove(id));
    expect(elected(sim, gone) !== undefined, () => `nobody leads the majority: ${sim.describe()}`);
    sim.ticks(between(sim, 1, 3) * ELECTION_TICKS);
  },
};

/** Only C is left to vote for A, and C has slept through several terms. Its clock stands, so that it asks nothing itself. */
const sleeper: Story = {
  name: "the vote that is needed comes from an older term",
  sizes: [3],
  play: (sim) => {
    const a = firstLeader(sim);
    const [b, c] = others(sim, a);
    if (b === undefined || c === undefined) return;
    sim.separate([c.id]);
    sim.ticks(3 * ELECTION_TICKS); // by now it hears no leader
    sim.frozen.add(c.id);
    sim.act(a, `member ${a.id} hands over`, (core) => core.transferLeadership());
    const next = elected(sim, [b]);
    expect(next !== undefined, () => `leadership was not handed over: ${sim.describe()}`);
    sim.ticks(1);
    sim.crash(b, true);
    sim.ticks(3);
    sim.mend();
    expect(
      elected(sim, [a]) !== undefined,
      () => `${a.id} and ${c.id} are a majority, and nobody leads: ${sim.describe()}`,
    );
  },
};

/** Who has handed over, and hears nothing more, believes to lead for a while, and is asked meanwhile. */
const deposed: Story = {
  name: "a leader that does not know of the next one is asked for a read",
  sizes: [3, 5],
  play: (sim) => {
    const a = firstLeader(sim);
    const rest = others(sim, a);
    sim.act(a, `member ${a.id} hands over`, (core) => core.transferLeadership());
    sim.until(() => rest.some(({ core }) => core?.role === "candidate"), ELECTION_TICKS);
    sim.separate([a.id]);
    const b = elected(sim, rest);
    expect(b !== undefined, () => `leadership was not handed over: ${sim.describe()}`);
    const before = sim.checker.ackedCount;
    sim.until(() => b.core?.settled === true, ELECTION_TICKS);
    b.propose("news");
    sim.until(() => sim.checker.ackedCount > before, ELECTION_TICKS);
    sim.read(a);
    sim.ticks(between(sim, 1, 2 * ELECTION_TICKS));
    if (sim.random() < 0.5) sim.mend();
    sim.ticks(ELECTION_TICKS);
  },
};

/** Leases: a leader that hears nobody and whose ticks have stopped is asked again and again, while others elect and write. */
const leased: Story = {
  name: "a leader stops, deaf, and is asked; the others elect, some of them restarted or told to",
  sizes: [3, 3, 5],
  play: (sim) => {
    const leader = firstLeader(sim);
    leader.propose("before");
    sim.ticks(between(sim, 3, 6)); // its beats are answered
    const rest = others(sim, leader);
    const how = between(sim, 0, 2);
    if (how === 0) sim.act(leader, `member ${leader.id} hands over`, (core) => core.transferLeadership());
    const eager = rest[0];
    if (how === 1) {
      // One that has long been asking for votes finds voters that have just been restarted.
      sim.loses = ({ from, to }) => from === leader.id && to === eager?.id;
      sim.ticks(between(sim, 2, 5) * ELECTION_TICKS);
      sim.loses = () => false;
    }
    sim.separate([leader.id], how === 0 ? "deaf" : "both");
    sim.frozen.add(leader.id);
    if (how === 1) for (const member of rest) if (member !== eager) sim.crash(member, true);
    for (const member of rest) sim.start(member);
    for (let tick = 6 * ELECTION_TICKS; tick > 0; tick--) {
      const next = rest.find(leads);
      if (next?.core?.settled === true) next.propose(`after${tick}`);
      sim.ticks(1);
      sim.read(leader);
    }
  },
};

/** Leases: the one that stays needs nobody's vote, but it has promised its leader to wait. */
const leaves: Story = {
  name: "a leader of two removes itself; the other is restarted before it has answered, and the first one is asked",
  sizes: [2],
  play: (sim) => {
    const leader = firstLeader(sim);
    leader.propose("before");
    sim.ticks(between(sim, 3, 6)); // its beats are answered
    const [other] = others(sim, leader);
    if (other === undefined) return;
    const index = (leader.core?.status().lastIndex ?? 0) + 1;
    const { term } = leader.core ?? { term: 0 };
    sim.loses = ({ kind, to }) => kind === "append-accepted" && to === leader.id;
    sim.act(leader, `member ${leader.id} removes itself`, (core) =>
      core.proposeConfig({ kind: "remove", raftId: leader.id }),
    );
    sim.until(() => other.disk.holds(index, term), ELECTION_TICKS);
    sim.separate([leader.id]);
    sim.frozen.add(leader.id);
    sim.crash(other, true);
    sim.start(other);
    for (let tick = 4 * ELECTION_TICKS; tick > 0; tick--) {
      if (other.core?.settled === true) other.propose(`after${tick}`);
      sim.ticks(1);
      sim.read(leader);
    }
    expect(leads(other), () => `the one that stays does not lead: ${sim.describe()}`);
  },
};

/** Election timeouts within which others know of a write that does not come back, clocks that lose ticks included. */
const HANGING_TICKS = 4 * ELECTION_TICKS;

/** A leader that can write nothing gives way to those who can, and does not come back before its disk does. */
const hangs: Story = {
  name: "the leader's disk hangs, and the others can write",
  sizes: [3, 3, 5],
  play: (sim) => {
    const leader = firstLeader(sim);
    leader.propose("before");
    sim.ticks(between(sim, 1, 6));
    sim.hang(leader, true);
    leader.propose("stuck");
    sim.ticks(1);
    leader.propose("queued behind it");
    const rest = others(sim, leader);
    const next = elected(sim, rest, 2 * HANGING_TICKS);
    expect(next !== undefined, () => `it leads on, and nothing that is asked of it is answered: ${sim.describe()}`);
    const before = sim.checker.ackedCount;
    sim.until(() => next.core?.settled === true, ELECTED_TICKS);
    next.propose("through");
    sim.until(() => sim.checker.ackedCount > before, ELECTION_TICKS);
    expect(sim.checker.ackedCount > before, () => `nothing is acknowledged while one disk hangs: ${sim.describe()}`);
    // The others lose their leader too: a hanging disk is no candidate.
    if (sim.random() < 0.5) sim.crash(next, true);
    for (let tick = 3 * ELECTION_TICKS; tick > 0; tick--) {
      sim.ticks(1);
      const role = leader.core?.role;
      expect(role === "follower", () => `member ${leader.id} is ${role} while its disk hangs: ${sim.describe()}`);
    }
    sim.hang(leader, false);
  },
};

/** Who cannot write is no part of a majority, though it answers. */
const absent: Story = {
  name: "a follower's disk hangs, and another follower is to be removed",
  sizes: [3],
  play: (sim) => {
    const leader = firstLeader(sim);
    const [hung, well] = others(sim, leader);
    if (hung === undefined || well === undefined) return;
    sim.hang(hung, true);
    leader.propose("shows it");
    sim.ticks(between(sim, 1, 2) * HANGING_TICKS);
    sim.act(leader, `member ${leader.id} is asked to remove ${well.id}`, (core) =>
      core.proposeConfig({ kind: "remove", raftId: well.id }),
    );
    const before = sim.checker.ackedCount;
    leader.propose("after");
    sim.until(() => sim.checker.ackedCount > before, ELECTION_TICKS);
    expect(sim.checker.ackedCount > before, () => `the one that could write was removed: ${sim.describe()}`);
    sim.hang(hung, false);
  },
};

export const STORIES: readonly Story[] = [
  returning,
  cutOff,
  figure8,
  twoChanges,
  manyChanges,
  sleeper,
  deposed,
  leased,
  leaves,
  hangs,
  absent,
];
