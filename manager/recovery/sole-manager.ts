// A cluster's state, rewritten so that one manager goes on with it alone. Pure: bytes of a store snapshot in, bytes out.
//
// The other managers are demoted: should one of them come back, its agent hears that it is to be a worker, and it drops what
// it has of the old group by itself. Workers are left as they are: the new leader gives each its grace to call.
import { type Cluster, type Node, newNodeSpec, newNodeStatus } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { ObjectWrite } from "../store/codec.ts";
import { CommittedState } from "../store/committed.ts";
import { stampedNode } from "../store/stamps.ts";
import { openView } from "../store/tables.ts";
import type { View } from "../store/types.ts";

export interface SoleManager {
  /** The manager's node: one that the state knows, or a new one. */
  readonly node: Pick<Node, "id"> | Node;
  /** host:port */
  readonly addr: string;
  readonly raftId: number;
}

export interface SoleState {
  readonly snapshot: Uint8Array;
  readonly cluster: Cluster;
  /** The managers that are none any more. */
  readonly demoted: readonly Node[];
  readonly nodes: number;
  readonly services: number;
  readonly tasks: number;
}

/** @throws {SkepError} `failed_precondition`: the state is of no cluster, or does not know the manager's node. */
export function withSoleManager(
  snapshot: Uint8Array,
  self: SoleManager,
  /** Of managers that are known to be lost: their tasks are replaced at once. */
  othersAre: "lost" | "not known",
  nowMs: number,
): SoleState {
  const state = new CommittedState();
  state.restore(snapshot);
  const version = nextEra(state.version);
  const view = openView(state.rows, state.version);
  const cluster = view.cluster();
  if (cluster === undefined) throw new SkepError("failed_precondition", "it holds no cluster: the state is empty");
  const demoted = [...view.all("node")].filter((node) => node.id !== self.node.id && isManager(node));
  const own = ownNode(view, self);
  const former = demoted.map((node) => demote(node, othersAre, nowMs));
  const changed = [own, ...(othersAre === "lost" ? former : restored(view, own, former))];
  const writes = changed.map((node): ObjectWrite => {
    const createdVersion = node.meta?.createdVersion || version;
    const meta = { version, createdVersion, createdAtMs: node.meta?.createdAtMs || nowMs, updatedAtMs: nowMs };
    const stamped = stampedNode(view.get("node", node.id), node, version);
    return { table: "node", id: node.id, object: { ...stamped, meta } };
  });
  view.close();
  state.commit({ version, term: 0, timeMs: nowMs, writes });
  const after = openView(state.rows, version);
  const count = (table: "node" | "service" | "task"): number => [...after.all(table)].length;
  try {
    return {
      snapshot: state.encode(),
      cluster,
      demoted,
      nodes: count("node"),
      services: count("service"),
      tasks: count("task"),
    };
  } finally {
    after.close();
  }
}

/**
 * Versions of the state that is lost were given out beyond this one: to watchers, which go on after the last one they saw, and
 * to clients, which write what they read at one. A version from before must never mean a state from after, so they go on where
 * no lost one can be.
 */
const ERA_VERSIONS = 1_000_000_000;
const nextEra = (version: number): number => (Math.floor(version / ERA_VERSIONS) + 1) * ERA_VERSIONS;

const isManager = (node: Node): boolean =>
  node.spec?.role === "manager" || node.role === "manager" || node.managerStatus !== undefined;

function ownNode(view: View, { node, addr, raftId }: SoleManager): Node {
  const known = "spec" in node ? node : view.get("node", node.id);
  if (known === undefined) {
    throw new SkepError(
      "failed_precondition",
      `it does not know this node (${node.id}): it was removed from the cluster`,
    );
  }
  const managerStatus = { raftId, addr, leader: false, reachability: "unknown" } as const;
  return { ...known, role: "manager", addr, managerStatus, spec: newNodeSpec({ ...known.spec, role: "manager" }) };
}

/** All other nodes, which may be in use by the cluster that the backup is of: none is called before it has called. */
function restored(view: View, own: Node, former: readonly Node[]): Node[] {
  const workers = [...view.all("node")].filter(({ id }) => id !== own.id && !former.some((node) => node.id === id));
  return [...former, ...workers].map((node) => ({ ...node, onlyRestored: true }));
}

function demote(node: Node, othersAre: "lost" | "not known", nowMs: number): Node {
  const status =
    othersAre === "lost"
      ? newNodeStatus({
          ...node.status,
          state: "down",
          message: "lost: another manager went on alone",
          changedAtMs: nowMs,
        })
      : node.status;
  return { ...node, status, managerStatus: undefined, spec: newNodeSpec({ ...node.spec, role: "worker" }) };
}
