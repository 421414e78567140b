// What a certificate from when a node was a manager still opens: what is a worker's, and nothing else. And a manager's opens
// nothing in another's name.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type * as grpc from "@grpc/grpc-js";
import { renew } from "../../../bin/daemon/enroll.ts";
import { openStateDir } from "../../../bin/daemon/state-dir.ts";
import { Outbox } from "../../../manager/raft/outbox.ts";
import { Outgoing } from "../../../manager/raft/stream/outgoing.ts";
import { AgentService, newTaskLogsRequest } from "../../../proto/gen/agent.ts";
import { ControlService, newEventsRequest, newListRequest, newSetNodeRoleRequest } from "../../../proto/gen/control.ts";
import type { Node } from "../../../proto/gen/objects.ts";
import { newJoinRaftRequest, newLeaveRaftRequest, RaftService } from "../../../proto/gen/raft.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { type Code, isCode } from "../../../shared/errors.ts";
import { type NodeId, parseId } from "../../../shared/model/ids.ts";
import { createIdentityHolder, type Identity, openIdentity } from "../../../shared/pki/identity.ts";
import { serverStream, unary } from "../../../shared/rpc/client.ts";
import { createDialer, type Dialer } from "../../../shared/rpc/dialer.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const timeoutMs = 10_000;
const daemons: TestDaemon[] = [];
const dialers: Dialer[] = [];
const at = (index: number): TestDaemon => {
  const daemon = daemons[index];
  assert.ok(daemon !== undefined);
  return daemon;
};

before(async () => {
  for (let i = 0; i < 4; i++) daemons.push(await testDaemon());
  const { joinTokens } = await at(0).init();
  for (const i of [1, 2]) await at(i).join(joinTokens?.manager ?? "", at(0).addr);
  await at(3).join(joinTokens?.worker ?? "", at(0).addr);
  await eventually("three managers vote", async () => (await nodesOf()).filter(isMember).length === 3);
});
after(async () => {
  for (const dialer of dialers) dialer.close();
  await Promise.all(daemons.map((daemon) => daemon.remove()));
});

const nodesOf = async (): Promise<readonly Node[]> =>
  (await at(0).node().control.listNodes({ filters: [] }, LOCAL)).nodes;
const isMember = (node: Node): boolean => node.managerStatus?.reachability === "reachable";
const idOf = async (daemon: TestDaemon): Promise<NodeId> => parseId<NodeId>("node id", (await daemon.info()).nodeId);

async function identityOf(daemon: TestDaemon): Promise<Identity> {
  const stored = await openStateDir(daemon.dataDir).readIdentity();
  assert.ok(stored.kind === "open");
  return openIdentity(stored.files);
}

/** Calls as whoever holds this key and certificate. */
function callerWith(identity: Identity): Dialer {
  const dialer = createDialer(createIdentityHolder(identity));
  dialers.push(dialer);
  return dialer;
}

const refused = (promise: Promise<unknown>, code: Code, words: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof Error && words.test(error.message), `${error}`);
    assert.ok(isCode(error, code), `${code}: ${error}`);
    return true;
  });

async function demote(daemon: TestDaemon): Promise<void> {
  const ref = await idOf(daemon);
  await eventually("it may be demoted", () =>
    at(0)
      .node()
      .control.setNodeRole(newSetNodeRoleRequest({ ref, role: "worker" }), LOCAL)
      .then(
        () => true,
        () => false,
      ),
  );
  await eventually("it is out of the group", async () => (await nodesOf()).filter(isMember).length === 2);
}

test("a manager neither joins nor leaves as another", async () => {
  const client = callerWith(await identityOf(at(1))).manager(at(0).addr);
  const other = await idOf(at(2));
  await refused(
    unary(client, RaftService.leaveRaft, newLeaveRaftRequest({ nodeId: other }), { timeoutMs }),
    "permission_denied",
    /may not leave the managers as node/,
  );
  await refused(
    unary(client, RaftService.joinRaft, newJoinRaftRequest({ nodeId: other, addr: "127.0.0.1:1" }), { timeoutMs }),
    "permission_denied",
    /may not join the managers as node/,
  );
  // Whoever is to be a worker is not taken in, though a manager vouches for it.
  const worker = await idOf(at(3));
  await refused(
    unary(client, RaftService.joinRaft, newJoinRaftRequest({ nodeId: worker, addr: "127.0.0.1:1" }), {
      timeoutMs,
      metadata: { "skep-raft-forwarded": "1" },
    }),
    "permission_denied",
    /is not to be a manager|may not join/,
  );
  assert.equal((await nodesOf()).filter(isMember).length, 3);
});

const logsOf = async (client: grpc.Client): Promise<void> => {
  for await (const _ of serverStream(client, AgentService.taskLogs, newTaskLogsRequest(), { timeoutMs }));
};

test("the certificate of a demoted manager is a worker's, on managers and workers, at once", async () => {
  const old = await identityOf(at(1));
  const [own, other] = [await idOf(at(1)), await idOf(at(2))];
  const dialer = callerWith(old);
  const client = dialer.manager(at(0).addr);
  const onWorker = dialer.node(at(3).addr, await idOf(at(3)));
  await logsOf(onWorker);
  await unary(client, ControlService.listNodes, newListRequest(), { timeoutMs });
  const open = serverStream(client, ControlService.events, newEventsRequest({ sinceMs: 1 }));
  await open.next();
  const cut = assert.rejects(async () => {
    for await (const _ of open);
  });

  await demote(at(1));
  await cut;
  await refused(
    unary(client, ControlService.listNodes, newListRequest(), { timeoutMs }),
    "permission_denied",
    /demoted/,
  );
  await refused(
    unary(client, RaftService.joinRaft, newJoinRaftRequest({ nodeId: own, addr: at(1).addr }), { timeoutMs }),
    "permission_denied",
    /is not to be a manager/,
  );
  for (const metadata of [{}, { "skep-raft-forwarded": "1" }]) {
    await refused(
      unary(client, RaftService.leaveRaft, newLeaveRaftRequest({ nodeId: other }), { timeoutMs, metadata }),
      "permission_denied",
      /may not leave/,
    );
  }
  const say = async (senderRaftId: number): Promise<never> => {
    const stream = await callerWith(old).openRaftStream(at(0).addr, AbortSignal.timeout(timeoutMs));
    const waiting = new Outbox({ maxMessages: 1, maxBytes: 1, maxBatchBytes: 1 });
    return await new Outgoing(stream, waiting, realEnv, { senderRaftId, senderAddr: at(1).addr }).ended;
  };
  await refused(say(2), "failed_precondition", /was removed/);
  await refused(say(99), "permission_denied", /no manager any more/);
  await eventually("the worker has heard", async () =>
    logsOf(onWorker).then(
      () => false,
      (error: unknown) => isCode(error, "permission_denied"),
    ),
  );
  // What is a worker's it may: it gets a worker's certificate.
  await eventually("the node itself is a worker", async () => (await at(1).info()).controlAvailable === false);
  assert.equal((await renew(client, old, new AbortController().signal)).role, "worker");
});

test("a manager that was demoted while it was off comes back as a worker", async () => {
  const { joinTokens } = (await at(0).node().control.getCluster({}, LOCAL)).rootCa ?? {};
  await at(1).leave(true);
  await at(1).join(joinTokens?.manager ?? "", at(0).addr);
  await eventually("three managers vote", async () => (await nodesOf()).filter(isMember).length === 3);
  const id = await idOf(at(2));
  await at(2).stop();
  await demote(at(2));
  await at(2).restart();
  await eventually("it is a worker", async () => {
    const node = (await nodesOf()).find((one) => one.id === id);
    return node?.role === "worker" && node.status?.state === "ready" && !(await at(2).info()).controlAvailable;
  });
});
