import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeByName, parseClusterName, pathsOf, planCluster, registryOf, vethOf } from "../../../deploy/dev/model.ts";

test("planCluster: managers first, addresses from the cluster's number", () => {
  const cluster = planCluster("dev", 7, { managers: 1, workers: 2 }, 0);
  assert.deepEqual(
    cluster.nodes.map((node) => [node.name, node.role, node.addr]),
    [
      ["node1", "manager", "10.213.7.11"],
      ["node2", "worker", "10.213.7.12"],
      ["node3", "worker", "10.213.7.13"],
    ],
  );
  assert.equal(registryOf(cluster), "10.213.7.1:5000");
});

test("vethOf: fits the 15 characters of an interface name for the largest cluster", () => {
  const cluster = planCluster("dev", 99, { managers: 1, workers: 199 }, 0);
  const names = cluster.nodes.map((node) => vethOf(99, node));
  assert.equal(new Set(names).size, 200);
  assert.ok(names.every((name) => name.length <= 15));
});

const wrongSizes: readonly (readonly [managers: number, workers: number, says: RegExp])[] = [
  [0, 2, /--managers must be 1 or more, not 0/],
  [1, -1, /--workers must be 0 or more, not -1/],
  [1, 200, /at most 200 nodes, not 201/],
];
for (const [managers, workers, says] of wrongSizes) {
  test(`planCluster: refuses ${managers} managers and ${workers} workers`, () => {
    assert.throws(() => planCluster("dev", 0, { managers, workers }, 0), says);
  });
}

for (const name of ["", "-a", "a-", "Dev", "a_b", "../x", "a".repeat(33)]) {
  test(`parseClusterName: refuses ${JSON.stringify(name)}`, () => {
    assert.throws(() => parseClusterName(name), /dev cluster name/);
  });
}

test("nodeByName: an unknown node names those there are", () => {
  const cluster = planCluster("dev", 0, { managers: 1, workers: 1 }, 0);
  assert.equal(nodeByName(cluster, "node2").number, 2);
  assert.throws(() => nodeByName(cluster, "node9"), /no node "node9"; it has node1, node2/);
});

test("pathsOf: a socket path fits the 107 bytes that the kernel allows", () => {
  const paths = pathsOf("/var/lib/skep-dev", "a".repeat(32));
  assert.ok(Buffer.byteLength(paths.socket("node200")) <= 107);
});
