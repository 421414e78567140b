// Makes the bundle that a checkout's bin/skep runs, unless it is there and of these sources: set-up and `skep dev up` call
// this. Several may make it at once: chunks are named after their content, and the first file, which names the others and
// tells what they were made from, comes last and in one move.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realEnv } from "../../shared/env/real-env.ts";
import { bundle, MAIN, ROOT, type Sources } from "./bundle.ts";
import { lookAt, type Source, unchanged } from "./fresh.ts";

const PLACE = "node_modules/.cache/skep-bundle";
// Chunks of before stay a while, for daemons that run since then and load a part of themselves late.
const KEEP_MS = 7 * 24 * 3_600_000;
// What decides beside the sources: how the bundle is made, and which packages are in it.
const BESIDE = [
  "deploy/bundle/bundle.ts",
  "deploy/bundle/checkout.ts",
  "package.json",
  "node_modules/.package-lock.json",
];

const MANIFEST = /^const BUNDLED_SOURCES = (.*);$/m;

const dir = join(ROOT, PLACE);
try {
  if (!isCurrent()) await make();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function isCurrent(): boolean {
  const main = join(dir, MAIN);
  const manifest = existsSync(main) ? MANIFEST.exec(readFileSync(main, "utf8"))?.[1] : undefined;
  if (manifest === undefined) return false;
  const { daemon, cli } = JSON.parse(manifest) as Partial<Sources>; // of an older form, perhaps
  return Array.isArray(daemon) && Array.isArray(cli) && unchanged(ROOT, daemon) && unchanged(ROOT, cli);
}

async function make(): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const beside = BESIDE.map((path) => lookAt(ROOT, path)).filter((source): source is Source => source !== undefined);
  const { files, sources } = await bundle(PLACE, { minify: false });
  for (const [name, text] of files) {
    if (name !== MAIN) replaceFile(name, text);
  }
  const manifest: Sources = { daemon: [...beside, ...sources.daemon], cli: [...beside, ...sources.cli] };
  replaceFile(MAIN, `const BUNDLED_SOURCES = ${JSON.stringify(manifest)};\n${files.get(MAIN) ?? ""}`);
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (!files.has(name) && mtimeMs < realEnv.wallMs() - KEEP_MS) rmSync(path, { force: true });
  }
}

function replaceFile(name: string, text: string): void {
  const path = join(dir, name);
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}
