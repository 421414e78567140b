// How a cluster's root is replaced without an outage. Pure.
//
// When it begins, the cluster has two roots: the one that join tokens name, and the next, which signs every certificate from
// then on. The next one's key is also signed by the present root (cross-signed), and that certificate goes with each node's
// own: so who knows only the present root takes the new certificates, and nobody has to be first. The dispatcher tells each
// node to trust both roots and which one its certificate should be from; the node renews, and tells in its description what
// it has. When all nodes have told so, the next root is the only one, and the join tokens are new, since they name it. A node
// that is down has not told: it holds up the end, and nothing else.
import type { Cluster, Node, TlsStatus } from "../../proto/gen/objects.ts";
import { newJoinTokens, newRootCA, newRootRotation } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { newJoinToken } from "../../shared/model/join-token.ts";
import type { RootAuthority } from "../../shared/pki/issue.ts";

export interface Authority {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly digest: string;
  /** PEM of what goes with a certificate from it; empty when it is known to all. */
  readonly chainPem: string;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Who signs certificates now. @throws {SkepError} `internal` when the cluster has no root. */
export function issuingAuthority({ rootCa }: Cluster): Authority {
  if (rootCa === undefined) throw new SkepError("internal", "the cluster has no root CA");
  const { caCert, caKey, caCertHash, crossSignedCert } = {
    crossSignedCert: new Uint8Array(0),
    ...rootCa,
    ...rootCa.rotation,
  };
  return { certificatePem: text(caCert), keyPem: text(caKey), digest: caCertHash, chainPem: text(crossSignedCert) };
}

/** PEM of the roots that every node is to trust now, the present one first. */
export const trustedRoots = ({ rootCa }: Cluster): Buffer =>
  Buffer.concat([rootCa?.caCert ?? new Uint8Array(0), rootCa?.rotation?.caCert ?? new Uint8Array(0)]);

/** @throws {SkepError} `failed_precondition`: one is under way, or the root is the one that is there. */
export function beginRotation(cluster: Cluster, next: RootAuthority, crossSignedPem: string, nowMs: number): Cluster {
  const { rootCa } = cluster;
  if (rootCa === undefined) throw new SkepError("internal", "the cluster has no root CA");
  if (rootCa.rotation !== undefined) {
    throw new SkepError(
      "failed_precondition",
      "the root CA is being rotated already; it ends when every node has a new certificate: \"skep node ls --format '{{.Hostname}} {{.TLSStatus}}'\" shows which have not",
    );
  }
  if (rootCa.caCertHash === next.digest) {
    throw new SkepError("failed_precondition", "the swarm has this root CA already");
  }
  const rotation = newRootRotation({
    caKey: Buffer.from(next.keyPem),
    caCert: Buffer.from(next.certificatePem),
    caCertHash: next.digest,
    crossSignedCert: Buffer.from(crossSignedPem),
    startedAtMs: nowMs,
  });
  return { ...cluster, rootCa: { ...rootCa, rotation } };
}

/** What a node has told of itself, against what it should have. */
export function tlsStatusOf(cluster: Cluster | undefined, { description }: Node): TlsStatus {
  const tls = description?.tls;
  if (cluster?.rootCa === undefined || tls === undefined) return "unknown";
  const { digest } = issuingAuthority(cluster);
  return tls.issuer === digest && tls.trustRoots.includes(digest) ? "ready" : "needs_rotation";
}

/** Has nothing any more that could be renewed: it left, and waits to be removed from the list. */
const hasLeft = (node: Node): boolean => node.status?.state === "disconnected";

/** The nodes that a rotation waits for; undefined when there is no rotation. */
export function waitsFor(cluster: Cluster, nodes: Iterable<Node>): Node[] | undefined {
  if (cluster.rootCa?.rotation === undefined) return undefined;
  return [...nodes].filter((node) => !hasLeft(node) && tlsStatusOf(cluster, node) !== "ready");
}

/** The old root is gone, and with it every join token. */
export function endRotation(cluster: Cluster, random: () => number): Cluster {
  const rotation = cluster.rootCa?.rotation;
  if (rotation === undefined) return cluster;
  const { caKey, caCert, caCertHash } = rotation;
  const joinTokens = newJoinTokens({
    worker: newJoinToken(caCertHash, random),
    manager: newJoinToken(caCertHash, random),
  });
  return { ...cluster, rootCa: newRootCA({ caKey, caCert, caCertHash, joinTokens }) };
}
