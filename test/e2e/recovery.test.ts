// Recovery on real hosts, in a cluster of its own: a manager that moves, by itself and by hand, one whose disk is full, while it
// runs and when it starts, one whose last write was torn, one that was away for long, one that was removed while it was away, a
// backup, the quorum lost for good, a damaged disk, a restore on another host. One story, in order.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DEV_DIR, requireCluster } from "../../deploy/dev/clusters.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { nodeByName, pathsOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { fillDisk } from "../support/fill-disk.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";
import { E2E_CLUSTER, eventually, type Result, runCommand } from "./support.ts";

const CLUSTER = `${E2E_CLUSTER}-recovery`;
const SKEP = join(import.meta.dirname, "..", "..", "bin", "skep");
const paths = pathsOf(DEV_DIR, CLUSTER);
const files = mkdtempSync(join(tmpdir(), "skep-recovery-"));
const backup = join(files, "swarm.skep");

const at = (node: string, ...args: readonly string[]): Promise<Result> =>
  runCommand(SKEP, args, { env: { SKEP_HOST: `unix://${paths.socket(node)}` } });

async function ok(node: string, ...args: readonly string[]): Promise<string> {
  const result = await at(node, ...args);
  assert.equal(result.code, 0, `${node}: skep ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

async function dev(verb: string, ...args: readonly string[]): Promise<string> {
  const result = await runCommand(SKEP, ["dev", verb, "--name", CLUSTER, ...args], { timeoutMs: 180_000 });
  assert.equal(result.code, 0, `skep dev ${verb} ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

async function inHost(node: string, ...command: readonly string[]): Promise<string> {
  const result = await runCommand(SKEP, ["dev", "exec", "--name", CLUSTER, node, "--", ...command]);
  assert.equal(result.code, 0, `${node}: ${command.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

/** The interface of `node` that has `addr`. */
async function deviceOf(node: string, addr: string): Promise<string> {
  const lines = (await inHost(node, "ip", "-o", "-4", "addr", "show")).split("\n");
  return lines.find((line) => line.includes(`${addr}/`))?.split(/\s+/)[1] ?? "";
}

function killDaemon(node: string): void {
  const outer = hostProcess(paths, nodeByName(requireCluster(CLUSTER), node));
  const init = outer === undefined ? undefined : firstChild(outer);
  const pids =
    init === undefined ? [] : pidsOfHosts([init.pid]).filter((pid) => /skep\.(ts|js|mjs) daemon/.test(commandOf(pid)));
  assert.notEqual(pids.length, 0, `no daemon runs on ${node}`);
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

const nodeRows = async (askable: string): Promise<readonly string[]> =>
  (await ok(askable, "node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.ManagerStatus}}")).split("\n").sort();

const shows = (askable: string, ...rows: readonly RegExp[]): Promise<void> =>
  eventually(`${askable} shows ${rows.join(", ")}`, async () => {
    const found = await nodeRows(askable);
    for (const row of rows)
      assert.ok(
        found.some((line) => row.test(line)),
        `${row} in\n${found.join("\n")}`,
      );
  });

const infoOf = (node: string, field: string): Promise<string> => ok(node, "info", "--format", `{{.Swarm.${field}}}`);

before(async () => {
  await runCommand(SKEP, ["dev", "down", "--name", CLUSTER]);
  await dev("up", "--managers", "3", "--workers", "1", "--disk-mb", "96");
  await ok("node1", "service", "create", "-d", "--no-resolve-image", "--name", "kept", "--replicas", "0", "nothing:1");
});
after(async () => {
  await runCommand(SKEP, ["dev", "down", "--name", CLUSTER]);
  rmSync(files, { recursive: true, force: true });
});

test("a manager whose address changed rejoins by itself, and everybody learns it", async () => {
  const { addr } = nodeByName(requireCluster(CLUSTER), "node3");
  const moved = addr.replace(/\d+$/, "93");
  const name = await deviceOf("node3", addr);
  writeFileSync(join(paths.nodeDir("node3"), "daemon-flags"), `--advertise-addr\n${moved}:7377\n`);
  await inHost("node3", "ip", "addr", "add", `${moved}/24`, "dev", name);
  await inHost("node3", "ip", "addr", "del", `${addr}/24`, "dev", name);
  // Removing the first address of a subnet may take the others with it.
  await runCommand(SKEP, [
    "dev",
    "exec",
    "--name",
    CLUSTER,
    "node3",
    "--",
    "ip",
    "addr",
    "add",
    `${moved}/24`,
    "dev",
    name,
  ]);
  killDaemon("node3");
  await eventually("the membership has the new address", async () => {
    const status = await ok(
      "node1",
      "node",
      "inspect",
      "node3",
      "--format",
      "{{.ManagerStatus.Addr}} {{.ManagerStatus.Reachability}}",
    );
    assert.equal(status, `${moved}:7377 reachable`);
  });
  await eventually("the worker has heard of it", async () => {
    assert.match(await ok("node4", "info"), new RegExp(`Manager Addresses: .*${moved.replaceAll(".", "\\.")}:7377`));
  });
  await shows("node3", /^node3 Ready (Reachable|Leader)$/);
});

test("a manager that was moved is given its new address by hand", async () => {
  const { addr } = nodeByName(requireCluster(CLUSTER), "node3");
  const [moved, device] = [addr.replace(/\d+$/, "94"), await deviceOf("node3", addr.replace(/\d+$/, "93"))];
  await inHost("node3", "ip", "addr", "add", `${moved}/24`, "dev", device);
  await ok("node1", "node", "update", "--advertise-addr", `${moved}:7377`, "node3");
  const format = "{{.ManagerStatus.Addr}} {{.ManagerStatus.Reachability}}";
  await eventually("the membership has it, and reaches it there", async () => {
    assert.equal(await ok("node1", "node", "inspect", "node3", "--format", format), `${moved}:7377 reachable`);
  });
  await eventually("so does the node itself", async () => {
    assert.equal(await infoOf("node3", "NodeAddr"), `${moved}:7377`);
  });
});

test("a manager whose disk is full steps aside and says so; with space again it is back by itself", async () => {
  const filler = join(paths.diskDir("node2"), "filler");
  fillDisk(filler);
  try {
    // More than its log has room for in the blocks that it has already.
    for (let i = 0; i < 8; i++)
      await ok("node1", "node", "update", "--label-add", `full=${i}${"0".repeat(60_000)}`, "node4");
    await eventually("it says so", async () => {
      const { stdout, stderr } = await at("node2", "status");
      assert.match(stdout + stderr, /the disk refuses raft's writes: .*(ENOSPC|no space)/s);
    });
    await shows("node1", /^node2 Ready Unreachable$/);
  } finally {
    rmSync(filler);
  }
  await shows("node1", /^node2 Ready Reachable$/);
  await ok("node1", "node", "update", "--label-rm", "full", "node4");
});

test("a manager that starts with a full disk: the daemon stays and says why, and gets going when there is space", async () => {
  const filler = join(paths.diskDir("node2"), "filler");
  await dev("kill", "node2");
  fillDisk(filler);
  try {
    await dev("start", "node2");
    await ok("node1", "node", "update", "--label-add", "full=2", "node4");
    await eventually("it says so", async () => {
      const { code, stderr } = await at("node2", "status");
      assert.notEqual(code, 0);
      assert.match(stderr, /no space|ENOSPC/);
    });
  } finally {
    rmSync(filler);
  }
  await shows("node1", /^node2 Ready Reachable$/);
  await eventually("it has the last write", async () => {
    assert.equal(await ok("node2", "node", "inspect", "node4", "--format", "{{.Spec.Labels.full}}"), "2");
  });
});

test("a last write that a power cut tore is dropped at the start, and had again from the others", async () => {
  await ok("node1", "node", "update", "--label-add", "torn=1", "node4");
  await dev("kill", "node2");
  const raft = join(paths.diskDir("node2"), "raft");
  const log = join(
    raft,
    readdirSync(raft)
      .filter((name) => /^log-\d+$/.test(name))
      .sort()
      .at(-1) ?? "",
  );
  // Behind what was written there is room, in zeros: there the second sector of the next write, whose first one never arrived.
  const bytes = readFileSync(log);
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  randomBytes(90).copy(bytes, Math.ceil(end / 512) * 512 + 512);
  writeFileSync(log, bytes);
  await dev("start", "node2");
  await shows("node1", /^node2 Ready Reachable$/);
  await eventually("it has all of it", async () => {
    assert.equal(await ok("node2", "node", "inspect", "node4", "--format", "{{.Spec.Labels.torn}}"), "1");
  });
});

test("a manager that was away for long catches up by snapshot", async () => {
  await ok("node1", "swarm", "update", "--snapshot-interval", "10");
  await dev("kill", "node2");
  for (let i = 0; i < 12; i++) await ok("node1", "node", "update", "--label-add", `round=${i}`, "node4");
  await dev("start", "node2");
  await shows("node1", /^node2 Ready Reachable$/);
  await eventually("it has the last write", async () => {
    assert.equal(await ok("node2", "node", "inspect", "node4", "--format", "{{.Spec.Labels.round}}"), "11");
  });
  await ok("node1", "swarm", "update", "--snapshot-interval", "10000");
});

test("a manager that was removed while it was away says so, and can join anew", async () => {
  await dev("kill", "node2");
  await eventually("it may be demoted", async () => {
    await ok("node1", "node", "demote", "node2");
  });
  await eventually("it can be removed", async () => {
    await ok("node1", "node", "rm", "--force", "node2");
  });
  await dev("start", "node2");
  await eventually("it says so", async () => {
    assert.equal(await infoOf("node2", "LocalNodeState"), "error");
  });
  assert.match(await infoOf("node2", "Error"), /was removed from its cluster.*swarm leave --force/);
  const status = await at("node2", "status");
  assert.equal(status.code, 2);
  assert.match(status.stderr, /was removed from its cluster/);
  const leaders = (await nodeRows("node1")).filter((row) => row.endsWith("Leader"));
  assert.equal(leaders.length, 1);
  await ok("node2", "swarm", "leave", "--force");
  const token = await ok("node1", "swarm", "join-token", "-q", "manager");
  const { addr } = nodeByName(requireCluster(CLUSTER), "node2");
  const { addr: first } = nodeByName(requireCluster(CLUSTER), "node1");
  await ok("node2", "swarm", "join", "--token", token, "--advertise-addr", addr, `${first}:7377`);
  await shows("node1", /^node2 Ready Reachable$/);
});

test("a backup is taken while everything runs, is whole and for its owner only", async () => {
  const result = await at("node1", "swarm", "backup", backup);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /as of log entry \d+, \d+ bytes, verified/);
  assert.match(result.stderr, /holds the CA's key/);
  assert.equal(statSync(backup).mode & 0o777, 0o600);
});

test("the quorum lost for good: one manager goes on, the others come back as workers and are promoted", async () => {
  const refused = await at("node1", "swarm", "init", "--force-new-cluster");
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /managers have a leader/);
  const id = await infoOf("node1", "Cluster.ID");
  await ok("node1", "service", "create", "-d", "--no-resolve-image", "--name", "later", "--replicas", "0", "nothing:1");
  await dev("kill", "node2", "node3");
  const told = await ok("node1", "swarm", "init", "--force-new-cluster");
  assert.match(told, /goes on alone/);
  assert.match(told, /No managers any more: .*node2.*node3|No managers any more: .*node3.*node2/);
  assert.equal(await infoOf("node1", "Cluster.ID"), id);
  assert.equal(await ok("node1", "service", "ls", "--format", "{{.Name}}"), "kept\nlater");
  await shows("node1", /^node1 Ready Leader$/, /^node2 Down\s*$/, /^node3 Down\s*$/, /^node4 Ready\s*$/);
  await dev("start", "node2");
  await shows("node1", /^node2 Ready\s*$/);
  const promoted = await at("node1", "node", "promote", "node2");
  assert.equal(promoted.code, 0, promoted.stderr);
  assert.match(promoted.stderr, /2 managers: the loss of either stops it/);
  await shows("node1", /^node2 Ready Reachable$/);
  const demoted = await at("node1", "node", "demote", "node2");
  assert.equal(demoted.code, 0, demoted.stderr);
  assert.match(demoted.stderr, /one manager: with its disk the cluster is lost/);
  await shows("node1", /^node2 Ready\s*$/);
  await eventually("it is a worker", async () => {
    assert.notEqual((await at("node2", "node", "ls")).code, 0);
  });
  await ok("node1", "node", "promote", "node2");
  await shows("node1", /^node2 Ready Reachable$/);
});

test("a damaged disk: the daemon stays, names the file and what to do", async () => {
  await dev("kill", "node2");
  const file = join(paths.nodeDir("node2"), "lib", "raft", "log-00000001");
  writeFileSync(file, randomBytes(readFileSync(file).length));
  await dev("start", "node2");
  await eventually("it says so", async () => {
    assert.equal(await infoOf("node2", "LocalNodeState"), "error");
  });
  const error = await infoOf("node2", "Error");
  assert.ok(error.includes(file), error);
  assert.match(error, /swarm leave --force/);
  await ok("node2", "swarm", "leave", "--force");
  assert.equal(await infoOf("node2", "LocalNodeState"), "inactive");
});

test("a restore on a host in no swarm: the same cluster under a new address; a damaged file is refused", async () => {
  const id = await infoOf("node1", "Cluster.ID");
  await dev("kill", "node1");
  const damaged = join(files, "damaged.skep");
  writeFileSync(damaged, readFileSync(backup).subarray(0, -100));
  const refused = await at("node2", "swarm", "restore", damaged);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /the backup is refused: it ends after/);
  const { addr } = nodeByName(requireCluster(CLUSTER), "node2");
  assert.match(await ok("node2", "swarm", "restore", "--advertise-addr", addr, backup), /Swarm restored/);
  assert.equal(await infoOf("node2", "Cluster.ID"), id);
  assert.equal(await ok("node2", "service", "ls", "--format", "{{.Name}}"), "kept");
  writeFileSync(join(paths.nodeDir("node4"), "daemon-flags"), `--manager-addr\n${addr}:7377\n`);
  killDaemon("node4");
  await shows("node2", /^node2 Ready Leader$/, /^node4 Ready\s*$/, /^node1 Down\s*$/);
});
