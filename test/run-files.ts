// Runs test files, each in a process of its own, and never waits for one that does not end: a file past its limit is killed and
// named, and the others go on. (Node's --test-timeout ends a test, but not a process that something keeps open.) As a program it
// runs the files that it is given:  node test/run-files.ts [--concurrency N] [--timeout-ms N] [--file-limit-ms N] FILE…
import { readdirSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { setInterval } from "node:timers";
import { parseArgs } from "node:util";

export interface RunFilesOptions {
  /** Absolute. */
  readonly files: readonly string[];
  /** Files at once. */
  readonly concurrency: number;
  /** For each test. */
  readonly timeoutMs: number;
  /** For each file from its start, all its tests together; then it is killed. */
  readonly fileLimitMs: number;
  /** Where what happens is told; default: standard output, as it happens. */
  readonly write?: (text: string) => void;
}

export interface FilesResult {
  readonly ok: boolean;
  /** How long each file took, those that were killed too. */
  readonly tookMs: ReadonlyMap<string, number>;
  /** Those that had to be killed. */
  readonly hung: readonly string[];
}

const LOOK_MS = 500;

/** Tells what happens as `node --test` does. */
export async function runFiles(options: RunFilesOptions): Promise<FilesResult> {
  const { files, concurrency, timeoutMs, fileLimitMs, write = (text) => void process.stdout.write(text) } = options;
  const open = new Map<string, number>();
  const tookMs = new Map<string, number>();
  const hung = new Set<string>();
  let failed = 0;
  const ended = (file: string | undefined): void => {
    const started = file === undefined ? undefined : open.get(file);
    if (file === undefined || started === undefined) return;
    tookMs.set(file, performance.now() - started);
    open.delete(file);
  };
  const events = run({ files: [...files], concurrency, timeout: timeoutMs, isolation: "process" });
  events.on("test:dequeue", ({ name, nesting, file }) => {
    if (nesting === 0 && name === file) open.set(name, performance.now());
  });
  events.on("test:complete", ({ name, nesting, file }) => {
    if (nesting === 0 && name === file) ended(file);
  });
  events.on("test:summary", ({ file, success }) => {
    ended(file);
    if (!success) failed++;
  });
  events.on("test:fail", () => {
    failed++;
  });
  const watchdog = setInterval(() => {
    for (const [file, started] of open) {
      if (performance.now() - started < fileLimitMs || hung.has(file)) continue;
      hung.add(file);
      console.error(`\nhung: ${relative(process.cwd(), file)} has not ended after ${fileLimitMs / 1000} s: killed`);
      for (const pid of childrenRunning(file)) process.kill(pid, "SIGKILL");
    }
  }, LOOK_MS);
  try {
    for await (const text of events.compose(new spec())) write(text as string);
  } finally {
    clearInterval(watchdog);
  }
  for (const file of open.keys()) ended(file);
  return { ok: failed === 0 && hung.size === 0, tookMs, hung: [...hung] };
}

/** Our own children alone: the file's name is the last word of their command line. */
function childrenRunning(file: string): number[] {
  const children = readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/children`, "utf8").trim().split(" ");
    } catch {
      return []; // the thread has just ended
    }
  });
  return children.map(Number).filter((pid) => {
    try {
      return pid > 0 && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(file);
    } catch {
      return false;
    }
  });
}

export const slowest = (
  { tookMs }: Pick<FilesResult, "tookMs">,
  count: number,
): readonly (readonly [string, number])[] => [...tookMs].toSorted(([, a], [, b]) => b - a).slice(0, count);

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      concurrency: { type: "string", default: "2" },
      "timeout-ms": { type: "string", default: "120000" },
      "file-limit-ms": { type: "string", default: "300000" },
    },
  });
  const { ok } = await runFiles({
    files: positionals.map((file) => resolve(file)),
    concurrency: Number(values.concurrency),
    timeoutMs: Number(values["timeout-ms"]),
    fileLimitMs: Number(values["file-limit-ms"]),
  });
  process.exit(ok ? 0 : 1);
}
