// What a certificate of ours says, and whether it is ours.
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import type { NodeRole } from "../../proto/gen/objects.ts";
import { SkepError } from "../errors.ts";
import { type ClusterId, type NodeId, parseId } from "../model/ids.ts";
import { pemBlocks } from "./pem.ts";

/** The organizational unit of a node's certificate, and a name in it that TLS can ask for. */
export const ROLE_NAME = {
  worker: "skep-worker",
  manager: "skep-manager",
} as const satisfies Record<NodeRole, string>;

export interface CertificateIdentity {
  readonly nodeId: NodeId;
  readonly role: NodeRole;
  readonly clusterId: ClusterId;
}

export interface CertificateInfo extends CertificateIdentity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

interface Subject {
  readonly CN?: string | string[] | undefined;
  readonly OU?: string | string[] | undefined;
  readonly O?: string | string[] | undefined;
}

const only = (value: string | string[] | undefined): string => (typeof value === "string" ? value : "");

/** @throws {SkepError} `unauthenticated` when the subject is not one that our authority gives to nodes. */
export function identityOfSubject(subject: Subject): CertificateIdentity {
  const unit = only(subject.OU);
  const role = unit === ROLE_NAME.manager ? "manager" : unit === ROLE_NAME.worker ? "worker" : undefined;
  if (role === undefined) {
    throw new SkepError("unauthenticated", `a certificate for ${JSON.stringify(unit)} is not a node's certificate`);
  }
  try {
    return {
      nodeId: parseId<NodeId>("node id", only(subject.CN)),
      role,
      clusterId: parseId<ClusterId>("cluster id", only(subject.O)),
    };
  } catch (cause) {
    throw new SkepError("unauthenticated", `not a node's certificate: ${SkepError.from(cause).message}`, { cause });
  }
}

function parse(certificate: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new SkepError("invalid_argument", `not a certificate: ${SkepError.from(cause).message}`, { cause });
  }
}

/**
 * @param certificate PEM or DER of a node's certificate.
 * @throws {SkepError} `invalid_argument`: not a certificate; `unauthenticated`: not a node's.
 */
export function readCertificate(certificate: string | Uint8Array): CertificateInfo {
  const parsed = parse(certificate);
  return {
    ...identityOfSubject(parsed.toLegacyObject().subject),
    notBeforeMs: parsed.validFromDate.getTime(),
    notAfterMs: parsed.validToDate.getTime(),
  };
}

/** SHA-256 of the DER, 64 hexadecimal characters: what join tokens carry. */
export const certificateDigest = (certificate: string | Uint8Array): string =>
  createHash("sha256").update(parse(certificate).raw).digest("hex");

/** Was `certificate` signed by `root`, for a node? Says nothing about its time. */
export function isIssuedBy(certificate: string, rootPem: string): boolean {
  const root = parse(rootPem);
  const leaf = parse(certificate);
  return leaf.checkIssued(root) && leaf.verify(root.publicKey);
}

/** The certificates in `pem`, in order, as PEM. */
export const certificatesOf = (pem: string): readonly string[] => pemBlocks("CERTIFICATE", pem);

/** Digests of the certificates in `pem`, in order. */
export const digestsOf = (pem: string): readonly string[] => certificatesOf(pem).map(certificateDigest);

/** Digest of that one of `rootsPem` which signed the (first) certificate; undefined when none did. */
export function issuerOf(certificate: string, rootsPem: string): string | undefined {
  const root = certificatesOf(rootsPem).find((one) => isIssuedBy(certificate, one));
  return root === undefined ? undefined : certificateDigest(root);
}

/** Every certificate of both, once. */
export const unionOf = (pem: string, other: string): string =>
  [...new Set([...certificatesOf(pem), ...certificatesOf(other)])].join("");

export const isForKey = (certificate: string, privateKey: KeyObject): boolean =>
  parse(certificate).checkPrivateKey(privateKey);
