// Which managers' certificates are void. Pure. Versions of the store decide, and no clock: a certificate tells the version that
// it was issued over, and a node the version of the write that ended its last time as a manager.
import { type DemotedNode, newDemotedNode } from "../../proto/gen/dispatcher.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { View } from "../store/types.ts";

/**
 * Is the node no manager, as far as this manager knows, or was it none at some time since the certificate was issued? One that
 * was issued over a version that is not here yet is believed: the node was promoted while this manager was away, may even
 * lead, and must be listened to, or this one would never hear of it.
 * @param isMember of the Raft group. It is a manager until it is out of the group, also when it shall be none.
 */
export function isVoid(
  view: Pick<View, "version" | "get">,
  nodeId: NodeId,
  issuedVersion: number,
  isMember: (nodeId: NodeId) => boolean,
): boolean {
  if (issuedVersion > view.version) return false;
  const node = view.get("node", nodeId);
  // Every node that this version of the state ever had a certificate for, and has no more; or one of a state that is lost.
  if (node === undefined) return issuedVersion > 0;
  if (issuedVersion < node.demotedVersion) return true;
  return node.spec?.role === "worker" && !isMember(nodeId);
}

/** As workers are told. */
export const demotedNodes = (view: Pick<View, "all">): DemotedNode[] =>
  [...view.all("node")]
    .filter(({ demotedVersion }) => demotedVersion > 0)
    .map(({ id, demotedVersion }) => newDemotedNode({ nodeId: id, version: demotedVersion }));
