// A worker is to be a manager when the quorum is lost, before it has become one; another manager goes on alone. It comes back.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newSetNodeRoleRequest } from "../../../proto/gen/control.ts";
import { newInitRequest } from "../../../proto/gen/local.ts";
import type { Node } from "../../../proto/gen/objects.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const daemons: TestDaemon[] = [];
after(() => Promise.all(daemons.map((daemon) => daemon.remove())));

test("promoted, and the quorum lost before it has joined: it is a worker of the one that goes on, and can be promoted", async () => {
  for (let i = 0; i < 3; i++) daemons.push(await testDaemon());
  const [one, two, promoted] = daemons;
  assert.ok(one !== undefined && two !== undefined && promoted !== undefined);
  const nodesOf = async (): Promise<readonly Node[]> =>
    (
      await one
        .node()
        .control.listNodes({ filters: [] }, LOCAL)
        .catch(() => ({ nodes: [] }))
    ).nodes;
  const { joinTokens } = await one.init();
  await two.join(joinTokens?.manager ?? "", one.addr);
  await promoted.join(joinTokens?.worker ?? "", one.addr);
  const { nodeId: ref } = await promoted.info();
  const promote = () => one.node().control.setNodeRole(newSetNodeRoleRequest({ ref, role: "manager" }), LOCAL);
  const isReady = async (): Promise<boolean> =>
    (await nodesOf()).some(({ id, status }) => id === ref && status?.state === "ready");
  await eventually("it is ready", isReady);
  await promoted.stop();
  await promote();
  await two.stop();
  await promoted.restart();
  await one.node().local.init(newInitRequest({ forceNewCluster: true, force: true }), LOCAL);
  await eventually("it is a worker", async () => {
    const node = (await nodesOf()).find(({ id }) => id === ref);
    return node?.spec?.role === "worker" && node.role === "worker" && node.status?.state === "ready";
  });
  await promote();
  await eventually("it is a manager", async () => (await promoted.info()).controlAvailable);
});
