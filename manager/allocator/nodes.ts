// A node's own place on the ingress network: its bridge sends published connections to tasks from there.
import { type Network, type Node, newNetworkAttachment } from "../../proto/gen/objects.ts";
import type { View } from "../store/types.ts";
import { type Cursors, giveAddresses } from "./addresses.ts";

const isPlaced = (node: Node, ingress: Network | undefined): boolean =>
  ingress === undefined
    ? node.attachments.length === 0
    : node.attachments.length === 1 && node.attachments[0]?.networkId === ingress.id;

/** The node with its place; the same object when it has it, or when the network is full. */
export function placedNode(
  view: Pick<View, "isAddressHeld">,
  node: Node,
  ingress: Network | undefined,
  cursors: Cursors,
): Node {
  if (isPlaced(node, ingress)) return node;
  if (ingress === undefined) return { ...node, attachments: [] };
  const given = giveAddresses(view, ingress, cursors);
  if (given.kind === "full") return node.attachments.length === 0 ? node : { ...node, attachments: [] };
  return { ...node, attachments: [newNetworkAttachment({ networkId: ingress.id, addresses: given.addresses })] };
}
