// npm test: the checks, then every test, from the fastest to those with real containers. A failing phase does not hide
// the others. `npm test -- e2e` runs the phases that are named.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { E2E_CLUSTER } from "./e2e/support.ts";

const root = join(import.meta.dirname, "..");

interface Phase {
  readonly name: string;
  readonly folders: readonly string[];
  /** Test files at once. Those with real clusters take turns: they share one. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

const PHASES: readonly Phase[] = [
  { name: "unit", folders: ["test/unit"], concurrency: 2, timeoutMs: 120_000 },
  { name: "sim", folders: ["test/sim"], concurrency: 2, timeoutMs: 240_000 },
  { name: "integration", folders: ["test/integration"], concurrency: 1, timeoutMs: 240_000 },
  { name: "e2e", folders: ["test/e2e"], concurrency: 1, timeoutMs: 600_000 },
];

function testFiles(folder: string): string[] {
  const dir = join(root, folder);
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join(folder, path))
    .sort();
}

function node(args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

function runPhase(phase: Phase): boolean {
  const files = phase.folders.flatMap(testFiles);
  if (files.length === 0) {
    console.error(`no test files in ${phase.folders.join(", ")}`);
    return false;
  }
  return node([
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${phase.concurrency}`,
    `--test-timeout=${phase.timeoutMs}`,
    ...files,
  ]);
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

const failed: string[] = [];
if (selected("check") && !node([join(root, "test/check.ts")])) failed.push("check");
for (const phase of PHASES.filter(({ name }) => selected(name))) {
  console.log(`\n== ${phase.name}`);
  const real = phase.name === "e2e";
  try {
    if (real) removeTestClusters(); // what an interrupted run may have left
    if (!runPhase(phase)) failed.push(phase.name);
  } finally {
    if (real) removeTestClusters();
  }
}
console.log(failed.length === 0 ? "\nall phases passed" : `\nfailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
