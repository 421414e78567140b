// npm test: the checks, then every test, from the fastest to those with real containers. A failing phase does not hide
// the others, and a file that does not end does not hold them up. `npm test -- e2e` runs the phases that are named. In the end
// it tells what took how long.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { E2E_CLUSTER } from "./e2e/support.ts";
import { type FilesResult, runFiles, slowest } from "./run-files.ts";

const root = join(import.meta.dirname, "..");

interface Phase {
  readonly name: string;
  readonly folders: readonly string[];
  /** Test files at once. Those with real clusters take turns: they share one. */
  readonly concurrency: number;
  /** For each test. */
  readonly timeoutMs: number;
  /** For each file: several times what the slowest takes on a busy machine. */
  readonly fileLimitMs: number;
}

const PHASES: readonly Phase[] = [
  { name: "unit", folders: ["test/unit"], concurrency: 2, timeoutMs: 120_000, fileLimitMs: 300_000 },
  { name: "sim", folders: ["test/sim"], concurrency: 2, timeoutMs: 240_000, fileLimitMs: 600_000 },
  { name: "integration", folders: ["test/integration"], concurrency: 1, timeoutMs: 240_000, fileLimitMs: 400_000 },
  { name: "e2e", folders: ["test/e2e"], concurrency: 1, timeoutMs: 600_000, fileLimitMs: 900_000 },
];

/**
 * Phases that run at the same time: the simulation needs processors and no kernel, integration waits most of the time. What the
 * later ones of a group say is told when the first has ended.
 */
const GROUPS: readonly (readonly string[])[] = [["unit"], ["sim", "integration"], ["e2e"]];

function testFiles(folder: string): string[] {
  const dir = join(root, folder);
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join(root, folder, path))
    .sort();
}

const check = (): boolean =>
  spawnSync(process.execPath, [join(root, "test/check.ts")], { cwd: root, stdio: ["ignore", "inherit", "inherit"] })
    .status === 0;

async function runPhase(phase: Phase, write?: (text: string) => void): Promise<FilesResult> {
  const files = phase.folders.flatMap(testFiles);
  if (files.length > 0) return await runFiles({ ...phase, files, ...(write === undefined ? {} : { write }) });
  console.error(`no test files in ${phase.folders.join(", ")}`);
  return { ok: false, tookMs: new Map(), hung: [] };
}

function removeTestClusters(): void {
  for (const name of [
    E2E_CLUSTER,
    `${E2E_CLUSTER}-recovery`,
    `${E2E_CLUSTER}-extra`,
    `${E2E_CLUSTER}-sec`,
    `${E2E_CLUSTER}-history`,
  ]) {
    spawnSync(join(root, "bin/skep"), ["dev", "down", "--name", name], { stdio: "ignore" });
  }
}

const wanted = process.argv.slice(2);
const known = ["check", ...PHASES.map((phase) => phase.name)];
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no test phase ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}
const selected = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

// Test files strip the types of the same few hundred sources: the launcher's cache of compiled code saves a third of that.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/skep");

const failed: string[] = [];
const hung: string[] = [];
const took: string[] = [];
const tookMs = new Map<string, number>();
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(7)} s`;
const note = (name: string, sinceMs: number): void =>
  void took.push(`${seconds(performance.now() - sinceMs)}  ${name}`);

if (selected("check")) {
  const startedMs = performance.now();
  if (!check()) failed.push("check");
  note("check", startedMs);
}
async function measured(phase: Phase, write?: (text: string) => void): Promise<void> {
  const startedMs = performance.now();
  const real = phase.name === "e2e";
  try {
    if (real) removeTestClusters(); // what an interrupted run may have left
    const result = await runPhase(phase, write);
    if (!result.ok) failed.push(phase.name);
    hung.push(...result.hung);
    for (const [file, ms] of result.tookMs) tookMs.set(file, ms);
  } finally {
    if (real) removeTestClusters();
  }
  note(phase.name, startedMs);
}

for (const group of GROUPS) {
  const [first, ...beside] = PHASES.filter(({ name }) => group.includes(name) && selected(name));
  if (first === undefined) continue;
  console.log(`\n== ${[first, ...beside].map(({ name }) => name).join(" and ")}`);
  const later = beside.map(async (phase) => {
    const told: string[] = [];
    await measured(phase, (text) => void told.push(text));
    return `\n== ${phase.name}\n${told.join("")}`;
  });
  await measured(first);
  for (const told of later) console.log(await told);
}
console.log(`\nphases:\n${took.join("\n")}\nslowest files:`);
for (const [file, ms] of slowest({ tookMs }, 10)) console.log(`${seconds(ms)}  ${relative(root, file)}`);
for (const file of hung) console.log(`hung: ${relative(root, file)} had to be killed`);
console.log(failed.length === 0 ? "\nall phases passed" : `\nfailed: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
