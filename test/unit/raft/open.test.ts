// The real shell end to end: disk, driver, gRPC. Conditions are waited for; nothing depends on how long anything takes.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { RealCluster, type RealMember, until } from "./real-members.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

async function clusterOfThree(): Promise<RealCluster> {
  const cluster = new RealCluster();
  const one = await cluster.open("one", { kind: "bootstrap" }, 1);
  await until("one leads", () => one.raft.status().state === "leader");
  await one.raft.propose(bytes("first"));
  await cluster.join("two", "one");
  await until("two votes", () => voters(one).includes("two"));
  await cluster.join("three", "two"); // a follower forwards
  await until("three votes", () => voters(one).length === 3);
  return cluster;
}

const voters = (member: RealMember): readonly string[] =>
  member.raft
    .status()
    .members.filter(({ voter }) => voter)
    .map(({ nodeId }) => nodeId);

const leaderOf = (cluster: RealCluster): Promise<RealMember> => until("somebody leads", () => cluster.leader());

const agree = (cluster: RealCluster, values: readonly string[]): Promise<boolean> =>
  until(`all hold ${values.length} values`, () =>
    [...cluster.members.values()].every(({ machine }) => machine.values.length === values.length),
  ).then((same) => {
    for (const { machine } of cluster.members.values()) assert.deepEqual(machine.values, values);
    return same;
  });

test("a cluster of one commits, reads, and continues from its disk", async () => {
  const cluster = new RealCluster();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    const indexes = await Promise.all(["a", "b", "c"].map((value) => one.raft.propose(bytes(value))));
    assert.deepEqual(
      indexes.map(({ index }) => index - (indexes[0]?.index ?? 0)),
      [0, 1, 2],
    );
    await one.raft.readIndex(signal());
    assert.deepEqual(one.machine.values, ["a", "b", "c"]);
    await cluster.stop("one");
    const again = await cluster.open("one", { kind: "restart" }, 1);
    await until("it leads again", () => again.raft.status().state === "leader");
    await again.raft.propose(bytes("d"));
    assert.deepEqual(again.machine.values, ["a", "b", "c", "d"]);
  } finally {
    await cluster.close();
  }
});

test("three members: replicate, lose the leader, elect, come back, transfer", async () => {
  const cluster = await clusterOfThree();
  try {
    const first = await leaderOf(cluster);
    await Promise.all(["a", "b"].map((value) => first.raft.propose(bytes(value))));
    await agree(cluster, ["first", "a", "b"]);

    await cluster.stop(first.name, "cut");
    const second = await leaderOf(cluster);
    await until("it settles", () => second.raft.status().appliedIndex > 0 && second.machine.values.length === 3);
    await second.raft.propose(bytes("c"));

    await cluster.open(first.name, { kind: "restart" }, 0);
    await agree(cluster, ["first", "a", "b", "c"]);

    const before = await leaderOf(cluster);
    await before.raft.transferLeadership(signal());
    const after = await until("another leads", () => {
      const leader = cluster.leader();
      return leader !== undefined && leader.name !== before.name ? leader : undefined;
    });
    await after.raft.propose(bytes("d"));
    await agree(cluster, ["first", "a", "b", "c", "d"]);
    await assert.rejects(before.raft.propose(bytes("no")), { code: "unavailable" });
  } finally {
    await cluster.close();
  }
});

test("a wiped member joins again under a new id and catches up by snapshot; a removed one learns it", async () => {
  const cluster = new RealCluster();
  const often = { snapshotIntervalEntries: 20 };
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1, often);
    await until("one leads", () => one.raft.status().state === "leader");
    const values = Array.from({ length: 100 }, (_, i) => `v${i}`);
    for (const value of values.slice(0, 50)) await one.raft.propose(bytes(value));
    await cluster.join("two", "one", often);
    await cluster.join("three", "one", often);
    await until("both vote", () => voters(one).length === 3);

    await cluster.stop("three");
    rmSync(`${cluster.root}/three`, { recursive: true });
    await until("one leads", () => one.raft.status().state === "leader" || cluster.leader() !== undefined);
    const leader = await leaderOf(cluster);
    for (const value of values.slice(50)) await leader.raft.propose(bytes(value));
    const oldId = cluster.raftIds.get("three");
    const three = await cluster.join("three", leader.name, often);
    await agree(cluster, values);
    assert.ok(three.machine.restored > 0, "it came by snapshot");
    assert.notEqual(three.raft.status().raftId, oldId);

    await until("it votes", () => voters(leader).length === 3);
    await leader.raft.removeMember(three.raft.status().raftId, signal());
    await until("it knows", () => three.raft.status().state === "removed");
    assert.equal(leader.raft.status().members.length, 2);
    await leader.raft.propose(bytes("after"));
  } finally {
    await cluster.close();
  }
});
