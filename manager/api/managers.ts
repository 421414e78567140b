// What Raft knows of the managers, in the API's words. Nothing of it is stored.
import { type ManagerStatus, type Node, newManagerStatus, type Reachability } from "../../proto/gen/objects.ts";
import type { RaftMember, RaftStatus } from "../raft/raft-node.ts";

/** As the leader sees it: members that answered of late are reachable. */
export function reachabilityOf(status: RaftStatus, member: RaftMember): Reachability {
  if (member.raftId === status.raftId) return "reachable";
  if (status.state !== "leader") return "unknown";
  return status.progress.get(member.raftId)?.active === true ? "reachable" : "unreachable";
}

export const diskHangs = (status: RaftStatus, member: RaftMember): boolean =>
  status.progress.get(member.raftId)?.diskOverdue === true;

/** Whether it can be part of a majority: it answers, and its disk writes. */
export const countsNow = (status: RaftStatus, member: RaftMember): boolean =>
  reachabilityOf(status, member) === "reachable" && !diskHangs(status, member);

export function managerStatusOf(status: RaftStatus, nodeId: string): ManagerStatus | undefined {
  const member = status.members.find((other) => other.nodeId === nodeId);
  if (member === undefined) return undefined;
  return newManagerStatus({
    raftId: member.raftId,
    addr: member.addr,
    leader: member.raftId === status.leaderId,
    reachability: reachabilityOf(status, member),
  });
}

export const withManagerStatus = (status: RaftStatus, node: Node): Node => ({
  ...node,
  managerStatus: managerStatusOf(status, node.id),
});

export const isVoter = (member: RaftMember): boolean => member.voter !== false;

export interface QuorumHealth {
  readonly voters: number;
  /** They answer, and their disks write. */
  readonly reachable: number;
  readonly quorum: number;
  /** How many more voters may be lost before nothing can be written. */
  readonly tolerated: number;
}

export function quorumHealth(status: RaftStatus): QuorumHealth {
  const voters = status.members.filter(isVoter);
  const reachable = voters.filter((member) => countsNow(status, member)).length;
  const quorum = Math.floor(voters.length / 2) + 1;
  return { voters: voters.length, reachable, quorum, tolerated: Math.max(0, reachable - quorum) };
}
