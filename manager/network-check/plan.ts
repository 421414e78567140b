// Which ways between nodes a check of the network tests, and with what. Pure.
import type { Cluster, Node } from "../../proto/gen/objects.ts";
import { newNetwork } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { tunnelMtu } from "../../shared/network/overlay-mtu.ts";
import { dataPathPortOf, tunnelPortsOf } from "../allocator/node-ports.ts";
import { underlayAddresses } from "../dispatcher/network/describe.ts";
import { networkMtu, Underlays } from "../dispatcher/network/mtu.ts";

/** Nodes of one check; of more than these, a part is drawn. */
export const MAX_NODES = 128;
/** Others that each of them tests its way to. */
export const MAX_TARGETS = 30;
/** Arrives wherever anything does. */
const SMALL_BYTES = 120;
/** Below the full size: what the wrappings of others take away, one or two of them. */
const STEPS_BYTES = [0, 30, 60, 110, 160, 250] as const;

export interface CheckedNode {
  readonly nodeId: NodeId;
  readonly hostname: string;
  /** host:port of its daemon. */
  readonly addr: string;
  readonly underlayAddresses: readonly string[];
  /** UDP ports of its tunnels. */
  readonly tunnelPorts: readonly number[];
  readonly targets: readonly NodeId[];
}

export interface CheckPlan {
  readonly nodes: readonly CheckedNode[];
  readonly skipped: readonly { readonly nodeId: NodeId; readonly hostname: string; readonly problem: string }[];
  readonly notes: readonly string[];
  readonly dataPathPort: number;
  /** What packets of plain networks are made for. */
  readonly mtu: number;
  /** Descending. */
  readonly sizes: readonly number[];
  readonly tunnelSizes: readonly number[];
}

const nameOf = (node: Node): string => node.description?.hostname || node.id;

/**
 * @param only the node whose ways are tested; undefined: those of all.
 * @param random [0, 1), for the choice among many.
 */
export function planCheck(
  cluster: Cluster | undefined,
  all: readonly Node[],
  only: NodeId | undefined,
  random: () => number,
): CheckPlan {
  const ready = all.filter(isReady);
  const chosen = choose(ready, only, random);
  const targets = chosen.map((_, at) => targetsOf(chosen, at, only));
  const underlays = new Underlays();
  for (const node of all) underlays.replace(undefined, node);
  const { narrowest } = underlays;
  const mtu = networkMtu(newNetwork(), narrowest);
  return {
    nodes: chosen.map((node, at) => ({
      nodeId: node.id,
      hostname: nameOf(node),
      addr: node.addr,
      underlayAddresses: underlayAddresses(node),
      tunnelPorts: tunnelPortsOf(node),
      targets: targets[at] ?? [],
    })),
    skipped: all
      .filter((node) => !isReady(node) && (only === undefined || node.id === only))
      .map((node) => ({
        nodeId: node.id,
        hostname: nameOf(node),
        problem: `it is ${node.status?.state ?? "unknown"}`,
      })),
    notes: [
      ...notesOf(ready.length, chosen.length, targets),
      ...chosen.flatMap(tunnelNote),
      ...chosen.flatMap(ipv6Note),
    ],
    dataPathPort: dataPathPortOf(cluster),
    mtu,
    sizes: [...STEPS_BYTES.map((step) => mtu - step), SMALL_BYTES],
    tunnelSizes: [tunnelMtu(narrowest.mtu, narrowest.family), SMALL_BYTES],
  };
}

const isReady = (node: Node): boolean => node.status?.state === "ready" && node.addr !== "";

/** As many as there may be, in no order but that `only` is the first. */
function choose(ready: readonly Node[], only: NodeId | undefined, random: () => number): readonly Node[] {
  if (ready.length <= MAX_TARGETS + 1) return ready.toSorted((a, b) => Number(b.id === only) - Number(a.id === only));
  const drawn = ready
    .map((node) => ({ node, order: node.id === only ? -1 : random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ node }) => node);
  return drawn.slice(0, only === undefined ? MAX_NODES : MAX_TARGETS + 1);
}

/** All others, or the next and the last few in a ring: whom a node sends to sends to it. */
function targetsOf(chosen: readonly Node[], at: number, only: NodeId | undefined): readonly NodeId[] {
  const others = chosen.filter((_, other) => other !== at).map(({ id }) => id);
  if (only !== undefined) return chosen[at]?.id === only ? others : others.filter((id) => id === only);
  if (others.length <= MAX_TARGETS) return others;
  const reach = MAX_TARGETS / 2;
  return Array.from({ length: MAX_TARGETS }, (_, i) => {
    const step = i < reach ? i + 1 : reach - i - 1;
    return chosen[(at + step + chosen.length) % chosen.length];
  }).flatMap((node) => (node === undefined ? [] : [node.id]));
}

const tunnelNote = (node: Node): readonly string[] => {
  const problem = node.description?.tunnelProblem ?? "";
  if (problem === "") return [];
  // Beside keys it tells what encryption costs there.
  const canHave = (node.description?.tunnelKeys ?? []).length > 0;
  return [`${nameOf(node)} ${canHave ? "has slow encrypted networks" : "can have no encrypted networks"}: ${problem}`];
};

const ipv6Note = (node: Node): readonly string[] =>
  node.description?.withoutIpv6 === true
    ? [`${nameOf(node)} has a kernel without IPv6: its tasks are reached by IPv4 alone`]
    : [];

function notesOf(ready: number, chosen: number, targets: readonly (readonly NodeId[])[]): readonly string[] {
  const notes: string[] = [];
  if (chosen < ready) notes.push(`${chosen} of ${ready} nodes were tested, drawn by lot: run it again for others`);
  const most = Math.max(0, ...targets.map((list) => list.length));
  if (most < chosen - 1) notes.push(`each node tested its way to ${most} others, not to all`);
  return notes;
}
