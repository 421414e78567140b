import {
  type ControlService,
  newListNodesResponse,
  newRemoveResponse,
  newSetNodeRoleResponse,
} from "../../proto/gen/control.ts";
import {
  type Cluster,
  type Node,
  type NodeSpec,
  newBlacklistedCertificate,
  newNodeSpec,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { DEFAULT_NODE_VALIDITY_MS } from "../../shared/pki/issue.ts";
import { formatAddress, parseAddress, peerAddressProblem } from "../../shared/rpc/address.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { withMembership } from "../ca/role-plan.ts";
import { tlsStatusOf } from "../ca/root-rotation.ts";
import { changedNode } from "../dispatcher/records.ts";
import type { RaftStatus } from "../raft/raft-node.ts";
import type { View } from "../store/types.ts";
import type { ControlOptions } from "./context.ts";
import { compileFilters, NODE_FILTERS } from "./filters.ts";
import { managerWarnings } from "./manager-warnings.ts";
import { countsNow, isVoter, quorumHealth, withManagerStatus } from "./managers.ts";
import { hostnameOf, resolveNode } from "./refs.ts";
import { checkLabels, refuse } from "./validate/problem.ts";

type NodeHandlers = Pick<
  Handlers<typeof ControlService>,
  "getNode" | "listNodes" | "updateNode" | "setNodeRole" | "removeNode"
>;

const DAY_MS = 24 * 60 * 60 * 1000;

const withTlsStatus = (view: View, node: Node): Node => ({ ...node, tlsStatus: tlsStatusOf(view.cluster(), node) });

const label = (node: Node): string => hostnameOf(node) || node.id;

export function createNodeHandlers({ env, store, raft }: ControlOptions): NodeHandlers {
  return {
    getNode: async ({ ref }) =>
      store.view((view) => withTlsStatus(view, withManagerStatus(raft.status(), resolveNode(view, ref)))),

    listNodes: async ({ filters }) => {
      const matches = compileFilters("nodes", filters, NODE_FILTERS);
      const status = raft.status();
      return store.view((view) =>
        newListNodesResponse({
          nodes: [...view.all("node")]
            .filter(matches)
            .map((node) => withTlsStatus(view, withManagerStatus(status, node))),
        }),
      );
    },

    updateNode: async ({ id, version, spec, advertiseAddr }) => {
      if (spec === undefined) throw new SkepError("invalid_argument", "the node's spec is missing");
      const addr = advertiseAddr === "" ? "" : presentAddress(advertiseAddr);
      checkLabels("node labels", spec.labels);
      const status = raft.status();
      await store.update((tx) => {
        const node = tx.get("node", id);
        if (node === undefined) throw new SkepError("not_found", `no such node: ${id}`);
        checkRoleChange(node, spec, [...tx.all("node")], status);
        const next = { ...withMembership(node, status.members), spec, meta: node.meta && { ...node.meta, version } };
        tx.put("node", addr === "" ? next : readdressed(next, addr, tx.all("node"), env.wallMs()));
      });
      return withManagerStatus(
        raft.status(),
        store.view((view) => resolveNode(view, id)),
      );
    },

    setNodeRole: async ({ ref, role }) => {
      const status = raft.status();
      const { id, changed } = await store.update((tx) => {
        const node = resolveNode(tx, ref);
        const spec = node.spec ?? newNodeSpec();
        if (spec.role === role) return { id: node.id, changed: false };
        checkRoleChange(node, { ...spec, role }, [...tx.all("node")], status);
        tx.put("node", { ...withMembership(node, status.members), spec: { ...spec, role } });
        return { id: node.id, changed: true };
      });
      return store.view((view) =>
        newSetNodeRoleResponse({
          node: withManagerStatus(raft.status(), resolveNode(view, id)),
          changed,
          warnings: managerWarnings(view.all("node"), raft.status()),
        }),
      );
    },

    removeNode: async ({ ref, force }) => {
      const status = raft.status();
      const id = await store.update((tx) => {
        const node = resolveNode(tx, ref);
        checkRemovable(node, force, status);
        tx.remove("node", node.id);
        const cluster = tx.cluster();
        if (cluster !== undefined) tx.put("cluster", withBlacklisted(cluster, node, env.wallMs()));
        return node.id;
      });
      return newRemoveResponse({ id });
    },
  };
}

/** host:port where others can reach a node. @throws {SkepError} `invalid_argument` */
function presentAddress(text: string): string {
  const address = parseAddress("advertise-addr", text);
  refuse("advertise-addr", peerAddressProblem(address.host));
  return formatAddress(address);
}

/**
 * The node at its new address. As a member of the Raft group it is moved by the leader's role loop, which sees that the two
 * differ; the node itself hears of it in its session.
 */
function readdressed(node: Node, addr: string, all: Iterable<Node>, nowMs: number): Node {
  for (const other of all) {
    if (other.id === node.id || other.addr !== addr) continue;
    throw new SkepError("failed_precondition", `${addr} is the address of node ${label(other)}: two cannot share one`);
  }
  return changedNode(node, { addr }, nowMs) ?? node;
}

/** A manager may only go when those that stay, and answer, can still decide. */
export function checkRoleChange(node: Node, spec: NodeSpec, nodes: readonly Node[], status: RaftStatus): void {
  if (node.spec?.role !== "manager" || spec.role !== "worker") return;
  const others = nodes.filter((other) => other.id !== node.id && other.spec?.role === "manager");
  if (others.length === 0) {
    throw new SkepError("failed_precondition", `cannot demote ${label(node)}: it is the last manager of the swarm`);
  }
  const member = status.members.find((other) => other.nodeId === node.id);
  if (member === undefined || !isVoter(member)) return;
  const { voters, reachable } = quorumHealth(status);
  const left = reachable - (countsNow(status, member) ? 1 : 0);
  const quorum = Math.floor((voters - 1) / 2) + 1;
  if (left < quorum) {
    throw new SkepError(
      "failed_precondition",
      `cannot demote ${label(node)}: only ${left} of the ${voters - 1} managers that stay answer and can write, and ${quorum} must; ` +
        "bring one back first",
    );
  }
}

export function checkRemovable(node: Node, force: boolean, status: RaftStatus): void {
  if (node.spec?.role === "manager" || status.members.some((member) => member.nodeId === node.id)) {
    throw new SkepError(
      "failed_precondition",
      `node ${label(node)} is a manager and a member of the raft cluster: demote it to worker before removing it`,
    );
  }
  const state = node.status?.state ?? "unknown";
  if (!force && (state === "ready" || state === "suspect")) {
    throw new SkepError(
      "failed_precondition",
      `node ${label(node)} is not down and can't be removed: stop it or let it leave the swarm first, or use --force`,
    );
  }
}

/**
 * The node's certificate opens nothing from now on. Entries end with the last certificate that they are about: it may be from
 * the time before the cluster's certificates were made to last less than they do by default.
 */
function withBlacklisted(cluster: Cluster, node: Node, nowMs: number): Cluster {
  const expiryMs = Math.max(cluster.spec?.caConfig?.nodeCertExpiryMs ?? 0, DEFAULT_NODE_VALIDITY_MS);
  // A certificate's start is dated back for clocks that differ; a day is more than that.
  const entry = newBlacklistedCertificate({ nodeId: node.id, expiresAtMs: nowMs + expiryMs + DAY_MS });
  const kept = cluster.blacklistedCertificates.filter(
    ({ nodeId, expiresAtMs }) => nodeId !== node.id && expiresAtMs > nowMs,
  );
  return { ...cluster, blacklistedCertificates: [...kept, entry] };
}
