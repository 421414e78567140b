import type { NodeRole } from "../../proto/gen/objects.ts";
import type { ClusterId, NodeId } from "../model/ids.ts";

/** Who is at the other end of a call, as the transport proved it. */
export type Peer =
  /** Over the local socket: root on this host. */
  | { readonly kind: "local" }
  /** Over mutual TLS, with a certificate of our cluster's CA. */
  | {
      readonly kind: "node";
      readonly nodeId: NodeId;
      /** What it may do: a worker, too, when its certificate is that of a manager which is none any more. */
      readonly role: NodeRole;
      /** Its certificate says manager, the cluster does not. */
      readonly demoted?: true;
      /** Its certificate says manager, and nobody has told this node for minutes who the managers are. */
      readonly unsure?: true;
      readonly clusterId: ClusterId;
    }
  /** Over TLS without a certificate: a host that wants to join. */
  | { readonly kind: "anonymous" };
