// What goes wrong, and how it is put right again. How often, and which of it a run has at all, is its plan's (plan.ts).
import type { SimAgent } from "./agent.ts";
import type { SimManager } from "./manager.ts";
import { FAIR, type Network } from "./network.ts";
import type { Operator } from "./operator.ts";
import { HANGS, type Plan } from "./plan.ts";
import type { Registers } from "./registers.ts";
import type { World } from "./world.ts";

export interface Targets {
  readonly world: World;
  readonly network: Network;
  readonly managers: () => readonly SimManager[];
  readonly agents: readonly SimAgent[];
  readonly operator: Operator;
  readonly registers: Registers;
}

type Fault = (targets: Targets) => void;

const hosts = ({ managers, agents }: Targets): string[] => [
  ...managers().map(({ name }) => name),
  ...agents.map(({ name }) => name),
  "client",
];

function severBoth(network: Network, a: string, b: string): void {
  network.sever(a, b);
  network.sever(b, a);
}

function separate({ network }: Targets, side: ReadonlySet<string>, all: readonly string[]): void {
  for (const a of all) for (const b of all) if (side.has(a) && !side.has(b)) severBoth(network, a, b);
}

const leaderOf = ({ managers }: Targets): SimManager | undefined => managers().find(({ leads }) => leads);

/** The leader, as often as not: it is where faults hurt. */
const victim = (targets: Targets): SimManager | undefined =>
  (targets.world.chance(0.5) ? leaderOf(targets) : undefined) ?? targets.world.pick(targets.managers());

/** Seconds and hours: a clock that is a little wrong makes other mistakes than one that is quite wrong. */
function jumpMs(world: World): number {
  const most = world.pick([2_000, 90_000, 3_600_000]) ?? 0;
  return world.between(-most, most);
}

/** These two are of themes only: they look at who leads, and at what the disks hold. */
const DEPOSED = "leader cut off from the managers, and users read there";

const FORGETS = "disk forgets what was acknowledged";

const FAULTS: Readonly<Record<string, Fault>> = {
  "partition into halves": (targets) => {
    const all = hosts(targets);
    separate(targets, new Set(all.filter(() => targets.world.chance(0.5))), all);
  },
  "manager isolated": (targets) => {
    const one = victim(targets);
    if (one !== undefined) separate(targets, new Set([one.name]), hosts(targets));
  },
  "leader cut off shortly": (targets) => {
    const leader = leaderOf(targets);
    if (leader === undefined) return;
    separate(targets, new Set([leader.name]), hosts(targets));
    targets.world.after(targets.world.between(700, 2_500), () => targets.network.heal());
  },
  [DEPOSED]: (targets) => {
    const { managers, network, registers, world } = targets;
    const leader = leaderOf(targets);
    if (leader === undefined) return;
    for (const { name } of managers()) if (name !== leader.name) severBoth(network, leader.name, name);
    const ms = world.between(1_500, 5_000);
    // One that was stopped meanwhile has not yet counted how long nobody has answered it.
    if (world.chance(0.6)) leader.life?.process.stall(world.between(1_000, 3_000));
    registers.readAt(leader, ms);
    world.after(ms, () => network.heal());
  },
  "managers in two parts with a bridge": (targets) => {
    const { world, network } = targets;
    const names = targets.managers().map(({ name }) => name);
    const bridge = world.pick(names);
    const left = new Set(names.filter((name) => name !== bridge && world.chance(0.5)));
    for (const a of names)
      for (const b of names) if (a !== bridge && b !== bridge && left.has(a) && !left.has(b)) severBoth(network, a, b);
  },
  "links cut one way": (targets) => {
    const { world, network } = targets;
    const all = hosts(targets);
    for (let links = world.between(1, 4); links > 0; links--) {
      const from = world.pick(all);
      const to = world.pick(all);
      if (from !== undefined && to !== undefined && from !== to) network.sever(from, to);
    }
  },
  "manager deaf or mute": (targets) => {
    const { world, network } = targets;
    const one = victim(targets);
    const mute = world.chance(0.5);
    for (const other of hosts(targets)) {
      if (one === undefined || other === one.name) continue;
      if (mute) network.sever(one.name, other);
      else network.sever(other, one.name);
    }
  },
  "worker isolated": (targets) => {
    const one = targets.world.pick(targets.agents);
    if (one !== undefined) separate(targets, new Set([one.name]), hosts(targets));
  },
  "network loses": ({ world, network }) => {
    network.weather.lossRate = world.random() * 0.3;
  },
  "network doubles": ({ world, network }) => {
    network.weather.duplicateRate = world.random() * 0.3;
  },
  "network is slow": ({ world, network }) => {
    network.weather.maxDelayMs = world.between(10, 300);
  },
  "network reorders": ({ world, network }) => {
    network.weather.lateRate = world.random() * 0.3;
  },
  "manager killed": (targets) => {
    const { world } = targets;
    const one = victim(targets);
    if (one?.life === undefined) return;
    const keep = world.chance(0.5);
    world.count(keep ? "write under way kept" : "write under way lost");
    one.crash(keep, world.chance(0.3));
  },
  "all managers killed": ({ world, managers }) => {
    for (const one of managers()) one.crash(world.chance(0.5), false);
  },
  "agent killed": ({ world, agents }) => {
    world.pick(agents)?.crash();
  },
  [FORGETS]: (targets) => {
    const { managers, world } = targets;
    const leader = leaderOf(targets);
    const one = world.pick(managers().filter((manager) => manager !== leader && manager.life !== undefined));
    const { core } = leader?.life ?? {};
    if (one === undefined || core === undefined) return;
    const { disk } = one;
    const index = Math.max(disk.snapshot?.index ?? 0, disk.startIndex, disk.lastIndex - world.between(1, 30));
    // Without this one a majority still has all of it: with less, no protocol can keep what was acknowledged.
    const voters = core.config.members.filter(({ voter }) => voter);
    const others = managers().filter(
      (manager) => manager !== one && voters.some((v) => v.raftId === manager.disk.raftId),
    );
    const holders = others.filter(({ disk: other }) => other.holds(disk.lastIndex, disk.term(disk.lastIndex) ?? 0));
    if (index >= disk.lastIndex || holders.length * 2 <= voters.length) return;
    if (managers().some((manager) => manager.disk.forgetful)) return; // one at a time, until it has it all again
    one.crash(false, false);
    world.count("acknowledged entries forgotten");
    disk.forget(index);
    one.start({ kind: "restart" });
  },
  "worker loses power": ({ world, agents }) => {
    world.pick(agents)?.powerCut();
  },
  "manager stalls": (targets) => {
    victim(targets)?.life?.process.stall(targets.world.between(200, 8_000));
  },
  "agent stalls": ({ world, agents }) => {
    world.pick(agents)?.stall(world.between(200, 8_000));
  },
  "disk is slow": (targets) => {
    const one = victim(targets);
    if (one !== undefined) one.disk.maxWriteMs = targets.world.between(50, 1_500);
  },
  "disk is full": (targets) => {
    const one = victim(targets);
    if (one !== undefined) one.disk.full = true;
  },
  [HANGS]: (targets) => {
    const one = victim(targets);
    if (one !== undefined) one.disk.hung = true;
  },
  "wall clock jumps": (targets) => {
    victim(targets)?.jumpWallClock(jumpMs(targets.world));
  },
  "worker's wall clock jumps": ({ world, agents }) => {
    world.pick(agents)?.jumpWallClock(jumpMs(world));
  },
  "manager added": ({ operator }) => operator.addManager(),
  "manager removed": ({ operator }) => operator.removeManager(),
  "manager demoted": ({ operator }) => operator.changeRole("worker"),
  "manager promoted": ({ operator }) => operator.changeRole("manager"),
  "leadership handed over": ({ operator }) => operator.transferLeadership(),
  upgrade: ({ operator }) => operator.upgrade(),
};

const REPAIRS: Readonly<Record<string, Fault>> = {
  "links healed": ({ network }) => {
    if (network.cut) network.heal();
  },
  "weather fair": ({ network }) => {
    network.weather = { ...FAIR };
  },
  "managers started": ({ managers }) => {
    for (const one of managers()) if (one.life === undefined && one.wanted) one.start({ kind: "restart" });
  },
  "agents started": ({ agents }) => {
    for (const one of agents) if (!one.lost) one.start();
  },
  "disks repaired": ({ managers }) => {
    for (const { disk } of managers()) {
      disk.full = false;
      disk.hung = false;
      disk.maxWriteMs = 4;
    }
  },
};

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);
/** Those that a run may have by chance. */
export const KINDS: readonly string[] = FAULT_NAMES.filter((name) => ![DEPOSED, FORGETS, HANGS].includes(name));

/** One thing goes wrong, or is put right. */
export function disturb(plan: Plan, targets: Targets): void {
  const { world } = targets;
  const repairs = world.chance(plan.repairShare);
  const name = world.pick(repairs ? Object.keys(REPAIRS) : plan.faults) ?? "";
  if (!repairs) world.count(name);
  world.record(`* ${name}`);
  (repairs ? REPAIRS : FAULTS)[name]?.(targets);
}

export function repairAll(targets: Targets): void {
  for (const repair of Object.values(REPAIRS)) repair(targets);
}
