// Ten minutes (or days) of churn on three managers in this process, over the hollow runtime and the real network, and what it
// leaves behind: heap, resident memory, descriptors, handles, abort listeners and warnings. What is bounded fills up first
// (events, history, Raft's log); after that nothing may grow.
//
//   MALLOC_ARENA_MAX=2 node test/bench/soak.ts [--minutes 10] [--restarts 90]     with malloc as the launcher (bin/skep) sets it
//
// Every quarter of a second a service is made, scaled, changed or removed; somebody always listens to events and reads lists;
// every --restarts seconds (0: never) one of the daemons is started anew, which also moves the leadership about. Ends with 1
// when what is counted still grows in the last third.
import { getEventListeners } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import koffi from "koffi";
import { newCreateServiceRequest, newEventsRequest, newUpdateServiceRequest } from "../../proto/gen/control.ts";
import { newContainerSpec, newServiceSpec, newTaskSpec, type ServiceSpec } from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { seededRandom } from "../../shared/env/sim-env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { CallContext } from "../../shared/rpc/server.ts";
import { type TestDaemon, testDaemon } from "../unit/daemon/daemons.ts";
import { printTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    restarts: { type: "string", default: "90" },
    seed: { type: "string", default: "1" },
  },
});
const LENGTH_MS = Number(values.minutes) * 60_000;
const RESTART_MS = Number(values.restarts) * 1_000;
const SAMPLE_MS = Math.max(2_000, LENGTH_MS / 30);
const STEP_MS = 250;
const SERVICES = 8;
const MOST_REPLICAS = 20;
/** Of the heap in the last third; what is measured differs by some megabytes from one minute to the next. */
const HEAP_TOLERANCE = 0.1;
const COUNT_TOLERANCE = 0.15;

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
const random = seededRandom(Number(values.seed));
const below = (limit: number): number => Math.floor(random() * limit);

// ---------------------------------------------------------------------------------------------------------- counting

const signals = new Set<WeakRef<EventTarget>>();
const known = new WeakSet<EventTarget>();
const addListener = AbortSignal.prototype.addEventListener;
AbortSignal.prototype.addEventListener = function add(
  this: AbortSignal,
  ...args: Parameters<typeof addListener>
): void {
  if (!known.has(this)) {
    known.add(this);
    signals.add(new WeakRef(this));
  }
  addListener.apply(this, args);
};

function abortListeners(): { readonly all: number; readonly most: number } {
  let all = 0;
  let most = 0;
  for (const reference of signals) {
    const signal = reference.deref();
    if (signal === undefined) signals.delete(reference);
    else {
      const count = getEventListeners(signal, "abort").length;
      all += count;
      most = Math.max(most, count);
    }
  }
  return { all, most };
}

/** What C code holds, the buffers of Node among it: taken from the system, and in use of that. */
const size = "size_t";
const mallinfo2 = koffi.load("libc.so.6").func(
  "mallinfo2",
  koffi.struct("mallinfo2", {
    arena: size,
    ordblks: size,
    smblks: size,
    hblks: size,
    hblkhd: size,
    usmblks: size,
    fsmblks: size,
    uordblks: size,
    fordblks: size,
    keepcost: size,
  }),
  [],
);
const trim = koffi.load("libc.so.6").func("int malloc_trim(size_t)");
const malloced = (): { readonly heldMb: number; readonly usedMb: number } => {
  const { arena, hblkhd, uordblks } = mallinfo2();
  return { heldMb: (arena + hblkhd) / 2 ** 20, usedMb: (uordblks + hblkhd) / 2 ** 20 };
};

interface Sample {
  readonly atMs: number;
  readonly heapMb: number;
  /** Of V8's heap, what it keeps of the system's memory. */
  readonly heapHeldMb: number;
  readonly mallocHeldMb: number;
  readonly mallocUsedMb: number;
  /** Of the resident memory, what is the process's own; the rest is files, Raft's logs above all. */
  readonly ownMb: number;
  readonly filesMb: number;
  readonly buffersMb: number;
  readonly descriptors: number;
  readonly handles: number;
  readonly listeners: number;
  readonly mostListeners: number;
  readonly tasks: number;
}

let warnings = 0;
process.on("warning", ({ name, message }) => {
  if (name === "DeprecationWarning" || name === "ExperimentalWarning") return;
  warnings++;
  console.log(`warning: ${name}: ${message}`);
});
let uncaught = 0;
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    uncaught++;
    console.log(`${event}: ${error instanceof Error ? error.stack : String(error)}`);
  });
}

// ------------------------------------------------------------------------------------------------------------- churn

const daemons: TestDaemon[] = [];
const stop = new AbortController();
const counts = { done: 0, refused: 0, events: 0, restarts: 0 };

const context = (signal: AbortSignal = new AbortController().signal): CallContext => ({
  peer: { kind: "local" },
  signal,
  metadata: new Map(),
});
const any = () => {
  const daemon = daemons[below(daemons.length)];
  if (daemon === undefined) throw new Error("no daemon");
  return daemon;
};

const specOf = (name: string, replicas: number): ServiceSpec =>
  newServiceSpec({
    name,
    mode: { kind: "replicated", replicas },
    taskTemplate: newTaskSpec({
      containerSpec: newContainerSpec({ image: "busybox:latest", env: [`N=${below(1e6)}`], stopGracePeriodMs: 10 }),
    }),
  });

async function change(): Promise<void> {
  const { control } = any().node();
  const name = `soak-${below(SERVICES)}`;
  const { services } = await control.listServices({ filters: [{ key: "name", values: [name] }] }, context());
  const service = services.find((each) => each.service?.spec?.name === name)?.service;
  if (service === undefined) {
    const spec = specOf(name, below(MOST_REPLICAS));
    await control.createService(newCreateServiceRequest({ spec, noResolveImage: true }), context());
  } else if (below(12) === 0) {
    await control.removeService({ ref: service.id, force: false }, context());
  } else {
    const keepsSpec = below(3) > 0;
    const fresh = specOf(name, below(MOST_REPLICAS));
    const spec = keepsSpec && service.spec !== undefined ? { ...service.spec, mode: fresh.mode } : fresh;
    const version = service.meta?.version ?? 0;
    await control.updateService(
      newUpdateServiceRequest({ id: service.id, version, spec, noResolveImage: true }),
      context(),
    );
  }
}

async function read(): Promise<void> {
  const { control } = any().node();
  await control.status({}, context());
  await control.listTasks({ filters: [] }, context());
}

const sleep = (ms: number): Promise<void> => realEnv.sleep(ms, stop.signal).catch(() => undefined);

async function repeat(pauseMs: number, act: () => Promise<void>): Promise<void> {
  while (!stop.signal.aborted) {
    try {
      await act();
      counts.done++;
    } catch (error) {
      if (SkepError.from(error).code === "internal") console.log(`internal: ${SkepError.from(error).message}`);
      counts.refused++;
    }
    await sleep(pauseMs);
  }
}

async function listen(): Promise<void> {
  const once = new AbortController();
  const timer = realEnv.timer(5_000, () => once.abort());
  try {
    for await (const _ of any().node().control.events(newEventsRequest(), context(once.signal))) counts.events++;
  } finally {
    timer.cancel();
  }
}

async function restart(): Promise<void> {
  await sleep(RESTART_MS);
  if (stop.signal.aborted) return;
  await any().restart();
  counts.restarts++;
}

async function sample(startedMs: number): Promise<Sample> {
  for (let turn = 0; turn < 3; turn++) {
    if (typeof collect === "function") collect();
    await realEnv.breathe();
  }
  const { heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
  const { heldMb, usedMb } = malloced();
  const status = readFileSync("/proc/self/status", "utf8");
  const residentMb = (kind: string): number =>
    Number(new RegExp(`^${kind}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  const { all, most } = abortListeners();
  const tasks = await countTasks().catch(() => Number.NaN); // one that is just starting says so
  return {
    atMs: realEnv.nowMs() - startedMs,
    heapMb: heapUsed / 2 ** 20,
    heapHeldMb: heapTotal / 2 ** 20,
    mallocHeldMb: heldMb,
    mallocUsedMb: usedMb,
    ownMb: residentMb("RssAnon"),
    filesMb: residentMb("RssFile"),
    buffersMb: arrayBuffers / 2 ** 20,
    descriptors: readdirSync("/proc/self/fd").length,
    handles: process.getActiveResourcesInfo().length,
    listeners: all,
    mostListeners: most,
    tasks,
  };
}

const countTasks = async (): Promise<number> =>
  (await any().node().control.listTasks({ filters: [] }, context())).tasks.length;

// ------------------------------------------------------------------------------------------------------------ verdict

const mean = (list: readonly number[]): number =>
  list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);

/** The last third against the one before it. */
function growth(samples: readonly Sample[], of: keyof Sample): number {
  const third = Math.floor(samples.length / 3);
  const middle = mean(samples.slice(third, 2 * third).map((each) => each[of]));
  return (mean(samples.slice(2 * third).map((each) => each[of])) - middle) / Math.max(1, middle);
}

const [first, second, third] = [await testDaemon(), await testDaemon(), await testDaemon()];
daemons.push(first, second, third);
const { joinTokens } = await first.init();
await second.join(joinTokens?.manager ?? "", first.addr);
await third.join(joinTokens?.manager ?? "", first.addr);

const startedMs = realEnv.nowMs();
const working = [
  repeat(STEP_MS, change),
  repeat(STEP_MS, change),
  repeat(1_000, read),
  repeat(10, listen),
  ...(RESTART_MS > 0 ? [repeat(0, restart)] : []),
];
const samples: Sample[] = [];
while (realEnv.nowMs() - startedMs < LENGTH_MS) {
  await realEnv.sleep(SAMPLE_MS, stop.signal);
  samples.push(await sample(startedMs));
}
stop.abort();
await Promise.all(working);

printTable(
  [
    "minute",
    "heap MiB",
    "held",
    "malloc MiB",
    "held",
    "buffers MiB",
    "own MiB",
    "files MiB",
    "descriptors",
    "handles",
    "abort listeners",
    "most on one",
    "tasks",
  ],
  samples.map((each) => [
    (each.atMs / 60_000).toFixed(1),
    each.heapMb.toFixed(1),
    each.heapHeldMb.toFixed(0),
    each.mallocUsedMb.toFixed(0),
    each.mallocHeldMb.toFixed(0),
    each.buffersMb.toFixed(1),
    each.ownMb.toFixed(0),
    each.filesMb.toFixed(0),
    String(each.descriptors),
    String(each.handles),
    String(each.listeners),
    String(each.mostListeners),
    String(each.tasks),
  ]),
);
console.log(
  `${counts.done} calls done, ${counts.refused} refused, ${counts.events} events, ${counts.restarts} restarts, ` +
    `${warnings} warnings, ${uncaught} uncaught errors`,
);
const ownMb = (): string => /^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
const before = Number(ownMb()) / 1024;
trim(0);
console.log(
  `what malloc held and nobody used, given back: own memory falls from ${before.toFixed(0)} to ${(Number(ownMb()) / 1024).toFixed(0)} MiB`,
);
const verdicts = [
  ["heap", growth(samples, "heapMb"), HEAP_TOLERANCE],
  ["descriptors", growth(samples, "descriptors"), COUNT_TOLERANCE],
  ["handles", growth(samples, "handles"), COUNT_TOLERANCE],
  ["abort listeners", growth(samples, "listeners"), COUNT_TOLERANCE],
] as const;
for (const [name, grew, tolerance] of verdicts) {
  const percent = `${(grew * 100).toFixed(1)} %`;
  console.log(`${name}: ${percent} in the last third${grew > tolerance ? ": GROWS" : ""}`);
}
const failed = verdicts.some(([, grew, tolerance]) => grew > tolerance) || warnings + uncaught > 0;
await Promise.all(daemons.map((daemon) => daemon.remove()));
process.exit(failed ? 1 : 0);
