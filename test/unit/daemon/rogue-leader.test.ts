// A node that was a manager offers itself as the leader, with the certificate and key of that time, to a worker that finds nobody
// else: one that was off while the other was demoted, and one that has heard of it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { openStateDir } from "../../../bin/daemon/state-dir.ts";
import { AgentService, newTaskLogsRequest } from "../../../proto/gen/agent.ts";
import { newSetNodeRoleRequest } from "../../../proto/gen/control.ts";
import {
  DispatcherService,
  newAssignments,
  newDispatcherMessage,
  newSessionInfo,
} from "../../../proto/gen/dispatcher.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import { type ClusterId, type NodeId, parseId } from "../../../shared/model/ids.ts";
import { createIdentityHolder, type Identity, openIdentity } from "../../../shared/pki/identity.ts";
import { parseAddress } from "../../../shared/rpc/address.ts";
import { serverStream } from "../../../shared/rpc/client.ts";
import { createDialer } from "../../../shared/rpc/dialer.ts";
import { addService } from "../../../shared/rpc/server.ts";
import { createTlsServer } from "../../../shared/rpc/tls-server.ts";
import { newTaskId, task } from "../agent/fixtures.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const daemons: TestDaemon[] = [];
const closing: (() => Promise<void>)[] = [];
after(async () => {
  await Promise.all(closing.map((close) => close()));
  await Promise.all(daemons.map((daemon) => daemon.remove()));
});

const newDaemon = async (): Promise<TestDaemon> => {
  const daemon = await testDaemon();
  daemons.push(daemon);
  return daemon;
};

async function identityOf(daemon: TestDaemon): Promise<Identity> {
  const stored = await openStateDir(daemon.dataDir).readIdentity();
  assert.ok(stored.kind === "open");
  return openIdentity(stored.files);
}

const idOf = async (daemon: TestDaemon): Promise<NodeId> => parseId("node id", (await daemon.info()).nodeId);

/**
 * Answers sessions at `addr` as a leader would that has this identity and no CA key, or says that the node was removed; counts
 * them.
 */
async function rogueAt(
  addr: string,
  identity: Identity,
  says: "lead" | "removed" = "lead",
): Promise<{ sessions: number }> {
  const seen = { sessions: 0 };
  const never = async (): Promise<never> => {
    throw new SkepError("unavailable", "nothing here");
  };
  const server = createTlsServer({
    env: realEnv,
    log: silentLog,
    identity: createIdentityHolder(identity),
    trust: {
      clusterId: identity.clusterId as ClusterId,
      isRemoved: () => false,
      isDemoted: () => false,
      wallMs: realEnv.wallMs,
    },
    listen: parseAddress("listen address", addr),
  });
  addService(
    server.grpc,
    DispatcherService,
    {
      networkFindings: never,
      session: async function* (requests, { peer, signal }) {
        seen.sessions++;
        const nodeId = peer.kind === "node" ? peer.nodeId : ("" as NodeId);
        for await (const _ of requests) break;
        if (says === "removed") throw new SkepError("not_found", `node ${nodeId} was removed from the cluster`);
        yield newDispatcherMessage({ message: { kind: "session", ...newSessionInfo({ nodeId, managers: [addr] }) } });
        const tasks = [{ ...task({ id: newTaskId() }), nodeId }];
        yield newDispatcherMessage({
          message: { kind: "assignments", ...newAssignments({ type: "complete", sequence: 1, tasks }) },
        });
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      },
    },
    server.resolvePeer,
    () => undefined,
  );
  await server.listen();
  closing.push(() => server.close(0));
  return seen;
}

test("a demoted manager leads no worker: not one that was off meanwhile, and not one that has heard of it", async () => {
  const [manager, former, worker] = [await newDaemon(), await newDaemon(), await newDaemon()];
  const { joinTokens } = await manager.init();
  await former.join(joinTokens?.manager ?? "", manager.addr);
  await worker.join(joinTokens?.worker ?? "", manager.addr);
  const formerId = await idOf(former);
  const stateOf = (): Promise<string> => readFile(join(worker.dataDir, "node.json"), "utf8");
  const connected = async (): Promise<boolean> => (await worker.info()).error === "";
  await eventually("the worker knows both, and that leaders prove themselves", async () => {
    const text = await stateOf();
    return text.includes(former.addr) && text.includes("leadersProve") && (await connected());
  });
  const stolen = await identityOf(former);
  await worker.stop();

  await eventually("it may be demoted", () =>
    manager
      .node()
      .control.setNodeRole(newSetNodeRoleRequest({ ref: formerId, role: "worker" }), LOCAL)
      .then(
        () => true,
        () => false,
      ),
  );
  await eventually("it is a worker", async () => !(await former.info()).controlAvailable);
  await former.stop();
  await manager.stop();
  const before = JSON.parse(await stateOf());
  const rogue = await rogueAt(former.addr, stolen);
  await worker.restart();
  await eventually("the worker has tried the rogue twice", () => rogue.sessions >= 2);
  await eventually("it says why it has no manager", async () => (await worker.info()).error.includes("does not prove"));
  const dialer = createDialer(createIdentityHolder(stolen));
  closing.push(async () => dialer.close());
  const call = dialer.node(worker.addr, await idOf(worker));
  await assert.rejects(
    async () => {
      for await (const _ of serverStream(call, AgentService.taskLogs, newTaskLogsRequest(), { timeoutMs: 5_000 }));
    },
    { code: "unavailable", message: /cannot tell whether node .* is a manager still/ },
  );
  assert.equal((await worker.info()).tasksRunning, 0);
  assert.deepEqual(JSON.parse(await stateOf()).managers, before.managers);

  await manager.restart();
  await eventually("it finds the manager that is one", connected);
  await eventually("it has heard of the demotion", async () => (await stateOf()).includes('"demoted"'));
  await manager.stop();
  const asked = rogue.sessions;
  await worker.restart({ seeds: [former.addr] }); // its own list has no rogue any more
  await eventually("it does not even speak to the rogue", async () =>
    (await worker.info()).error.includes("no manager any more"),
  );
  assert.equal(rogue.sessions, asked);
  assert.equal((await worker.info()).tasksRunning, 0);
});

test("a manager that was off during the demotion is told by the rogue that it was removed: it goes on once it finds the others", async () => {
  const [one, two, away, former] = [await newDaemon(), await newDaemon(), await newDaemon(), await newDaemon()];
  const { joinTokens } = await one.init();
  for (const daemon of [two, away, former]) await daemon.join(joinTokens?.manager ?? "", one.addr);
  const nodesOf = async () =>
    (
      await one
        .node()
        .control.listNodes({ filters: [] }, LOCAL)
        .catch(() => ({ nodes: [] }))
    ).nodes;
  const reachable = async (): Promise<readonly string[]> =>
    (await nodesOf()).filter((node) => node.managerStatus?.reachability === "reachable").map(({ addr }) => addr);
  await eventually("four managers", async () => (await reachable()).length === 4);
  const stolen = await identityOf(former);
  const ref = await idOf(former);
  await away.stop();
  await eventually("it may be demoted", () =>
    one
      .node()
      .control.setNodeRole(newSetNodeRoleRequest({ ref, role: "worker" }), LOCAL)
      .then(
        () => true,
        () => false,
      ),
  );
  await eventually("it is a worker", async () => !(await former.info()).controlAvailable);
  for (const daemon of [former, one, two]) await daemon.stop();
  const rogue = await rogueAt(former.addr, stolen, "removed");
  await away.restart();
  await eventually("it was told that it was removed", () => rogue.sessions > 0);
  for (const daemon of [one, two]) await daemon.restart();
  await eventually("it is a manager as before", async () => {
    const { error, controlAvailable } = await away.info();
    return error === "" && controlAvailable && (await reachable()).includes(away.addr);
  });
});
