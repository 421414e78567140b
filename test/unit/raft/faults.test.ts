// Disks that refuse, state that is broken, processes that are killed: the member says so and lies to nobody.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { scanLog } from "../../../manager/raft/disk/log-frame.ts";
import { openLog } from "../../../manager/raft/disk/open-log.ts";
import type { RaftStorage } from "../../../manager/raft/storage.ts";
import { RaftService } from "../../../proto/gen/raft.ts";
import { unary } from "../../../shared/rpc/client.ts";
import { dial, RealCluster, type RealMember, until } from "./real-members.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A disk that refuses while told to. */
function failingDisk(): {
  readonly openStorage: (dir: string) => RaftStorage;
  failing: boolean;
  hanging: boolean;
  /** Hangs only at the leader's snapshot. */
  slowInstall: boolean;
  /** Writes that hang now. */
  held: number;
  broken: boolean;
  refused: number;
} {
  const disk = {
    failing: false,
    hanging: false,
    slowInstall: false,
    held: 0,
    broken: false,
    refused: 0,
    openStorage: (dir: string): RaftStorage => {
      const real = openLog(dir);
      const write: RaftStorage["write"] = async (what) => {
        if (disk.failing) {
          disk.refused++;
          throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
        }
        disk.held++;
        while (disk.hanging || (disk.slowInstall && what.install !== undefined))
          await new Promise((resolve) => setTimeout(resolve, 5));
        disk.held--;
        await real.write(what);
      };
      const entries: RaftStorage["entries"] = (low, high, maxBytes) => {
        if (disk.broken) throw new Error("raft entry is missing on disk");
        return real.entries(low, high, maxBytes);
      };
      // Everything else is the real one's, getters included.
      return Object.create(real, {
        write: { value: write },
        entries: { value: entries },
        ...getters(real),
      }) as RaftStorage;
    },
  };
  return disk;
}

// Private fields are found on the real object only.
function getters(real: RaftStorage): PropertyDescriptorMap {
  const names = ["raftId", "restored", "logBytes", "firstIndex", "lastIndex"] as const;
  return Object.fromEntries(names.map((name) => [name, { get: () => real[name] }]));
}

test("a full disk: the proposal fails, the member stands aside and says so, and goes on when there is room", async () => {
  const cluster = new RealCluster();
  const disk = failingDisk();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1, { openStorage: disk.openStorage });
    await until("one leads", () => one.raft.status().state === "leader");
    await one.raft.propose(bytes("before"));
    disk.failing = true;
    await assert.rejects(one.raft.propose(bytes("during")), { code: "unavailable", message: /outcome unknown/ });
    assert.equal(one.raft.status().state, "follower");
    assert.match(one.raft.status().fault ?? "", /no space left on device/);
    await assert.rejects(one.raft.propose(bytes("refused")), { code: "unavailable", message: /stands aside/ });
    await until("it tries again", () => disk.refused >= 2);
    disk.failing = false;
    await until("it leads again", () => one.raft.status().state === "leader");
    assert.equal(one.raft.status().fault, undefined);
    await one.raft.propose(bytes("after"));
    assert.deepEqual(
      one.machine.values.filter((value) => value !== "during"),
      ["before", "after"],
    );
  } finally {
    await cluster.close();
  }
});

test("the leader's disk fails: another leads, and the first follows when it is well", async () => {
  const cluster = new RealCluster();
  const disk = failingDisk();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1, { openStorage: disk.openStorage });
    await until("one leads", () => one.raft.status().state === "leader");
    await cluster.join("two", "one");
    await cluster.join("three", "one");
    await until("all vote", () => one.raft.status().members.filter(({ voter }) => voter).length === 3);
    await one.raft.propose(bytes("a"));
    disk.failing = true;
    await assert.rejects(one.raft.propose(bytes("b")), { code: "unavailable" });
    const other = await until("another leads", () => {
      const leader = cluster.leader();
      return leader !== undefined && leader !== one ? leader : undefined;
    });
    await other.raft.propose(bytes("c"));
    disk.failing = false;
    await until("one has it", () => one.machine.values.includes("c"));
    assert.deepEqual(one.machine.values, other.machine.values);
  } finally {
    await cluster.close();
  }
});

test("the leader's disk hangs: it says so, and another leads, whom the rest is asked of", async () => {
  const cluster = new RealCluster();
  const disk = failingDisk();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1, { openStorage: disk.openStorage });
    await until("one leads", () => one.raft.status().state === "leader");
    await cluster.join("two", "one");
    await cluster.join("three", "one");
    await until("all vote", () => one.raft.status().members.filter(({ voter }) => voter).length === 3);
    await one.raft.propose(bytes("a"));
    disk.hanging = true;
    await assert.rejects(one.raft.propose(bytes("b")), { code: "unavailable", message: /outcome unknown/ });
    const other = await until("another leads", () => {
      const leader = cluster.leader();
      return leader !== undefined && leader !== one ? leader : undefined;
    });
    assert.match(one.raft.status().fault ?? "", /its disk hangs/);
    await other.raft.propose(bytes("c"));
    assert.deepEqual(other.machine.values, ["a", "b", "c"]);
    disk.hanging = false;
    await until("one has it", () => one.machine.values.includes("c"));
    await until("it says nothing of its disk any more", () => one.raft.status().fault === undefined);
    assert.deepEqual(one.machine.values, other.machine.values);
  } finally {
    disk.hanging = false;
    await cluster.close();
  }
});

test("a follower's disk hangs: the leader knows, and removes nobody who is needed for it", async () => {
  const cluster = new RealCluster();
  const disk = failingDisk();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    const two = await cluster.join("two", "one");
    const three = await cluster.join("three", "one", { openStorage: disk.openStorage });
    await until("all vote", () => one.raft.status().members.filter(({ voter }) => voter).length === 3);
    const [twoId, threeId] = [two.raft.status().raftId, three.raft.status().raftId];
    await one.raft.propose(bytes("a"));
    disk.hanging = true;
    // Nobody can know of it yet: the removal itself would be the first write that it holds up.
    await assert.rejects(one.raft.removeMember(twoId, AbortSignal.timeout(10_000)), { code: "failed_precondition" });
    await until("the leader knows", () => one.raft.status().progress.get(threeId)?.diskOverdue === true);
    assert.equal(one.raft.status().progress.get(threeId)?.active, true);
    assert.match(three.raft.status().fault ?? "", /its disk hangs/);
    const removal = one.raft.removeMember(twoId, AbortSignal.timeout(10_000));
    await assert.rejects(removal, { code: "failed_precondition", message: /whose disks write/ });
    await one.raft.propose(bytes("b"));
    disk.hanging = false;
    await until(
      "the leader knows that it writes",
      () => one.raft.status().progress.get(threeId)?.diskOverdue === false,
    );
  } finally {
    disk.hanging = false;
    await cluster.close();
  }
});

test("a member that takes long over a snapshot needs no second one for what was written meanwhile", async (t) => {
  const cluster = new RealCluster();
  t.after(() => cluster.close());
  const disk = failingDisk();
  t.after(() => {
    disk.slowInstall = false;
  });
  const sparse = { snapshotIntervalEntries: 20, trailingEntries: 3 };
  const one = await cluster.open("one", { kind: "bootstrap" }, 1, sparse);
  await until("one leads", () => one.raft.status().state === "leader");
  const snapshots = new Set<string>();
  let written = 0;
  const writeUntil = async (count: number): Promise<void> => {
    while (snapshots.size < count) {
      await one.raft.propose(bytes(`v${written++}`));
      for (const name of readdirSync(one.dir)) if (/^snapshot-\d+$/.test(name)) snapshots.add(name);
    }
  };
  await writeUntil(1);
  disk.slowInstall = true;
  const joining = cluster.join("two", "one", { ...sparse, openStorage: disk.openStorage });
  await until("the snapshot is on its way to the disk", () => disk.held > 0);
  await writeUntil(3);
  disk.slowInstall = false;
  const two = await joining;
  await until("it has all", () => two.machine.values.length === written);
  assert.equal(two.machine.restored, 1);
});

test("a stop does not wait for a disk that hangs", async () => {
  const cluster = new RealCluster();
  const disk = failingDisk();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1, { openStorage: disk.openStorage });
    await until("one leads", () => one.raft.status().state === "leader");
    disk.hanging = true;
    const refused = assert.rejects(one.raft.propose(bytes("a")), { code: "unavailable" });
    await until("the write hangs", () => disk.held > 0);
    await Promise.all([refused, one.raft.stop()]);
    assert.equal(disk.held, 1);
  } finally {
    disk.hanging = false;
    await cluster.close();
  }
});

test("once nothing is written for a while, the newest record has another behind it", async () => {
  const cluster = new RealCluster();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    const file = join(cluster.root, "one", "log-00000001");
    const records = (): number => scanLog(readFileSync(file), 32, 1).frames.length;
    for (const value of ["a", "b"]) {
      await one.raft.propose(bytes(value));
      const before = records();
      await until("the marker is there", () => records() === before + 1);
    }
  } finally {
    await cluster.close();
  }
});

test("broken state halts the member, not the process, and it says why", async () => {
  const cluster = new RealCluster();
  const disk = failingDisk();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1, { openStorage: disk.openStorage });
    await until("one leads", () => one.raft.status().state === "leader");
    disk.broken = true;
    await assert.rejects(one.raft.propose(bytes("a")), { code: "unavailable" });
    assert.equal(one.raft.status().state, "stopped");
    assert.match(one.raft.status().fault ?? "", /entry is missing on disk/);
    await assert.rejects(one.raft.propose(bytes("b")), { code: "unavailable", message: /stopped/ });
  } finally {
    await cluster.close();
  }
});

test("bounds: an entry too large and a flood are refused at once, what fits goes through", async () => {
  const cluster = new RealCluster();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    await assert.rejects(one.raft.propose(new Uint8Array((4 << 20) + 1)), { code: "resource_exhausted" });
    const flood = await Promise.allSettled(Array.from({ length: 20 }, () => one.raft.propose(new Uint8Array(4 << 20))));
    const refused = flood.filter((result) => result.status === "rejected");
    assert.ok(refused.length >= 3 && refused.length < 20, `${refused.length} refused`);
  } finally {
    await cluster.close();
  }
});

test("join and leave: malformed requests, a stranger's leave, the last voter", async () => {
  const cluster = new RealCluster();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    const client = dial(one.addr);
    const timeoutMs = 10_000;
    try {
      const nameless = unary(client, RaftService.joinRaft, { nodeId: "", addr: "h:1" }, { timeoutMs });
      await assert.rejects(nameless, { code: "invalid_argument" });
      await unary(client, RaftService.leaveRaft, { nodeId: "stranger" }, { timeoutMs });
      const last = unary(client, RaftService.leaveRaft, { nodeId: "one" }, { timeoutMs });
      await assert.rejects(last, { code: "failed_precondition", message: /last voter/ });
      // A member that never came up costs nothing: it is a learner, and asking again replaces it.
      const first = await unary(client, RaftService.joinRaft, { nodeId: "two", addr: "127.0.0.1:1" }, { timeoutMs });
      const second = await unary(client, RaftService.joinRaft, { nodeId: "two", addr: "127.0.0.1:1" }, { timeoutMs });
      assert.ok(second.raftId > first.raftId);
      assert.deepEqual(
        second.members.map(({ raftId, voter }) => [raftId, voter]),
        [
          [1, true],
          [second.raftId, false],
        ],
      );
      await one.raft.propose(bytes("a"));
    } finally {
      client.close();
    }
  } finally {
    await cluster.close();
  }
});

test("opening: another member's folder and an empty restart are refused; a repeated bootstrap continues", async () => {
  const cluster = new RealCluster();
  try {
    const one: RealMember = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    await one.raft.propose(bytes("a"));
    await cluster.stop("one");
    await assert.rejects(cluster.open("one", { kind: "join", members: [] }, 2), { code: "failed_precondition" });
    await assert.rejects(cluster.open("empty", { kind: "restart" }, 1), { code: "failed_precondition" });
    const again = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("it has its log", () => again.machine.values.includes("a"));
  } finally {
    await cluster.close();
  }
});

test("kill -9 loses nothing that was acknowledged", async () => {
  const cluster = new RealCluster();
  try {
    const child = spawn(process.execPath, [join(import.meta.dirname, "kill-child.ts"), cluster.root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const acked: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      acked.push(line);
      if (acked.length === 500) child.kill("SIGKILL");
    }
    assert.ok(acked.length >= 500);
    const one = await cluster.open("one", { kind: "restart" }, 0);
    await until("it leads", () => one.raft.status().state === "leader");
    await one.raft.readIndex(AbortSignal.timeout(20_000));
    const kept = new Set(one.machine.values);
    assert.deepEqual(
      acked.filter((value) => !kept.has(value)),
      [],
    );
  } finally {
    await cluster.close();
  }
});
