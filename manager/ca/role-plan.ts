// What the managers' Raft group should be, against what it is. Pure.
import type { ManagerStatus, Node } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { RaftMember } from "../raft/raft-node.ts";

export type RoleStep =
  /** The node was removed from the cluster, or is to be a worker. */
  | { readonly kind: "remove-member"; readonly raftId: number; readonly nodeId: string }
  /** As above, for the member that leads: somebody else must lead first. */
  | { readonly kind: "hand-over" }
  /** The node is known at another address than the group has it at. */
  | { readonly kind: "readdress-member"; readonly raftId: number; readonly nodeId: string; readonly addr: string }
  | { readonly kind: "set-status"; readonly nodeId: NodeId; readonly status: ManagerStatus | undefined };

const statusOf = ({ raftId, addr }: RaftMember): ManagerStatus => ({
  raftId,
  addr,
  leader: false,
  reachability: "unknown",
});

/**
 * The node as the member of the group that it is, where the role keeper has not looked yet: so that the write that ends its time
 * as a manager comes when it is out of the group, and not before, and comes at all.
 */
export function withMembership(node: Node, members: readonly RaftMember[]): Node {
  const member = node.managerStatus === undefined ? members.find(({ nodeId }) => nodeId === node.id) : undefined;
  return member === undefined ? node : { ...node, managerStatus: statusOf(member) };
}

/**
 * @param ownRaftId the leader's.
 * @returns any number of changes to the store, members that have moved, and at most one that leaves, last.
 */
export function planRoles(nodes: Iterable<Node>, members: readonly RaftMember[], ownRaftId: number): RoleStep[] {
  const byNode = new Map(members.map((member) => [member.nodeId, member]));
  const steps: RoleStep[] = [];
  const moved: RoleStep[] = [];
  const staying = new Set<string>();
  for (const node of nodes) {
    if (node.spec?.role === "manager") staying.add(node.id);
    const member = byNode.get(node.id);
    if (member !== undefined && node.addr !== "" && node.addr !== member.addr) {
      moved.push({ kind: "readdress-member", raftId: member.raftId, nodeId: node.id, addr: node.addr });
    }
    if (member?.raftId === node.managerStatus?.raftId && member?.addr === node.managerStatus?.addr) continue;
    const status = member === undefined ? undefined : statusOf(member);
    steps.push({ kind: "set-status", nodeId: node.id, status });
  }
  steps.push(...moved);
  const leaving = members.filter((member) => !staying.has(member.nodeId));
  const other = leaving.find((member) => member.raftId !== ownRaftId);
  // A group of one cannot be left: the last manager stays what it is.
  if (other !== undefined) steps.push({ kind: "remove-member", raftId: other.raftId, nodeId: other.nodeId });
  else if (leaving.length > 0 && members.length > 1) steps.push({ kind: "hand-over" });
  return steps;
}
