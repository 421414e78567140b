// How long a container takes on this node: create until running, one after the other and four at a time, and removal.
// Run as root: node test/bench/containerd-start.ts [containers]
import type { Runtime } from "../../agent/runtime/runtime.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import { containerConfig, loadBusybox, makeTestContainerd } from "../support/containerd-runtime.ts";

const count = Number(process.argv[2] ?? 20);
const signal = new AbortController().signal;
const nowhere = { write: async (): Promise<void> => undefined };

interface Timing {
  readonly create: number;
  readonly start: number;
}

async function inParallel(total: number, atOnce: number, run: (index: number) => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < total) await run(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return performance.now() - startedMs;
}

async function startOne(runtime: Runtime, ids: TaskId[], timings: Timing[]): Promise<void> {
  const config = containerConfig({ args: ["sleep", "100000"] });
  const beganMs = performance.now();
  await runtime.create(config, signal);
  const createdMs = performance.now();
  await runtime.start(config.id, nowhere, signal);
  timings.push({ create: createdMs - beganMs, start: performance.now() - createdMs });
  ids.push(config.id);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const containerd = makeTestContainerd();
try {
  const openedMs = performance.now();
  const runtime = await containerd.open();
  console.log(`open, with a containerd of its own   ${(performance.now() - openedMs).toFixed(0)} ms`);
  await loadBusybox(runtime);
  for (const atOnce of [1, 4]) {
    const ids: TaskId[] = [];
    const timings: Timing[] = [];
    const startMs = await inParallel(count, atOnce, () => startOne(runtime, ids, timings));
    const removeMs = await inParallel(count, atOnce, (index) => runtime.remove(ids[index] as TaskId, signal));
    console.log(
      [
        `${count} containers, ${atOnce} at a time`.padEnd(36),
        `until running ${startMs.toFixed(0)} ms`,
        `each: create ${median(timings.map(({ create }) => create)).toFixed(0)} ms`,
        `start ${median(timings.map(({ start }) => start)).toFixed(0)} ms`,
        `(worst ${Math.max(...timings.map(({ create, start }) => create + start)).toFixed(0)} ms)`,
        `removed ${removeMs.toFixed(0)} ms`,
      ].join("  "),
    );
  }
} finally {
  await containerd.dispose();
}
