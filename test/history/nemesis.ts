// What goes wrong while clients work: one fault at a time, drawn by seed, each undone after a few seconds. The faults are
// dealt as cards are: every kind comes before any comes again, deck after deck. A campaign is too short for a whole deck, so
// that of the next seed goes on in it where that of the seed before ends.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { withClient } from "../../deploy/dev/client.ts";
import { freeze, thaw } from "../../deploy/dev/disks.ts";
import { hostProcess, powerOff, powerOn } from "../../deploy/dev/hosts.ts";
import { cutLinks, healLinks } from "../../deploy/dev/links.ts";
import { type DevCluster, type DevNode, nodeByName, type Paths } from "../../deploy/dev/model.ts";
import { setPlugged } from "../../deploy/dev/network.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { LocalService, newInfoRequest } from "../../proto/gen/local.ts";
import type { Env } from "../../shared/env/env.ts";
import { seededRandom } from "../../shared/env/sim-env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { fillDisk } from "../support/fill-disk.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";

export type FaultKind =
  | "kill-leader"
  | "kill-one"
  | "kill-two"
  | "kill-all"
  | "cut-leader"
  | "cut-one"
  | "cut-pair"
  | "unplug-all"
  | "stop-leader"
  | "stop-one"
  | "fill-leader"
  | "fill-one"
  | "fill-reboot"
  | "freeze-leader"
  | "freeze-one";

export const FAULTS: readonly FaultKind[] = [
  "kill-leader",
  "cut-leader",
  "stop-leader",
  "fill-leader",
  "cut-pair",
  "kill-all",
  "kill-one",
  "cut-one",
  "stop-one",
  "fill-one",
  "kill-two",
  "unplug-all",
  "fill-reboot",
  "freeze-leader",
  "freeze-one",
];

/** At least so many are dealt in a campaign of 75 s. */
const FAULTS_PER_SEED = 9;

/** The fault that campaign `seed` deals as its `count`th, from 0. */
export function faultAt(seed: number, count: number): FaultKind {
  const at = seed * FAULTS_PER_SEED + count;
  const deck = Math.floor(at / FAULTS.length);
  const kind = shuffled(FAULTS, seededRandom(deck))[at % FAULTS.length];
  if (kind === undefined) throw new Error(`no fault ${at}: seeds count from 0`);
  return kind;
}

const MIN_FAULT_MS = 2_000;
const MAX_FAULT_MS = 6_000;
const MIN_QUIET_MS = 500;
const MAX_QUIET_MS = 2_500;
const BOOT_LIMIT_MS = 30_000;
const BOOT_POLL_MS = 100;

export interface NemesisOptions {
  /** Its randomness is the seed's; its clock is this machine's. */
  readonly env: Env;
  readonly seed: number;
  readonly cluster: DevCluster;
  readonly paths: Paths;
  /** As far as anybody knows now. */
  readonly leader: () => Promise<string | undefined>;
  readonly tell: (line: string) => void;
}

/** Deals faults until `stop` aborts; whatever is broken then is mended before it resolves. Resolves with the faults dealt. */
export async function runNemesis(options: NemesisOptions, stop: AbortSignal): Promise<FaultKind[]> {
  const { env, seed, tell } = options;
  const between = (min: number, max: number): number => min + env.random() * (max - min);
  const pause = (ms: number): Promise<void> => env.sleep(ms, stop).catch(() => undefined);
  const dealt: FaultKind[] = [];
  while (!stop.aborted) {
    await pause(between(MIN_QUIET_MS, MAX_QUIET_MS));
    if (stop.aborted) break;
    const kind = faultAt(seed, dealt.length);
    const victims = await chooseVictims(options, kind);
    dealt.push(kind);
    tell(`nemesis: ${kind} ${victims.join(" ")}`);
    const undo = await inflict(options, kind, victims);
    try {
      await pause(between(MIN_FAULT_MS, MAX_FAULT_MS));
    } finally {
      await undo();
    }
  }
  return dealt;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const deck = [...items];
  for (let i = deck.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [deck[i], deck[j]];
    if (a !== undefined && b !== undefined) [deck[i], deck[j]] = [b, a];
  }
  return deck;
}

async function chooseVictims({ env, cluster, leader }: NemesisOptions, kind: FaultKind): Promise<string[]> {
  const managers = cluster.nodes.filter((node) => node.role === "manager").map((node) => node.name);
  const mixed = shuffled(managers, env.random);
  const count = kind.endsWith("-all") ? mixed.length : kind.endsWith("-two") || kind.endsWith("-pair") ? 2 : 1;
  if (!kind.endsWith("-leader")) return mixed.slice(0, count);
  return [(await leader()) ?? mixed[0] ?? ""];
}

/** Resolves with how to undo it. */
async function inflict(
  options: NemesisOptions,
  kind: FaultKind,
  victims: readonly string[],
): Promise<() => Promise<void>> {
  const { env, cluster, paths } = options;
  const nodes = victims.map((name) => nodeByName(cluster, name));
  const [verb] = kind.split("-");
  switch (verb) {
    case "kill":
      await Promise.all(nodes.map((node) => powerOff(cluster, paths, node, env)));
      return async () => {
        for (const node of nodes) await powerOn(cluster, paths, node);
        await Promise.all(nodes.map((node) => hasBooted(options, node)));
      };
    case "cut":
      await cutLinks(cluster, paths, victims);
      return () => healLinks(cluster, paths);
    case "unplug": // each is alone then
      for (const node of nodes) await setPlugged(cluster, node, false);
      return async () => {
        for (const node of nodes) await setPlugged(cluster, node, true);
      };
    case "stop": {
      const pids = victims.map((name) => daemonPid(options, name));
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      return async () => {
        for (const pid of pids) process.kill(pid, "SIGCONT");
      };
    }
    case "fill": {
      const fillers = victims.map((name) => join(paths.diskDir(name), "filler"));
      for (const file of fillers) fillDisk(file);
      // It starts while nothing can be written, and must get going by itself once there is space.
      const reboots = kind === "fill-reboot" ? nodes : [];
      await Promise.all(reboots.map((node) => powerOff(cluster, paths, node, env)));
      for (const node of reboots) await powerOn(cluster, paths, node);
      return async () => {
        for (const file of fillers) rmSync(file, { force: true });
        await Promise.all(reboots.map((node) => hasBooted(options, node)));
      };
    }
    case "freeze": // nothing is refused, and nothing is written
      for (const name of victims) await freeze(paths.diskDir(name));
      return async () => {
        for (const name of victims) await thaw(paths.diskDir(name));
      };
    default:
      throw new Error(`no fault ${kind}`);
  }
}

/** The manager on it runs again, whether or not it has found a quorum. */
async function hasBooted({ env, paths }: NemesisOptions, node: DevNode): Promise<void> {
  const limit = env.nowMs() + BOOT_LIMIT_MS;
  while (env.nowMs() < limit) {
    const runs = await withClient(paths.socket(node.name), (client) =>
      unary(client, LocalService.info, newInfoRequest(), { timeoutMs: 1_000 }),
    ).then(
      ({ controlAvailable }) => controlAvailable,
      () => false,
    );
    if (runs) return;
    await env.sleep(BOOT_POLL_MS, new AbortController().signal);
  }
  throw new Error(`${node.name} has not started again within ${BOOT_LIMIT_MS / 1000} s`);
}

function daemonPid({ cluster, paths }: NemesisOptions, name: string): number {
  const outer = hostProcess(paths, nodeByName(cluster, name));
  const init = outer === undefined ? undefined : firstChild(outer);
  const pids = init === undefined ? [] : pidsOfHosts([init.pid]);
  const pid = pids.find((one) => /skep\.(ts|js) daemon/.test(commandOf(one)));
  if (pid === undefined) throw new Error(`no daemon on ${name}`);
  return pid;
}
