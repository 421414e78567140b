// Encrypted networks and `skep network check` on real nodes: nothing is in plain text on the wire, and what is blocked between
// two nodes is told, with what to open.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bridgeOf } from "../../deploy/dev/model.ts";
import { pageImage } from "./images.ts";
import {
  addrOf,
  e2eCluster,
  eventually,
  everyNodeReady,
  inHost,
  inTask,
  okAt,
  removeNetworks,
  removeServices,
  runCommand,
  skep,
  skepAt,
  useCluster,
} from "./support.ts";

const SERVICES = ["cpage", "cprobe"];
const NETWORK = "net-secret";

before(async () => {
  await useCluster();
  const image = await pageImage();
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
  await skep("network", "create", "--opt", "encrypted", NETWORK);
  const worker = ["--mode", "global", "--constraint", "node.role==worker", "--network", NETWORK];
  await skep("service", "create", "--name", "cpage", ...worker, image, "page");
  const sleep = "trap 'exit 0' TERM; : sleep-of-cprobe; while :; do sleep 1 & wait $!; done";
  await skep("service", "create", "--name", "cprobe", ...worker, image, "sh", "-c", sleep);
});

after(async () => {
  await unblock();
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
});

const ask = (node: string, script: string) => inTask(node, /sleep-of-cprobe/, "/bin/sh", "-c", script);

/** Drops what a node sends to node1's port for VXLAN. */
const block = (from: string): Promise<unknown> =>
  inHost(
    "node1",
    "nft",
    `add table inet wall; add chain inet wall in { type filter hook input priority 0; }; add rule inet wall in ip saddr ${addrOf(from)} udp dport 4789 drop`,
  );
const unblock = (): Promise<unknown> => inHost("node1", "nft", "delete table inet wall");

test("an encrypted network: tasks on two nodes reach one another, and nothing of it is readable on the wire", async () => {
  const capture = runCommand("timeout", [
    "60",
    "tcpdump",
    "-i",
    bridgeOf(e2eCluster().number),
    "-n",
    "-l",
    "-A",
    "-c",
    "60",
    "udp",
  ]);
  for (const node of ["node4", "node5"]) {
    await eventually(`both pages answer on ${node}`, async () => {
      const { stdout, stderr } = await ask(node, "for i in 1 2 3 4; do ask cpage 8080; done");
      assert.equal(new Set(stdout.match(/hello from \S+/g)).size, 2, `${stdout}${stderr}`);
    });
  }
  await eventually("enough was on the wire", async () => {
    await ask("node4", "for i in 1 2 3 4 5 6 7 8; do ask cpage 8080; done");
    const seen = await Promise.race([capture, Promise.resolve(undefined)]);
    assert.ok(seen !== undefined);
  });
  const { stdout } = await capture;
  assert.match(stdout, /\.5182[01] > /);
  assert.doesNotMatch(stdout, /hello from|\.4789|cpage/);
});

test("all is well, on every way and through the tunnel", async () => {
  await eventually("the check finds nothing", async () => {
    const out = await okAt("node2", "network", "check");
    assert.match(
      out,
      /^OK {2}20 ways between 5 nodes: TCP, VXLAN with packets up to 1450 bytes, encryption on 2 ways; clocks within \d+ ms\n(?: {2}node\d has slow encrypted networks: .*\n)*$/,
    );
  });
});

test("VXLAN is blocked from one node to another: that way is told and what to open, and it is well again when it is open", async () => {
  await block("node3");
  const { code, stdout } = await skepAt("node1", ["network", "check"]);
  assert.equal(code, 1, stdout);
  const way = `node3 → node1: UDP 4789 \\(VXLAN\\) is blocked: open it from ${addrOf("node3")} to ${addrOf("node1")}`;
  const rule = `ip saddr ${addrOf("node3")} udp dport 4789 drop`;
  const who = `on node1 the firewall drops it \\(table inet wall, chain in: \`${rule}\`\\): \`nft insert rule inet wall in udp dport 4789 accept\``;
  assert.match(stdout, new RegExp(`^1 PROBLEM {2}20 ways between 5 nodes tested\n {2}! ${way}; ${who}\n`));
  assert.match(stdout, /^node3 +node1 +ok +blocked +- +-$/m);
  const other = await skepAt("node1", ["network", "check", "node4"]);
  assert.equal(other.code, 0, other.stdout);
  await unblock();
  await eventually("all is well again", async () => assert.match(await skep("network", "check", "node3"), /^OK/));
});

test("a node that joins: what is wrong on its ways is said where it joins, and it has joined", async () => {
  const [manager = ""] = (await skep("info", "--format", "{{.Swarm.NodeAddr}}")).trim().split("\n");
  const token = (await skep("swarm", "join-token", "-q", "worker")).trim();
  const old = (await skep("node", "ls", "--filter", "name=node5", "-q")).trim();
  await okAt("node5", "swarm", "leave");
  await skep("node", "rm", "--force", old);
  await block("node5");
  try {
    const { code, stdout, stderr } = await skepAt("node5", ["swarm", "join", "--token", token, manager]);
    assert.deepEqual([code, stdout], [0, "This node joined a swarm as a worker.\n"]);
    const way = `node5 → node1: UDP 4789 \\(VXLAN\\) is blocked: open it from ${addrOf("node5")} to ${addrOf("node1")}`;
    assert.match(stderr, new RegExp(`^warning: ${way}; on node1 the firewall drops it .*\n$`));
  } finally {
    await unblock();
    await everyNodeReady();
  }
});
