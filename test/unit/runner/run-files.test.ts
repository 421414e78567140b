// The runner of the tests: a file that does not end is killed and named, and the others are run all the same.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const RUNNER = join(import.meta.dirname, "../../run-files.ts");

/** Runs these files, and resolves with what was told. */
async function runner(t: TestContext, files: Readonly<Record<string, string>>, limitMs: number) {
  const dir = mkdtempSync(join(tmpdir(), "skep-runner-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const paths = Object.entries(files).map(([name, body]) => {
    writeFileSync(join(dir, name), `import { test } from "node:test";\n${body}`);
    return join(dir, name);
  });
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // it is not a part of this run
  const child = spawn(process.execPath, [RUNNER, "--file-limit-ms", String(limitMs), ...paths], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  t.after(() => child.kill("SIGKILL"));
  let told = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (told += text));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, told };
}

const FINE = 'test("fine", () => {});';

test("files that pass: 0", async (t) => {
  const { code, told } = await runner(t, { "a.test.mjs": FINE, "b.test.mjs": FINE }, 60_000);
  assert.equal(code, 0, told);
  assert.match(told, /pass 2/);
});

test("a file whose process does not end is killed and named, and the others are run", async (t) => {
  const stays = 'test("stays open", () => { setInterval(() => {}, 1000); });';
  const never = 'test("never ends", () => new Promise(() => setInterval(() => {}, 1000)));';
  const { code, told } = await runner(t, { "a.test.mjs": stays, "b.test.mjs": never, "c.test.mjs": FINE }, 10_000);
  assert.equal(code, 1, told);
  assert.match(told, /hung: \S*a\.test\.mjs has not ended/);
  assert.match(told, /hung: \S*b\.test\.mjs has not ended/);
  assert.match(told, /✔ fine/);
  assert.doesNotMatch(told, /hung: \S*c\.test\.mjs/);
});

test("a file that fails, and one that cannot be loaded: 1", async (t) => {
  const fails = 'test("bad", () => { throw new Error("no"); });';
  assert.equal((await runner(t, { "a.test.mjs": fails }, 60_000)).code, 1);
  assert.equal((await runner(t, { "a.test.mjs": FINE, "b.test.mjs": "syntax error" }, 60_000)).code, 1);
});
