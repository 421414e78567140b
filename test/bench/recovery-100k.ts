// Recovery of a manager that holds 100,000 tasks: Raft and store alone in one process, killed outright and started again.
// From the start of the process until the store is whole and a write is accepted; and what it takes in memory then.
//
//   node test/bench/recovery-100k.ts [--tasks 100000] [--runs 3]
import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { openRaft } from "../../manager/raft/open.ts";
import { createStore } from "../../manager/store/store.ts";
import type { Store } from "../../manager/store/types.ts";
import {
  newContainerSpec,
  newService,
  newServiceSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Service,
} from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { isCode } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import { type NodeId, newId, type ServiceId, type TaskId } from "../../shared/model/ids.ts";
import { createSealer } from "../../shared/pki/sealing.ts";
import { connectPlain } from "../support/plain-port.ts";
import { median, printTable } from "./table.ts";

/** As a manager's log is: sealed. The key of all runs of one benchmark. */
const KEY = new Uint8Array(32).fill(9);
const REPLICAS = 100;
const STATES_PER_TASK = 3;

interface Report {
  /** Since the process was started. */
  readonly readyMs: number;
  /** Of that: opening the log, restoring the snapshot and applying what follows it. */
  readonly openMs: number;
  readonly rssMiB: number;
  readonly tasks: number;
  /** A snapshot to the disk, while writes go on: all of it, and the longest time in it that nothing else could run. */
  readonly snapshotMs: number;
  readonly snapshotStallMs: number;
  /** The same of one that is taken over, as from a leader. */
  readonly restoreMs: number;
  readonly restoreStallMs: number;
  readonly snapshotMiB: number;
}

async function member(dir: string, tasks: number): Promise<void> {
  const isNew = tasks > 0;
  const openedAtMs = performance.now();
  let interval = 10_000;
  const { store, machine, attach } = createStore({ env: realEnv, log: silentLog });
  const raft = await openRaft({
    env: realEnv,
    log: silentLog,
    dir,
    raftId: isNew ? 1 : 0,
    nodeId: "one",
    addr: "127.0.0.1:1",
    stateMachine: machine,
    dial: (addr) => new grpc.Client(addr, grpc.credentials.createInsecure()),
    connect: connectPlain,
    start: { kind: isNew ? "bootstrap" : "restart" },
    sealer: createSealer(KEY),
    snapshotIntervalEntries: () => interval,
  });
  void attach(raft, new AbortController().signal);
  await firstWrite(store);
  const readyMs = performance.now(); // counts from the start of the process
  if (isNew) await fill(store, tasks);
  const rssMiB = process.memoryUsage.rss() / 2 ** 20;
  interval = 1; // from the next write on
  const saved = await whileMeasured(async () => {
    const before = snapshotsIn(dir);
    while (snapshotsIn(dir) === before) await store.update((tx) => tx.put("service", oneMore()));
    interval = 1_000_000;
  });
  const snapshot = Buffer.concat([...machine.snapshot()]);
  const other = createStore({ env: realEnv, log: silentLog });
  const restored = await whileMeasured(() => other.machine.restore(snapshot, realEnv.breathe));
  process.send?.({
    readyMs,
    openMs: readyMs - openedAtMs,
    rssMiB,
    tasks: store.view((view) => [...view.all("task")].length),
    snapshotMs: saved.ms,
    snapshotStallMs: saved.longestMs,
    restoreMs: restored.ms,
    restoreStallMs: restored.longestMs,
    snapshotMiB: snapshot.length / 2 ** 20,
  } satisfies Report);
}

const snapshotsIn = (dir: string): string =>
  readdirSync(dir)
    .filter((name) => /^snapshot-\d+$/.test(name))
    .join(" ");

/** How long it took, and the longest time in it that nothing else could run. */
async function whileMeasured(act: () => Promise<void>): Promise<{ readonly ms: number; readonly longestMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await pause(20);
  delay.enable();
  const fromMs = performance.now();
  await act();
  const ms = performance.now() - fromMs;
  await pause(5);
  delay.disable();
  return { ms, longestMs: delay.max / 1e6 };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function oneMore(): Service {
  const id = newId<ServiceId>(realEnv.random);
  return newService({ id, spec: newServiceSpec({ name: `more-${id}` }) });
}

async function firstWrite(store: Store): Promise<void> {
  const id = newId<ServiceId>(realEnv.random);
  for (;;) {
    try {
      await store.update((tx) => tx.put("service", newService({ id, spec: newServiceSpec({ name: `first-${id}` }) })));
      return;
    } catch (error) {
      if (!isCode(error, "unavailable")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Every task is made and goes through some states, as in a cluster's life. */
async function fill(store: Store, count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => newId<TaskId>(realEnv.random));
  const services = Array.from({ length: Math.ceil(count / REPLICAS) }, () => newId<ServiceId>(realEnv.random));
  const nodes = Array.from({ length: 100 }, () => newId<NodeId>(realEnv.random));
  await store.batch(ids.entries(), (tx, [i, id]) =>
    tx.put(
      "task",
      newTask({
        id,
        serviceId: services[Math.floor(i / REPLICAS)] ?? newId<ServiceId>(realEnv.random),
        serviceName: `service-${Math.floor(i / REPLICAS)}`,
        slot: (i % REPLICAS) + 1,
        nodeId: nodes[i % nodes.length] ?? newId<NodeId>(realEnv.random),
        spec: newTaskSpec({
          containerSpec: newContainerSpec({
            image:
              "registry.example/team/web:1.27@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            args: ["serve", "--port", "8080"],
            env: ["MODE=production", "LOG=info"],
          }),
        }),
        desiredState: "running",
        status: newTaskStatus({ state: "pending", timestampMs: realEnv.wallMs(), message: "pending task scheduling" }),
      }),
    ),
  );
  for (const state of ["assigned", "preparing", "running"].slice(0, STATES_PER_TASK) as (
    | "assigned"
    | "preparing"
    | "running"
  )[]) {
    await store.batch(ids, (tx, id) => {
      const task = tx.get("task", id);
      if (task !== undefined) {
        tx.put("task", { ...task, status: newTaskStatus({ state, timestampMs: realEnv.wallMs(), message: state }) });
      }
    });
  }
}

function run(dir: string, tasks: number): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ["--member", dir, String(tasks)], { execArgv: [] });
    let report: Report | undefined;
    child.on("message", (message: Report) => {
      report = message;
      child.kill("SIGKILL"); // a power cut, as far as this process can tell
    });
    child.on("exit", () => (report === undefined ? reject(new Error("the member ended by itself")) : resolve(report)));
  });
}

const sizeOf = (dir: string): number =>
  readdirSync(dir, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const { size, isFile } = ((stat) => ({ size: stat.blocks * 512, isFile: stat.isFile() }))(
      statSync(join(dir, name)),
    );
    return sum + (isFile ? size : 0);
  }, 0);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { tasks: { type: "string", default: "100000" }, runs: { type: "string", default: "3" } },
  });
  const root = mkdtempSync(join(tmpdir(), "skep-bench-recovery-"));
  const dir = join(root, "raft");
  try {
    const written = await run(dir, Number(values.tasks));
    const disk = sizeOf(root) / 2 ** 20;
    const runs: Report[] = [];
    for (let i = 0; i < Number(values.runs); i++) runs.push(await run(dir, 0));
    if (runs.some(({ tasks }) => tasks !== Number(values.tasks))) throw new Error("tasks were lost");
    const of = (figure: keyof Report): number => median(runs.map((report) => report[figure]));
    printTable(
      ["a manager with tasks", values.tasks],
      [
        ["killed and started: process start until a write is accepted", `${(of("readyMs") / 1000).toFixed(2)} s`],
        ["… of that, log and state", `${(of("openMs") / 1000).toFixed(2)} s`],
        ["memory (RSS) then", `${of("rssMiB").toFixed(0)} MB`],
        ["memory (RSS) after having written it all", `${written.rssMiB.toFixed(0)} MB`],
        ["on disk", `${disk.toFixed(0)} MB`],
        ["a snapshot: size", `${of("snapshotMiB").toFixed(0)} MB`],
        ["a snapshot to the disk, beside writes", `${of("snapshotMs").toFixed(0)} ms`],
        ["… of that, at most at a stretch", `${of("snapshotStallMs").toFixed(0)} ms`],
        ["a snapshot taken over from a leader", `${of("restoreMs").toFixed(0)} ms`],
        ["… of that, at most at a stretch", `${of("restoreStallMs").toFixed(0)} ms`],
      ],
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const [flag, dir = "", tasks = "0"] = process.argv.slice(2);
if (flag === "--member") await member(dir, Number(tasks));
else await main();
