// Membership and tokens on real hosts; the dev cluster itself, and that nothing of it stays behind.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { busybox } from "./images.ts";
import {
  E2E_CLUSTER,
  eventually,
  everyNodeReady,
  inHost,
  okAt,
  runCommand,
  skep,
  skepAt,
  skepFails,
  useCluster,
} from "./support.ts";

const SKEP = join(import.meta.dirname, "..", "..", "bin", "skep");
const EXTRA = `${E2E_CLUSTER}-extra`;

before(useCluster);

test("every node shows, one leads, all managers are reachable", async () => {
  const rows = (await skep("node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}")).trim().split("\n").sort();
  assert.equal(rows.length, 5);
  assert.equal(rows.filter((row) => row.endsWith(" Leader")).length, 1);
  assert.equal(rows.filter((row) => row.endsWith(" Reachable")).length, 2);
});

test("status is healthy on every manager and exits 0", async () => {
  for (const node of ["node1", "node2", "node3"]) {
    const { code, stdout } = await skepAt(node, ["status"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /healthy/i);
  }
});

test("a worker refuses cluster commands in plain words", async () => {
  const { code, stderr } = await skepAt("node4", ["node", "ls"]);
  assert.equal(code, 1);
  assert.match(stderr, /not a swarm manager/);
});

test("join twice, wrong token, rotated token, no manager at the address", async () => {
  const [addr] = (await skep("info", "--format", "{{.Swarm.NodeAddr}}")).trim().split("\n");
  const token = (await skep("swarm", "join-token", "-q", "worker")).trim();
  const again = await skepAt("node4", ["swarm", "join", "--token", token, `${addr?.split(":")[0]}:7377`]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /already part of a swarm/);

  await okAt("node1", "swarm", "join-token", "--rotate", "-q", "worker");
  const fresh = (await skep("swarm", "join-token", "-q", "worker")).trim();
  assert.notEqual(fresh, token);

  await okAt("node5", "swarm", "leave");
  await eventually("node5 shows as down", async () => {
    assert.match(await skep("node", "inspect", "node5", "--format", "{{.Status.State}}"), /down|disconnected/);
  });
  const join = async (secret: string, at: string): Promise<{ code: number; stderr: string }> =>
    await skepAt("node5", ["swarm", "join", "--token", secret, at]);
  const manager = `${addr?.split(":")[0]}:7377`;
  const rotated = await join(token, manager);
  assert.equal(rotated.code, 1);
  assert.match(rotated.stderr, /token/);
  const malformed = await join("SKEPTKN-nonsense", manager);
  assert.match(malformed.stderr, /token/);
  const empty = manager.replace(/\d+:7377$/, "250:7377"); // an address of the bridge's subnet that no host has
  const nobody = await join(fresh, empty);
  assert.equal(nobody.code, 1);
  assert.ok(nobody.stderr.includes(empty), nobody.stderr);

  const old = (await skep("node", "ls", "--filter", "name=node5", "-q")).trim();
  assert.equal((await join(fresh, manager)).code, 0);
  await skep("node", "rm", "--force", old);
  await everyNodeReady();
});

test("dev down leaves nothing behind, also when every host was killed the hard way", async () => {
  const before = machine();
  const up = await runCommand(SKEP, ["dev", "up", "--name", EXTRA, "--managers", "1", "--workers", "1"], {
    timeoutMs: 180_000,
  });
  assert.equal(up.code, 0, up.stderr);
  const image = await busybox(EXTRA);
  const env = { SKEP_HOST: `dev:${EXTRA}/node1` };
  const create = await runCommand(
    SKEP,
    ["service", "create", "--name", "a", "--replicas", "4", image, "sleep", "1000"],
    { env },
  );
  assert.equal(create.code, 0, create.stderr);
  for (const verb of ["kill", "start"]) {
    const done = await runCommand(SKEP, ["dev", verb, "--name", EXTRA, "node1", "node2"]);
    assert.equal(done.code, 0, done.stderr);
  }
  const next = await runCommand(SKEP, ["node", "ls"], { env });
  assert.equal(next.code, 0, `as soon as the hosts are on: ${next.stderr}`);
  await runCommand(SKEP, ["dev", "kill", "--name", EXTRA, "node2"]);
  const down = await runCommand(SKEP, ["dev", "down", "--name", EXTRA]);
  assert.equal(down.code, 0, down.stderr);
  await eventually("the machine is as it was", () => assert.deepEqual(machine(), before));
  assert.equal((await inHost("node1", "true")).code, 0, "the other cluster is untouched");
});

/** What a dev cluster makes on the machine: namespaces, links, mounts, control groups. */
function machine(): Record<string, readonly string[]> {
  const cgroups = readdirSync("/sys/fs/cgroup").flatMap((name) => {
    try {
      return readdirSync(join("/sys/fs/cgroup", name)).filter((dir) => dir.includes("skep"));
    } catch {
      return [];
    }
  });
  return {
    namespaces: readdirSync("/run/netns").sort(),
    links: readdirSync("/sys/class/net").sort(),
    mounts: readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .filter((line) => line.includes(EXTRA)),
    cgroups: [...new Set(cgroups)].sort(),
    folders: readdirSync("/var/lib/skep-dev").sort(),
  };
}

test("a dev cluster that exists is not made twice; one that does not is named", async () => {
  const again = await runCommand(SKEP, ["dev", "up", "--name", E2E_CLUSTER]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists/);
  const missing = await runCommand(SKEP, ["dev", "kill", "--name", "nothere", "node1"]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nothere/);
  assert.match(await skepFails("service", "inspect", "nothere"), /nothere/);
});
