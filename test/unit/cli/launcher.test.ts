// The launcher: what a user writes on skep's command line, or has in his environment for other programs, is nothing to Node.
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const SKEP = join(import.meta.dirname, "..", "..", "..", "bin", "skep");
const dir = mkdtempSync(join(tmpdir(), "skep-launcher-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const ran = join(dir, "ran");
const code = join(dir, "code.cjs");
writeFileSync(code, `require("node:fs").writeFileSync(${JSON.stringify(ran)}, "");`);
writeFileSync(join(dir, "options.env"), `NODE_OPTIONS=--require=${code}\n`);
writeFileSync(join(dir, "node.config.json"), JSON.stringify({ nodeOptions: { require: [code] } }));

function skep(words: readonly string[], env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const { PATH, HOME } = process.env;
  return spawnSync(SKEP, words, {
    cwd: dir,
    encoding: "utf8",
    env: { PATH, HOME, SKEP_HOST: join(dir, "none.sock"), ...env },
  });
}

const create = (...words: readonly string[]): readonly string[] => ["service", "create", ...words];

test("an env file that is not there is skep's error, by the flag's name", () => {
  const { status, stderr } = skep(create("--env-file", "/nope", "busybox"));
  assert.match(stderr, /--env-file \/nope: there is no such file/);
  assert.equal(status, 2);
});

// Each reaches the daemon's socket, where none is, and runs nothing of the user's in the CLI itself.
for (const words of [
  create("--env-file", "options.env", "busybox"),
  create("--env-file=options.env", "busybox"),
  create("busybox", "--env-file", "options.env"),
  create("busybox", "node", "--require", "./code.cjs"),
  create("busybox", "node", "--experimental-config-file=node.config.json"),
  create("busybox", "node", "--experimental-default-config-file"),
]) {
  test(`nothing of it is Node's: ${words.join(" ")}`, () => {
    const { status, stderr } = skep(words);
    assert.match(stderr, /cannot connect to the skep daemon/);
    assert.equal(status, 1);
    assert.ok(!existsSync(ran), "code of the user ran in the CLI");
  });
}

test("what the environment sets for other programs in Node does not act on skep", () => {
  for (const options of [`--require=${code}`, "--no-such-option"]) {
    const { status, stdout } = skep(["--version"], { NODE_OPTIONS: options });
    assert.match(stdout, /\d+\.\d+\.\d+/);
    assert.equal(status, 0);
    assert.ok(!existsSync(ran));
  }
});

test("SKEP_NODE_OPTIONS is for who means this program", () => {
  assert.equal(skep(["--version"], { SKEP_NODE_OPTIONS: `--require=${code}` }).status, 0);
  assert.ok(existsSync(ran));
});

test("words come through the launcher as they were typed", () => {
  const { stderr } = skep(["=a", "b"]);
  assert.match(stderr, /=a/);
  assert.match(skep(["service", "create", "--replicas", "-1", "busybox"]).stderr, /--replicas.*-1/);
});
