// What a user should know about the number of managers after he changed it. Pure.
import type { Node } from "../../proto/gen/objects.ts";
import type { RaftStatus } from "../raft/raft-node.ts";
import { countsNow, diskHangs } from "./managers.ts";
import { hostnameOf } from "./refs.ts";

/** Empty when the managers survive the loss of one, and none is wasted. */
export function managerWarnings(nodes: Iterable<Node>, status: RaftStatus): string[] {
  const managers = [...nodes].filter((node) => node.spec?.role === "manager");
  const answering = managers.filter((node) => answers(node, status)).length;
  const quorum = Math.floor(managers.length / 2) + 1;
  const warnings: string[] = [];
  if (managers.length === 1) {
    warnings.push(
      'the swarm has one manager: with its disk the cluster is lost. Three managers survive the loss of one; "skep swarm backup" keeps a copy',
    );
  } else if (managers.length === 2) {
    warnings.push(
      "the swarm has 2 managers: the loss of either stops it, which is worse than with one. Promote a third",
    );
  } else if (managers.length % 2 === 0) {
    warnings.push(
      `the swarm has ${managers.length} managers, which survive no more losses than ${managers.length - 1} would: an odd number is better`,
    );
  }
  for (const node of managers) {
    const member = status.members.find(({ nodeId }) => nodeId === node.id);
    if (member === undefined || !diskHangs(status, member)) continue;
    warnings.push(
      `the disk of manager ${hostnameOf(node) || node.id} hangs: it counts for no majority until it writes`,
    );
  }
  if (managers.length > 2 && answering <= quorum) {
    warnings.push(
      `${answering} of ${managers.length} managers answer and ${quorum} must: the loss of one more stops the swarm. Bring the others back`,
    );
  }
  return warnings;
}

/** A member by what Raft knows of it; one that is to become a member by its node. */
function answers(node: Node, status: RaftStatus): boolean {
  const member = status.members.find(({ nodeId }) => nodeId === node.id);
  return member === undefined ? node.status?.state === "ready" : countsNow(status, member);
}
