// npm run check: types, lint, format, import direction, ambient globals, generated code. Seconds, no side effects.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

// Imports point one way. A folder may import itself, and what is listed.
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  proto: ["shared"],
  shared: ["proto"],
  manager: ["shared", "proto"],
  agent: ["shared", "proto"],
  deploy: ["shared", "proto"],
  cli: ["shared", "proto", "deploy"],
  bin: ["shared", "proto", "manager", "agent", "cli", "deploy"],
};

// What biome's restricted globals cannot see: members of allowed globals, and named imports of ambient modules.
const AMBIENT: readonly (readonly [pattern: RegExp, why: string, allowed: RegExp])[] = [
  [/\bMath\.random\b/, "randomness is passed in (shared/env)", /^(shared\/env|test)\//],
  [/\brandomUUID\b/, "randomness is passed in (shared/env)", /^(shared\/env|test)\//],
  [/\bprocess\.env\b/, "the environment is read at the edge and passed in", /^(bin|cli|test|proto|deploy)\//],
  [/from "node:timers/, "time is passed in (shared/env)", /^(shared\/env|test)\//],
];

// Pure rooms: decisions only, nothing of the machine.
const PURE = [/^manager\/raft\/core\//, /^manager\/scheduler\//, /^manager\/orchestrator\//, /^shared\/model\//];

function sources(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function structure(): string[] {
  const problems: string[] = [];
  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    for (const file of sources(folder).filter((path) => !path.startsWith("proto/gen"))) {
      const text = readFileSync(join(root, file), "utf8");
      for (const match of text.matchAll(/from "(\.[^"]+)"/g)) {
        const target = join(file, "..", match[1] ?? "").split("/")[0] ?? "";
        if (target !== folder && !allowed.includes(target))
          problems.push(`${file}: ${folder} must not import ${target}`);
      }
      for (const [pattern, why, where] of AMBIENT) {
        if (pattern.test(text) && !where.test(file)) problems.push(`${file}: ${pattern.source}: ${why}`);
      }
      if (PURE.some((room) => room.test(file)) && /from "node:/.test(text)) {
        problems.push(`${file}: this room is pure and imports nothing from node:`);
      }
    }
  }
  return problems;
}

const bin = (name: string): string => join(root, "node_modules", ".bin", name);
const steps: readonly (readonly [name: string, run: () => string])[] = [
  ["types", () => command(bin("tsc"), ["--pretty", "false"])],
  ["lint and format", () => command(bin("biome"), ["check", "--error-on-warnings", "--max-diagnostics=50", "."])],
  ["generated code", () => command(process.execPath, [join(root, "proto/generate.ts"), "--check"])],
  ["structure", () => structure().join("\n")],
];

function command(file: string, args: readonly string[]): string {
  const result = spawnSync(file, args, { cwd: root, encoding: "utf8" });
  return result.status === 0 ? "" : `${result.stdout}${result.stderr}${result.error?.message ?? ""}`.trim() || "failed";
}

for (const [name, run] of steps) {
  const problem = run();
  console.log(`${problem === "" ? "ok  " : "FAIL"} ${name}`);
  if (problem !== "") {
    console.log(problem);
    process.exitCode = 1;
  }
}
