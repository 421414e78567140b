// How a run goes: which kinds of faults it has at all, how often they come, and what users do meanwhile. Most runs are drawn
// by chance, half of the kinds absent: what one fault hides, the lack of it shows. The others have a theme: what chance
// brings together in one run of thousands is brought together on purpose.
import type { World } from "./world.ts";

/** How often users do each thing, as weights. */
export interface Workload {
  readonly register: number;
  readonly name: number;
  readonly create: number;
  readonly update: number;
  readonly remove: number;
  readonly node: number;
  readonly images: readonly string[];
  /** Of all updates, the share that changes the number of replicas and not the image. */
  readonly scaleShare: number;
}

export interface Plan {
  readonly theme: string;
  readonly faults: readonly string[];
  readonly meanPauseMs: number;
  /** Of all acts, the share that repairs something. */
  readonly repairShare: number;
  readonly workload: Workload;
  /** The store of a manager hears of its leadership so much later at most, as in a process that is busy. */
  readonly lateNewsMs: number;
  /** One worker does not come back when the faults stop, but only after the others have made up for it. */
  readonly losesWorker: boolean;
  /** When the faults stop, all managers but one are lost for good, and that one goes on alone. */
  readonly losesManagers: boolean;
}

const WORKLOAD: Workload = {
  register: 7,
  name: 4,
  create: 2,
  update: 4,
  remove: 1,
  node: 2,
  images: ["hollow/sleep", "hollow/sleep:2", "hollow/sleep:3", "hollow/stubborn", "hollow/flaky:1"],
  scaleShare: 0.6,
};

/** Of faults that a run has by its seed. */
export const HANGS = "disk hangs";

interface Theme {
  readonly name: string;
  readonly faults: readonly string[];
  readonly pauseMs: readonly [least: number, most: number];
  readonly workload?: Partial<Workload>;
  readonly lateNewsMs?: number;
}

const THEMES: readonly Theme[] = [
  {
    name: "workers are lost while updates wait for tasks to stop",
    faults: ["worker isolated", "worker loses power", "agent stalls"],
    pauseMs: [500, 4_000],
    workload: { update: 10, register: 2, name: 1, images: ["hollow/stubborn", "hollow/stubborn:2"], scaleShare: 0.1 },
  },
  {
    name: "leadership goes round, and the news of it are late",
    faults: ["leadership handed over", "leader cut off shortly", "manager stalls"],
    pauseMs: [150, 900],
    workload: { name: 9, register: 9, update: 2 },
    lateNewsMs: 2_500,
  },
  {
    name: "clocks of leaders are hours apart while updates wait for tasks to stop",
    faults: ["leadership handed over", "wall clock jumps", "worker's wall clock jumps", "manager killed"],
    pauseMs: [400, 2_000],
    workload: { update: 10, register: 2, name: 1, images: ["hollow/stubborn", "hollow/stubborn:2"], scaleShare: 0.1 },
  },
  {
    name: "managers are promoted and demoted while others fail",
    faults: [
      "manager demoted",
      "manager promoted",
      "manager added",
      "manager killed",
      "manager isolated",
      "disk is slow",
    ],
    pauseMs: [300, 2_500],
  },
  {
    name: "leaders are deposed where users still reach them",
    faults: ["leader cut off from the managers, and users read there"],
    pauseMs: [1_500, 5_000],
    workload: { register: 4 },
  },
  {
    name: "disks forget what was acknowledged",
    faults: ["disk forgets what was acknowledged", "manager killed", "manager stalls"],
    pauseMs: [500, 4_000],
  },
  {
    name: "managers are replaced while workers are away",
    faults: ["manager added", "manager removed", "manager demoted", "manager promoted", "worker loses power"],
    pauseMs: [300, 2_000],
  },
  {
    name: "an upgrade, node by node, under faults",
    faults: ["upgrade", "manager killed", "agent killed", "worker isolated", "network loses"],
    pauseMs: [500, 4_000],
  },
];

/** These are played when they are asked for by name. */
const ASKED_FOR: readonly Theme[] = [
  {
    name: "disks hang while managers come and go",
    faults: [HANGS, "manager added", "manager removed", "manager demoted", "manager killed", "manager stalls"],
    pauseMs: [300, 2_500],
  },
];

/** In one run of four disks hang too. By the seed and not by a draw: what the other seeds mean stays as it was. */
const disksHang = (seed: number): boolean => (Math.imul(seed, 0x9e3779b1) & 0x30000) === 0;

/**
 * @param kinds of faults that there are.
 * @param wanted words of the theme's name, when it is not to be left to chance.
 */
export function drawPlan(world: World, kinds: readonly string[], wanted?: string): Plan {
  const drawn = world.chance(0.3) ? world.pick(THEMES) : undefined;
  const theme = wanted === undefined ? drawn : [...THEMES, ...ASKED_FOR].find(({ name }) => name.includes(wanted));
  if (wanted !== undefined && theme === undefined) throw new Error(`no theme has "${wanted}" in its name`);
  const hanging = disksHang(world.seed) ? [HANGS] : [];
  const losesWorker = world.chance(0.25);
  const losesManagers = world.chance(0.15);
  if (theme !== undefined) {
    return {
      theme: theme.name,
      faults: wanted === undefined ? [...theme.faults, ...hanging] : theme.faults,
      meanPauseMs: world.between(...theme.pauseMs),
      repairShare: 0.4 + world.random() * 0.2,
      workload: { ...WORKLOAD, ...theme.workload },
      lateNewsMs: theme.lateNewsMs ?? 0,
      losesWorker,
      losesManagers,
    };
  }
  const faults = kinds.filter(() => world.chance(0.5));
  return {
    theme: "chance",
    faults: [...(faults.length > 0 ? faults : ["manager killed"]), ...hanging],
    meanPauseMs: world.between(150, 3_000),
    repairShare: 0.35 + world.random() * 0.45,
    workload: WORKLOAD,
    lateNewsMs: world.chance(0.2) ? world.between(1, 300) : 0,
    losesWorker,
    losesManagers,
  };
}
