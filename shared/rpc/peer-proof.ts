// From a TLS connection to a Peer. OpenSSL has checked the certificate's chain and time during the handshake; here we check
// what it says, and, at each call of a connection that may be days old, that it still holds.

import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { SkepError } from "../errors.ts";
import type { ClusterId, NodeId } from "../model/ids.ts";
import { type CertificateInfo, readCertificate } from "../pki/certificate.ts";
import type { Peer } from "./peer.ts";

export interface Trust {
  readonly clusterId: ClusterId;
  /** Was the node removed from the cluster? Managers know from the store, others from what their session tells. */
  readonly isRemoved: (nodeId: NodeId) => boolean;
  /**
   * Is the node no manager any more? A certificate from when it was one is valid until it expires, or for ever in the hands of
   * who keeps a copy and a wrong clock. Managers know from the store, others from what their session tells.
   * @param issuedVersion CertificateIdentity.issuedVersion
   */
  readonly isDemoted: (nodeId: NodeId, issuedVersion: number) => boolean;
  /**
   * Does this node know now who was demoted? Managers do; others while they have a session, and for some minutes after it. Unset:
   * it does.
   */
  readonly knowsManagers?: () => boolean;
  readonly wallMs: () => number;
}

/** @throws {SkepError} `unauthenticated`, and why. */
export function provePeer(certificate: CertificateInfo, trust: Trust): Peer {
  const { nodeId, role, clusterId } = certificate;
  if (clusterId !== trust.clusterId) {
    throw new SkepError("unauthenticated", `node ${nodeId} belongs to another cluster (${clusterId})`);
  }
  if (trust.wallMs() > certificate.notAfterMs) {
    throw new SkepError("unauthenticated", `the certificate of node ${nodeId} has expired`);
  }
  if (trust.isRemoved(nodeId)) {
    throw new SkepError("unauthenticated", `node ${nodeId} was removed from the cluster`);
  }
  if (showsDemotion(certificate, trust)) {
    return { kind: "node", nodeId, role: "worker", demoted: true, clusterId };
  }
  if (role === "manager" && trust.knowsManagers?.() === false) {
    return { kind: "node", nodeId, role: "worker", unsure: true, clusterId };
  }
  return { kind: "node", nodeId, role, clusterId };
}

/** Does it say manager of a node that is none? */
export const showsDemotion = (certificate: CertificateInfo, trust: Trust): boolean =>
  certificate.role === "manager" && trust.isDemoted(certificate.nodeId, certificate.issuedVersion);

/** Parsed certificates by fingerprint: a call costs no parsing. Bounded by the nodes that are connected. */
export function createCertificateCache(maxEntries = 10_000): (certificate: PeerCertificate) => CertificateInfo {
  const known = new Map<string, CertificateInfo>();
  return (certificate) => {
    const hit = known.get(certificate.fingerprint256);
    if (hit !== undefined) return hit;
    const info = readCertificate(certificate.raw);
    if (known.size >= maxEntries) known.clear();
    known.set(certificate.fingerprint256, info);
    return info;
  };
}

/** Why TLS did not take a certificate, in words. `error` is OpenSSL's name for it. */
export function refusal(error: string, certificate: PeerCertificate): string {
  // A certificate without a subject has none here, whatever the type library says.
  const { subject: lines }: { readonly subject?: string } = new X509Certificate(certificate.raw);
  const subject = lines?.replaceAll("\n", ", ") ?? "without a subject";
  switch (error) {
    case "CERT_HAS_EXPIRED":
      return `the certificate (${subject}) expired on ${certificate.valid_to}; join again with a token`;
    case "CERT_NOT_YET_VALID":
      return `the certificate (${subject}) is not valid before ${certificate.valid_from}: are the clocks right?`;
    default:
      return `the certificate (${subject}) is not from this cluster's CA (${error})`;
  }
}
