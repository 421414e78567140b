// One campaign: a dev cluster, clients and watchers on it, a nemesis against it, and the verdict on what they saw.
import { writeFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { DEV_DIR } from "../../deploy/dev/clusters.ts";
import { bringDown } from "../../deploy/dev/down.ts";
import { type DevCluster, pathsOf } from "../../deploy/dev/model.ts";
import { bringUp } from "../../deploy/dev/up.ts";
import { ControlService, newListRequest } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { seededRandom } from "../../shared/env/sim-env.ts";
import { unary } from "../../shared/rpc/client.ts";
import { checkStreams } from "./event-streams.ts";
import { checkHistory, type Verdict } from "./linearizability.ts";
import { nameModel, registerModel } from "./models.ts";
import { runNemesis } from "./nemesis.ts";
import { type Counts, History, type RegisterOperation } from "./recorder.ts";
import { startWatch } from "./watcher.ts";
import { type Manager, Workload } from "./workload.ts";

export interface CampaignOptions {
  /** The dev cluster's; it is made anew and taken down. */
  readonly cluster: string;
  readonly seed: number;
  readonly seconds: number;
  readonly tell: (line: string) => void;
  /** Where the history goes when it is not as it must be. */
  readonly failureFile: string;
}

export interface CampaignResult {
  /** Empty: everything was as it must be. */
  readonly problems: readonly string[];
  readonly registers: Counts;
  readonly names: Counts;
  readonly faults: readonly string[];
  /** Per watcher. */
  readonly events: readonly number[];
  /** More than one: it could not resume and began anew. */
  readonly streams: readonly number[];
  readonly reconnects: readonly number[];
}

const MANAGERS = 3;
const WORKERS = 1;
/** Room for the daemon, containerd and some log. */
const DISK_MEGABYTES = 128;
/** Of each kind, one to a manager twice over. */
const CLIENTS = 6;
const HEAL_LIMIT_MS = 90_000;
const CALL_LIMIT_MS = 2_000;
const POLL_MS = 200;

const CHANNEL: grpc.ChannelOptions = {
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 200,
  "grpc.use_local_subchannel_pool": 1,
};

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { tell, seed } = options;
  await bringDown(options.cluster, realEnv).catch(() => undefined);
  const never = new AbortController().signal;
  const cluster = await bringUp({
    name: options.cluster,
    managers: MANAGERS,
    workers: WORKERS,
    diskMegabytes: DISK_MEGABYTES,
    diskKind: "image",
    env: realEnv,
    signal: never,
    tell: () => undefined,
  });
  const managers = managersOf(cluster);
  const end = new AbortController();
  try {
    const env: Env = { ...realEnv, random: seededRandom(seed ^ 0x5bd1e995) };
    return await campaign(options, env, cluster, managers, end.signal);
  } finally {
    end.abort();
    for (const { client } of managers) client.close();
    await bringDown(options.cluster, realEnv);
    tell(`seed ${seed}: the cluster is gone`);
  }
}

function managersOf(cluster: DevCluster): Manager[] {
  const paths = pathsOf(DEV_DIR, cluster.name);
  return cluster.nodes
    .filter((node) => node.role === "manager")
    .map(({ name }) => ({
      name,
      client: new grpc.Client(`unix:${paths.socket(name)}`, grpc.credentials.createInsecure(), CHANNEL),
    }));
}

async function campaign(
  { tell, seconds, seed, failureFile }: CampaignOptions,
  env: Env,
  cluster: DevCluster,
  managers: readonly Manager[],
  signal: AbortSignal,
): Promise<CampaignResult> {
  const history = new History();
  const workload = new Workload(env, managers, history, signal);
  const afterVersion = await workload.prepare();
  const watches = managers.map((_, i) => startWatch(env, managers, i, afterVersion, signal));

  const stop = new AbortController();
  const timer = env.timer(seconds * 1000, () => stop.abort());
  const paths = pathsOf(DEV_DIR, cluster.name);
  const leader = (): Promise<string | undefined> => leaderOf(managers);
  // Of its own, so that the faults come in the seed's order whatever the clients draw meanwhile.
  const own: Env = { ...realEnv, random: seededRandom(seed) };
  const broken = runNemesis({ env: own, seed, cluster, paths, leader, tell }, stop.signal);
  const worked = workload.run(CLIENTS, stop.signal);
  const [faults] = await Promise.all([broken, worked]).finally(() => timer.cancel());

  tell("healed: what is there now");
  const problems: string[] = [];
  await within(HEAL_LIMIT_MS, () => everyManagerAnswers(managers), "all managers answer again").catch(
    (error: unknown) => problems.push(String(error)),
  );
  let throughVersion = afterVersion;
  if (problems.length === 0) {
    await workload.readAll();
    throughVersion = await workload.writeMarker();
    const reached = Promise.all(watches.map((watch) => watch.reached(throughVersion)));
    await Promise.race([reached, env.sleep(HEAL_LIMIT_MS, signal)]);
  }
  const streams = { throughVersion, watchers: watches.map((watch) => watch.streams) };
  problems.push(
    ...checkStreams({ ...streams, acknowledged: history.acknowledged }),
    ...inWords("registers", checkRegisters(history.registers.operations, workload.created)),
    ...inWords("names", checkHistory(history.names.operations, nameModel)),
  );
  // Nothing takes the events from all managers, not even a power cut of all: the log is far shorter than what a snapshot is
  // taken of.
  for (const [i, watch] of watches.entries()) {
    if (watch.streams.length > 1) problems.push(`watcher ${i} had to begin anew ${watch.streams.length - 1} times`);
  }
  if (problems.length > 0) {
    const what = {
      seed,
      faults,
      problems,
      ...streams,
      lastErrors: watches.map(({ lastError }) => lastError),
      ...history,
    };
    writeFileSync(failureFile, JSON.stringify(what, withInfinity, 1));
    problems.push(`the history is in ${failureFile}`);
  }
  return {
    problems,
    registers: history.registers.counts,
    names: history.names.counts,
    faults,
    events: watches.map((watch) => watch.streams.reduce((sum, { events }) => sum + events.length, 0)),
    streams: watches.map((watch) => watch.streams.length),
    reconnects: watches.map(({ reconnects }) => reconnects),
  };
}

const withInfinity = (_: string, value: unknown): unknown => (value === Number.POSITIVE_INFINITY ? "never" : value);

/** Each register starts as it was created. */
function checkRegisters(operations: readonly RegisterOperation[], created: Workload["created"]): Verdict {
  let verdict: Verdict = { kind: "linearizable" };
  const keys = [...Map.groupBy(operations, ({ key }) => key)].sort(([, a], [, b]) => a.length - b.length);
  for (const [key, ofKey] of keys) {
    const one = checkHistory(ofKey, registerModel(created.get(key) ?? { version: 0, value: 0 }));
    if (one.kind === "violation") return one;
    if (one.kind === "undecided") verdict = one;
  }
  return verdict;
}

function inWords(what: string, verdict: Verdict): string[] {
  switch (verdict.kind) {
    case "linearizable":
      return [];
    case "undecided":
      return [`${what}: key ${verdict.key} could be neither proven nor refuted`];
    case "violation":
      return [
        `${what}: key ${verdict.key} is not linearizable; the longest order found ends with\n  ${verdict.longestOrder.slice(-5).join("\n  ")}`,
      ];
  }
}

async function leaderOf(managers: readonly Manager[]): Promise<string | undefined> {
  const asked = managers.map(async ({ client }) => {
    const { nodes } = await unary(client, ControlService.listNodes, newListRequest(), { timeoutMs: CALL_LIMIT_MS });
    const leader = nodes.find((node) => node.managerStatus?.leader === true);
    if (leader?.description === undefined) throw new Error("none");
    return leader.description.hostname;
  });
  return await Promise.any(asked).catch(() => undefined);
}

async function everyManagerAnswers(managers: readonly Manager[]): Promise<void> {
  for (const { client } of managers) {
    await unary(client, ControlService.listNodes, newListRequest(), { timeoutMs: CALL_LIMIT_MS });
  }
}

async function within(limitMs: number, check: () => Promise<void>, what: string): Promise<void> {
  const limit = performance.now() + limitMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > limit) throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: error });
      await realEnv.sleep(POLL_MS, new AbortController().signal);
    }
  }
}
