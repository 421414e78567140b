// A manager that is demoted and promoted again so soon that it may not have noticed: its member of the Raft group was removed
// all the same, so it needs another one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newSetNodeRoleRequest } from "../../../proto/gen/control.ts";
import type { Node, NodeRole } from "../../../proto/gen/objects.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const daemons: TestDaemon[] = [];

before(async () => {
  for (let i = 0; i < 3; i++) daemons.push(await testDaemon());
  const [first, ...others] = daemons;
  const tokens = await first?.init();
  for (const other of others) await other.join(tokens?.joinTokens?.manager ?? "", first?.addr ?? "");
  await eventually("three managers vote", async () => (await members()).length === 3);
});
after(() => Promise.all(daemons.map((daemon) => daemon.remove())));

function control() {
  const [first] = daemons;
  assert.ok(first !== undefined);
  return first.node().control;
}

const members = async (): Promise<readonly Node[]> =>
  (await control().listNodes({ filters: [] }, LOCAL)).nodes.filter(
    ({ managerStatus }) => managerStatus?.reachability === "reachable",
  );

const change = (ref: string, role: NodeRole): Promise<boolean> =>
  control()
    .setNodeRole(newSetNodeRoleRequest({ ref, role }), LOCAL)
    .then(
      () => true,
      () => false,
    );

test("demoted, and promoted again at once: it is a manager again", async () => {
  const ref = (await daemons[2]?.info())?.nodeId ?? "";
  await eventually("it may be demoted", () => change(ref, "worker"));
  await eventually("it is out of the group", async () => (await members()).length === 2);
  await eventually("it may be promoted", () => change(ref, "manager"));
  await eventually("it is in the group again", async () => (await members()).length === 3);
  await eventually("it knows the cluster", async () => (await daemons[2]?.info())?.controlAvailable === true);
});
