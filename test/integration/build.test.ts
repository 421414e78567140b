// What npm run build made runs where nothing else of the project is; a checkout's bundle never runs in place of sources that
// are others by now.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { VERSION } from "../../shared/version.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const dir = mkdtempSync(join(tmpdir(), "skep-build-"));
const children: ChildProcess[] = [];
after(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
  }
  rmSync(dir, { recursive: true, force: true });
});

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return `127.0.0.1:${port}`;
}

/** A host's environment: no Node, nothing of this checkout. */
const BARE = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: dir, NODE_COMPILE_CACHE: join(dir, "cache") };

test("npm run build, copied elsewhere and linked to: a swarm of one", { timeout: 120_000 }, async () => {
  execFileSync(process.execPath, [join(ROOT, "deploy/build.ts"), join(dir, "dist")]);
  const installed = join(dir, "opt/skep");
  cpSync(join(dir, "dist"), installed, { recursive: true });
  rmSync(join(dir, "dist"), { recursive: true });
  mkdirSync(join(dir, "bin"));
  const skep = join(dir, "bin/skep");
  symlinkSync(join(installed, "bin/skep"), skep);
  const run = (...args: string[]): string =>
    execFileSync(skep, args, { encoding: "utf8", env: { ...BARE, SKEP_HOST: join(dir, "run/skep.sock") } });

  assert.match(spawnSync(skep, ["--version"], { encoding: "utf8", env: BARE }).stdout, new RegExp(VERSION));
  assert.match(run("dev", "--help"), /dev up/);
  const addr = await freeAddress();
  const daemon = spawn(
    skep,
    [
      ...["daemon", "--runtime", "hollow", "--listen-addr", addr],
      ...["--data-dir", join(dir, "data"), "--run-dir", join(dir, "run")],
    ],
    { env: BARE, stdio: "ignore" },
  );
  children.push(daemon);
  while (!existsSync(join(dir, "run/skep.sock"))) {
    assert.equal(daemon.exitCode, null, "the daemon ended");
    await delay(20);
  }
  run("swarm", "init", "--advertise-addr", addr);
  run("service", "create", "--name", "web", "--no-resolve-image", "--replicas", "2", "busybox");
  assert.match(run("service", "ls"), /web\s+replicated\s+2\/2/);
  daemon.kill("SIGTERM");
  assert.equal(await new Promise((resolve) => daemon.once("close", resolve)), 0);
});

test("an edited source runs at once; unchanged ones from their bundle", { timeout: 60_000 }, () => {
  const checkout = join(dir, "checkout");
  for (const part of ["agent", "bin", "cli", "deploy", "manager", "proto", "shared", "package.json"]) {
    cpSync(join(ROOT, part), join(checkout, part), { recursive: true });
  }
  mkdirSync(join(checkout, "node_modules"));
  for (const entry of readdirSync(join(ROOT, "node_modules"))) {
    if (entry !== ".cache") symlinkSync(join(ROOT, "node_modules", entry), join(checkout, "node_modules", entry));
  }
  const version = join(checkout, "shared/version.ts");
  const commander = join(checkout, "node_modules/commander");
  const says = (): string =>
    spawnSync(join(checkout, "bin/skep"), ["--version"], { encoding: "utf8", env: BARE }).stdout;
  const isBundled = (): boolean => {
    rmSync(commander); // what the sources cannot run without
    const works = says() !== "";
    symlinkSync(join(ROOT, "node_modules/commander"), commander);
    return works;
  };

  assert.equal(isBundled(), false);
  execFileSync(process.execPath, [join(checkout, "deploy/bundle/checkout.ts")]);
  assert.equal(isBundled(), true);
  writeFileSync(version, readFileSync(version, "utf8").replace(VERSION, VERSION.replace(/\d/, "9"))); // no byte longer
  assert.equal(isBundled(), false);
  assert.match(says(), /9\.\d+\.\d+/);
  execFileSync(process.execPath, [join(checkout, "deploy/bundle/checkout.ts")]);
  assert.equal(isBundled(), true);
  assert.match(says(), /9\.\d+\.\d+/);
});
