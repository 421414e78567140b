import assert from "node:assert/strict";
import { test } from "node:test";
import { planRoles } from "../../../manager/ca/role-plan.ts";
import { type Node, newManagerStatus, newNode, newNodeSpec } from "../../../proto/gen/objects.ts";
import type { NodeId } from "../../../shared/model/ids.ts";

const addrOf = (raftId: number): string => `10.0.0.${raftId}:7377`;
const member = (raftId: number) => ({ raftId, addr: addrOf(raftId), nodeId: `n${raftId}` });
const node = (raftId: number, role: "worker" | "manager", known = true): Node =>
  newNode({
    id: `n${raftId}` as NodeId,
    spec: newNodeSpec({ role }),
    managerStatus: known ? newManagerStatus({ raftId, addr: addrOf(raftId) }) : undefined,
  });

test("as it should be: nothing to do", () => {
  assert.deepEqual(
    planRoles([node(1, "manager"), node(2, "manager"), node(9, "worker", false)], [member(1), member(2)], 1),
    [],
  );
});

test("a member that the store does not know yet is written to its node", () => {
  assert.deepEqual(planRoles([node(1, "manager"), node(2, "manager", false)], [member(1), member(2)], 1), [
    {
      kind: "set-status",
      nodeId: "n2",
      status: { raftId: 2, addr: addrOf(2), leader: false, reachability: "unknown" },
    },
  ]);
});

test("a node that left the group is a manager no more", () => {
  assert.deepEqual(planRoles([node(1, "manager"), node(2, "worker")], [member(1)], 1), [
    { kind: "set-status", nodeId: "n2", status: undefined },
  ]);
});

test("a member that joined again has its new raft id written", () => {
  const [step] = planRoles(
    [node(1, "manager"), { ...node(3, "manager"), id: "n2" as NodeId }],
    [member(1), member(2)],
    1,
  );
  assert.ok(step?.kind === "set-status" && step.status?.raftId === 2);
});

test("a member whose node has another address by now is moved there", () => {
  const elsewhere = { ...node(2, "manager"), addr: "10.9.9.9:7377" };
  assert.deepEqual(planRoles([{ ...node(1, "manager"), addr: addrOf(1) }, elsewhere], [member(1), member(2)], 1), [
    { kind: "readdress-member", raftId: 2, nodeId: "n2", addr: "10.9.9.9:7377" },
  ]);
});

test("demoted and removed nodes leave the group, one at a time, the leader last", () => {
  const members = [member(1), member(2), member(3)];
  assert.deepEqual(planRoles([node(1, "worker"), node(2, "worker")], members, 1), [
    { kind: "remove-member", raftId: 2, nodeId: "n2" },
  ]);
  assert.deepEqual(planRoles([node(1, "worker"), node(2, "manager"), node(3, "manager")], members, 1), [
    { kind: "hand-over" },
  ]);
});

test("the last manager stays, whatever its spec says", () => {
  assert.deepEqual(planRoles([node(1, "worker")], [member(1)], 1), []);
});
