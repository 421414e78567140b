// Fail-over side by side: skep's dev cluster, then Docker Swarm on hosts made the same way, in one run on one machine.
// Three managers and two workers each, the image on every node beforehand.
//
//   node test/bench/failover.ts [--trials 20] [--swarm-trials 5] [--worker-trials 5] [--only skep|swarm] [--parts leader,worker,alarms]
//
// leader: from just before the leader's power (or link, in turn) is cut until a write through another manager is accepted.
// worker: from just before a worker's power is cut until 10 of 10 replicas run on other nodes.
// alarms: skep only: 150 containers started, then every daemon stopped (SIGSTOP) for 2 s in turn. Nothing must be replaced.
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ControlService, type Event, newEventsRequest, newFilter } from "../../proto/gen/control.ts";
import { serverStream } from "../../shared/rpc/client.ts";
import { MANAGERS, type SkepSubject, type Subject, skepSubject, swarmSubject, WORKERS } from "./failover-subjects.ts";
import { median, printTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    name: { type: "string", default: "bench" },
    trials: { type: "string", default: "20" },
    "swarm-trials": { type: "string", default: "5" },
    "worker-trials": { type: "string", default: "5" },
    only: { type: "string" },
    parts: { type: "string", default: "leader,worker,alarms" },
  },
});
const parts = values.parts.split(",");
const REPLICAS = 10;
const MANY = 150;
const STOP_MS = 2_000;
/** Longer than any grace: what a stop sets going has shown by then. */
const AFTERMATH_MS = 6_000;
const POLL_MS = 10;
const LIMIT_MS = 120_000;
const WRITE_LIMIT_MS = 5_000;

async function until(what: string, check: () => Promise<boolean>, pollMs = POLL_MS): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      if (await check()) return;
    } catch (error) {
      if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`, { cause: error });
    }
    if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`);
    await delay(pollMs);
  }
}

/** Every manager answers, and sees every node ready and every manager reachable. */
const healthy = (subject: Subject): Promise<void> =>
  until(
    `${subject.name} is healthy`,
    async () => (await Promise.all(MANAGERS.map(subject.isHealthy))).every((is) => is),
    100,
  );

let names = 0;

async function loseLeader(subject: Subject, how: "kill" | "cut"): Promise<number> {
  const leader = await subject.leader("node1");
  const others = MANAGERS.filter((name) => name !== leader);
  const at = others[names % others.length] ?? "";
  await healthy(subject);
  const startedMs = performance.now();
  // From here on the old leader can accept nothing any more.
  await (how === "kill" ? subject.unplug(leader) : subject.cut(leader));
  const dying = how === "kill" ? subject.kill(leader) : Promise.resolve();
  let accepted = "";
  await until(`${subject.name} accepts a write`, async () => {
    accepted = `write-${names++}`;
    await subject.create(at, accepted, 0, WRITE_LIMIT_MS);
    return true;
  });
  const seconds = (performance.now() - startedMs) / 1000;
  await dying;
  await subject.remove(at, accepted).catch(() => undefined);
  await (how === "kill" ? subject.start(leader) : subject.heal());
  await healthy(subject);
  console.error(`${subject.name}: leader ${leader} ${how} ${seconds.toFixed(2)} s`);
  return seconds;
}

async function loseWorker(subject: Subject, worker: string): Promise<number> {
  const name = `replicas-${names++}`;
  const elsewhere = async (victim: string): Promise<boolean> =>
    (await subject.running("node1", name)).filter((task) => task.node !== victim).length === REPLICAS;
  await subject.create("node1", name, REPLICAS, LIMIT_MS);
  await until(`${subject.name} runs ${name}`, () => elsewhere(""));
  const startedMs = performance.now();
  await subject.unplug(worker);
  const dying = subject.kill(worker);
  await until(`${subject.name} replaces what ran on ${worker}`, () => elsewhere(worker));
  const seconds = (performance.now() - startedMs) / 1000;
  await dying;
  await subject.remove("node1", name);
  await subject.start(worker);
  await healthy(subject);
  console.error(`${subject.name}: worker ${worker} ${seconds.toFixed(2)} s`);
  return seconds;
}

/** What node events tell: who left ready, for what, and who took the lead. */
interface Alarms {
  readonly left: string[];
  readonly leaders: string[];
}

async function watchNodes(subject: SkepSubject, alarms: Alarms, signal: AbortSignal): Promise<void> {
  const request = newEventsRequest({ filters: [newFilter({ key: "type", values: ["node"] })] });
  const told = ({ attributes }: Event): void => {
    const { name = "" } = attributes;
    const state = attributes["state.new"];
    if (state !== undefined && state !== "ready") alarms.left.push(`${name} ${state}`);
    if (attributes["leader.new"] === "true") alarms.leaders.push(name);
  };
  try {
    for await (const event of serverStream(subject.client("node1"), ControlService.events, request, { signal })) {
      told(event);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Runs `work` and says what was alarming meanwhile. */
async function alarmsDuring(subject: SkepSubject, work: () => Promise<void>): Promise<Alarms> {
  const alarms: Alarms = { left: [], leaders: [] };
  const stop = new AbortController();
  const watching = watchNodes(subject, alarms, stop.signal);
  await delay(200);
  alarms.leaders.length = 0; // the present leader is told as the first event
  await work();
  stop.abort();
  await watching;
  return alarms;
}

async function falseAlarms(subject: SkepSubject): Promise<string[][]> {
  const started = await alarmsDuring(subject, async () => {
    await subject.create("node1", "many", MANY, LIMIT_MS);
    await until(`${MANY} replicas run`, async () => (await subject.running("node1", "many")).length === MANY, 200);
  });
  await subject.remove("node1", "many");
  await until("all tasks are gone", async () => (await subject.running("node1", "many")).length === 0, 200);
  await subject.create("node1", "ten", REPLICAS, LIMIT_MS);
  await until("10 replicas run", async () => (await subject.running("node1", "ten")).length === REPLICAS);
  const ids = async (): Promise<string> =>
    JSON.stringify((await subject.running("node1", "ten")).map((task) => task.id).sort());
  const rows = [[`${MANY} containers started`, "0", ...told(started)]];
  for (const node of [...MANAGERS, ...WORKERS]) {
    const leads = (await subject.leader("node1")) === node;
    const before = await ids();
    let replaced = "0";
    const alarms = await alarmsDuring(subject, async () => {
      const pid = subject.daemonPid(node);
      process.kill(pid, "SIGSTOP");
      try {
        await delay(STOP_MS);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await delay(AFTERMATH_MS);
      await healthy(subject);
      if ((await ids()) !== before) replaced = "some";
    });
    rows.push([`${node}${leads ? " (leader)" : ""} stopped for ${STOP_MS / 1000} s`, replaced, ...told(alarms)]);
  }
  await subject.remove("node1", "ten");
  return rows;
}

const told = ({ left, leaders }: Alarms): string[] => [
  String(left.filter((one) => one.endsWith(" down")).length),
  String(left.filter((one) => one.endsWith(" suspect")).length),
  String(leaders.length),
];

interface Figures {
  readonly leader: { readonly kill: number[]; readonly cut: number[] };
  readonly worker: number[];
  readonly alarms: string[][];
}

async function measure(make: () => Promise<Subject | SkepSubject>, trials: number): Promise<Figures> {
  const subject = await make();
  const figures: Figures = { leader: { kill: [], cut: [] }, worker: [], alarms: [] };
  try {
    await healthy(subject);
    if (parts.includes("leader")) {
      for (let trial = 0; trial < trials; trial++) {
        const how = trial % 2 === 0 ? "kill" : "cut";
        figures.leader[how].push(await loseLeader(subject, how));
      }
    }
    if (parts.includes("worker")) {
      for (let trial = 0; trial < Number(values["worker-trials"]); trial++) {
        figures.worker.push(await loseWorker(subject, WORKERS[trial % WORKERS.length] ?? ""));
      }
    }
    if (parts.includes("alarms") && "daemonPid" in subject) figures.alarms.push(...(await falseAlarms(subject)));
  } finally {
    await subject.down();
  }
  return figures;
}

const skep = values.only === "swarm" ? undefined : await measure(() => skepSubject(values.name), Number(values.trials));
const swarm = values.only === "skep" ? undefined : await measure(swarmSubject, Number(values["swarm-trials"]));

const cell = (side: Figures | undefined, of: (figures: Figures) => number[]): string => {
  const times = side === undefined ? [] : of(side);
  if (times.length === 0) return "";
  return `${median(times).toFixed(2)} s / ${Math.max(...times).toFixed(2)} s (${times.length})`;
};
const row = (what: string, aim: string, of: (figures: Figures) => number[]): string[] => [
  what,
  cell(skep, of),
  cell(swarm, of),
  aim,
];
printTable(
  ["median / worst (trials)", "skep", "Swarm", "aim"],
  [
    row("leader lost until a write is accepted", "1.0 s / 2.0 s", ({ leader }) => [...leader.kill, ...leader.cut]),
    row("… its power cut", "", ({ leader }) => leader.kill),
    row("… its links cut", "", ({ leader }) => leader.cut),
    row("worker lost until 10 of 10 run elsewhere", "5 s", ({ worker }) => worker),
  ],
);
if (skep !== undefined && skep.alarms.length > 0) {
  console.log("");
  printTable(["false alarms", "tasks replaced", "nodes down", "nodes suspect", "new leaders"], skep.alarms);
}
