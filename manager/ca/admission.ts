// Who gets a certificate, and as whom. Pure: the store's view and the proven caller in, a decision or an error out.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Cluster, Node, NodeRole } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { parseJoinToken } from "../../shared/model/join-token.ts";

export type Applicant =
  /** Showed a valid certificate: renews it. */
  { readonly kind: "node"; readonly nodeId: NodeId } | { readonly kind: "stranger"; readonly token: string };

export type Admission =
  | { readonly kind: "new"; readonly role: NodeRole }
  | { readonly kind: "renew"; readonly node: Node; readonly role: NodeRole };

export interface AdmissionView {
  readonly cluster: Cluster;
  readonly node: (id: NodeId) => Node | undefined;
  /** Is the node a member of the managers' Raft group? Such a one keeps a manager's certificate until it is not. */
  readonly isMember: (id: NodeId) => boolean;
}

/**
 * @throws {SkepError} `invalid_argument`: not a token; `permission_denied`: a token of another cluster or from before a
 * rotation, or a node that was removed.
 */
export function admit(applicant: Applicant, view: AdmissionView): Admission {
  switch (applicant.kind) {
    case "node": {
      const node = view.node(applicant.nodeId);
      if (node === undefined) {
        throw new SkepError("permission_denied", `node ${applicant.nodeId} is not in the cluster any more`);
      }
      return { kind: "renew", node, role: view.isMember(node.id) ? "manager" : (node.spec?.role ?? node.role) };
    }
    case "stranger":
      return { kind: "new", role: roleOfToken(applicant.token, view.cluster) };
  }
}

// Digests have one length whatever was sent, which a comparison in constant time asks for.
const sameSecret = (a: string, b: string): boolean =>
  b !== "" && timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());

function roleOfToken(token: string, cluster: Cluster): NodeRole {
  const shown = parseJoinToken(token);
  const tokens = cluster.rootCa?.joinTokens;
  const isManager = sameSecret(token.trim(), tokens?.manager ?? "");
  const isWorker = sameSecret(token.trim(), tokens?.worker ?? "");
  if (isManager) return "manager";
  if (isWorker) return "worker";
  throw new SkepError(
    "permission_denied",
    shown.rootCaHash === cluster.rootCa?.caCertHash
      ? 'the join token was rotated, or is mistyped; "skep swarm join-token worker" on a manager prints the one that is valid'
      : "the join token is for another cluster",
  );
}
