// Commands for when things have gone wrong: what they ask of the daemon, and what they say.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newSetNodeRoleResponse, type SetNodeRoleRequest } from "../../../proto/gen/control.ts";
import { type InitRequest, newInitResponse, newRestoreResponse } from "../../../proto/gen/local.ts";
import { backupPieces } from "../../../shared/backup/file.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { skep, startDaemon } from "./harness.ts";

const head = { clusterId: "c", skepVersion: "0", createdAtMs: 0, raftIndex: 42, raftTerm: 1, nextRaftId: 2 };
const snapshot = Buffer.alloc(3_000_000, 7);
const file = Buffer.concat([...backupPieces(head, snapshot, 1 << 20)]);
let breaks = false;
let asked: SetNodeRoleRequest | undefined;
let init: InitRequest | undefined;
let uploaded = Buffer.alloc(0);
let advertised = "";

const daemon = await startDaemon({
  local: {
    init: async (request) => {
      init = request;
      return newInitResponse({ notes: ["alone now"] });
    },
    restore: async (requests) => {
      const parts: Uint8Array[] = [];
      for await (const { options, data } of requests) {
        if (options !== undefined) advertised = options.advertiseAddr;
        parts.push(data);
      }
      uploaded = Buffer.concat(parts);
      return newRestoreResponse({ nodeId: "n".repeat(25) as NodeId, notes: ["restored it"] });
    },
  },
  control: {
    setNodeRole: async (request) => {
      asked = request;
      return newSetNodeRoleResponse({ changed: request.ref !== "same", warnings: ["mind the quorum"] });
    },
    backup: async function* () {
      for (const data of backupPieces(head, snapshot, 1 << 20)) yield { data: breaks ? data.subarray(1) : data };
    },
  },
});
after(() => daemon.close());
const { socket } = daemon;

test("promote and demote say what came of it; warnings go to stderr", async () => {
  const promoted = await skep(["node", "promote", "node4"], { socket });
  assert.deepEqual(
    [promoted.status, promoted.out, promoted.err],
    [0, "Node node4 promoted to a manager in the swarm.\n", "warning: mind the quorum\n"],
  );
  assert.deepEqual(asked, { ref: "node4", role: "manager" });
  assert.match((await skep(["node", "demote", "node1"], { socket })).out, /^Manager node1 demoted in the swarm\.$/m);
  assert.deepEqual(asked, { ref: "node1", role: "worker" });
  assert.match((await skep(["node", "demote", "same"], { socket })).out, /^Node same is already a worker\.$/m);
});

test("backup: the file is what was streamed, verified; one that arrives damaged is not kept", async () => {
  const bytes = new Map<string, Uint8Array>();
  const { status, out, err } = await skep(["swarm", "backup", "/b"], { socket, bytes });
  assert.deepEqual([status, out], [0, "/b: the swarm as of log entry 42, 3000000 bytes, verified.\n"]);
  assert.match(err, /warning: the file holds the CA's key/);
  assert.ok(Buffer.from(bytes.get("/b") ?? []).equals(file));
  breaks = true;
  const broken = await skep(["swarm", "backup", "/c"], { socket, bytes });
  breaks = false;
  assert.equal(broken.status, 1);
  assert.match(broken.err, /the backup is refused/);
  assert.equal(bytes.has("/c"), false);
});

test("restore: the file goes up whole; one that is damaged is refused before anything is asked", async () => {
  const bytes = new Map<string, Uint8Array>([
    ["/b", file],
    ["/cut", file.subarray(0, 1000)],
  ]);
  const done = await skep(["swarm", "restore", "--advertise-addr", "10.0.0.9", "/b"], { socket, bytes });
  assert.equal(done.status, 0, done.err);
  assert.match(done.out, /Swarm restored: current node \(n+\) is now its manager\.\n\nrestored it\n/);
  assert.ok(uploaded.equals(file));
  assert.equal(advertised, "10.0.0.9");
  uploaded = Buffer.alloc(0);
  const cut = await skep(["swarm", "restore", "/cut"], { socket, bytes });
  assert.notEqual(cut.status, 0);
  assert.match(cut.err, /ends after 1000 of \d+ bytes/);
  assert.equal(uploaded.length, 0);
  assert.match((await skep(["swarm", "restore", "/nowhere"], { socket, bytes })).err, /cannot read \/nowhere/);
});

test("init --force-new-cluster tells what it did; --force alone is a mistake", async () => {
  const { status, out } = await skep(["swarm", "init", "--force-new-cluster", "--force"], { socket });
  assert.deepEqual([status, out], [0, "alone now\n"]);
  assert.deepEqual([init?.forceNewCluster, init?.force], [true, true]);
  assert.equal((await skep(["swarm", "init", "--force"], { socket })).status, 2);
});
