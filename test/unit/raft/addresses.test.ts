// Members that move: an address is an attribute. Found again by what they say, by the membership, or by a hint.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { openLog } from "../../../manager/raft/disk/open-log.ts";
import { RealCluster, type RealMember, until } from "./real-members.ts";

const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const bytes = (text: string): Uint8Array => Buffer.from(text);

async function clusterOfThree(): Promise<RealCluster> {
  const cluster = new RealCluster();
  const one = await cluster.open("one", { kind: "bootstrap" }, 1);
  await until("one leads", () => one.raft.status().state === "leader");
  for (const name of ["two", "three"]) {
    await cluster.join(name, "one");
    await until(`${name} votes`, () =>
      one.raft.status().members.some(({ nodeId, voter }) => nodeId === name && voter === true),
    );
  }
  return cluster;
}

const leaderOf = (cluster: RealCluster): Promise<RealMember> => until("somebody leads", () => cluster.leader());
const addrOf = (of: RealMember, name: string): string | undefined =>
  of.raft.status().members.find(({ nodeId }) => nodeId === name)?.addr;

test("a member that moved is heard by what it says; the membership follows, on every member", async () => {
  const cluster = await clusterOfThree();
  try {
    await cluster.stop("two");
    const before = cluster.addrs.get("two");
    cluster.addrs.delete("two");
    const two = await cluster.open("two", { kind: "restart" }, 0);
    assert.notEqual(two.addr, before);
    const leader = await leaderOf(cluster);
    await leader.raft.propose(bytes("after the move"));
    await until("it got the entry", () => two.machine.values.includes("after the move"));
    assert.equal(addrOf(leader, "two"), before);
    await leader.raft.readdressMember(two.raft.status().raftId, two.addr, signal());
    await leader.raft.readdressMember(two.raft.status().raftId, two.addr, signal()); // repeated: nothing to do
    await until("all know", () => [...cluster.members.values()].every((member) => addrOf(member, "two") === two.addr));
    await assert.rejects(leader.raft.readdressMember(99, "127.0.0.1:1", signal()), { code: "failed_precondition" });
  } finally {
    await cluster.close();
  }
});

test("all moved at once: two find one another by a hint on one of them, and the third by hints", async () => {
  const cluster = await clusterOfThree();
  try {
    const names = ["one", "two", "three"];
    for (const name of names) await cluster.stop(name, "cut");
    cluster.addrs.clear();
    const one = await cluster.open("one", { kind: "restart" }, 0);
    const two = await cluster.open("two", { kind: "restart" }, 0, { seeds: () => [one.addr] });
    const leader = await leaderOf(cluster);
    await leader.raft.propose(bytes("found"));
    await until("both have it", () => [one, two].every(({ machine }) => machine.values.includes("found")));
    const three = await cluster.open("three", { kind: "restart" }, 0, { seeds: () => [one.addr, two.addr] });
    await until("so has the third", () => three.machine.values.includes("found"));
  } finally {
    await cluster.close();
  }
});

test("the snapshot interval is asked each time", async () => {
  const cluster = new RealCluster();
  try {
    let interval = 1_000_000;
    const member = await cluster.open("one", { kind: "bootstrap" }, 1, { snapshotIntervalEntries: () => interval });
    await until("it leads", () => member.raft.status().state === "leader");
    for (let i = 0; i < 50; i++) await member.raft.propose(bytes(`v${i}`));
    await cluster.stop("one");
    const again = await cluster.open("one", { kind: "restart" }, 1, { snapshotIntervalEntries: () => interval });
    await until("it leads again", () => again.raft.status().state === "leader");
    assert.equal(again.machine.restored, 0);
    interval = 10;
    // A second one is begun only when the first counts.
    const seen = new Set<string>();
    while (seen.size < 2) {
      await again.raft.propose(bytes("one more"));
      for (const name of readdirSync(again.dir)) if (/^snapshot-\d+$/.test(name)) seen.add(name);
    }
    await cluster.stop("one");
    const third = await cluster.open("one", { kind: "restart" }, 1);
    assert.equal(third.machine.restored, 1);
  } finally {
    await cluster.close();
  }
});

test("behind a snapshot as many entries stay as is said", async () => {
  const cluster = new RealCluster();
  try {
    const sparse = { snapshotIntervalEntries: 20, trailingEntries: () => 3 };
    const member = await cluster.open("one", { kind: "bootstrap" }, 1, sparse);
    await until("it leads", () => member.raft.status().state === "leader");
    const seen = new Set<string>();
    while (seen.size < 2) {
      await member.raft.propose(bytes("one more"));
      for (const name of readdirSync(member.dir)) if (/^snapshot-\d+$/.test(name)) seen.add(name);
    }
    await cluster.stop("one");
    const storage = openLog(member.dir);
    const { firstIndex, restored } = storage;
    await storage.close();
    assert.ok(restored.snapshotIndex > 0);
    assert.equal(firstIndex, restored.snapshotIndex - 3 + 1);
  } finally {
    await cluster.close();
  }
});
