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
  /**
   * The store's version that it was issued over: what was committed up to there was known to who issued it, what came later was
   * not. 0: it is from a time when certificates did not tell.
   */
  readonly issuedVersion: number;
}

export interface CertificateInfo extends CertificateIdentity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

interface Subject {
  readonly CN?: string | string[] | undefined;
  readonly OU?: string | string[] | undefined;
  readonly O?: string | string[] | undefined;
  readonly dnQualifier?: string | string[] | undefined;
}

/** Whole, without sign; at most 2^53 - 1, as a version is. */
const VERSION = /^(?:0|[1-9]\d{0,15})$/;

function versionOf(qualifier: string | string[] | undefined): number {
  if (qualifier === undefined) return 0;
  const version = typeof qualifier === "string" && VERSION.test(qualifier) ? Number(qualifier) : Number.NaN;
  if (!Number.isSafeInteger(version)) throw new SkepError("unauthenticated", "its version is not a number");
  return version;
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
      issuedVersion: versionOf(subject.dnQualifier),
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

/**
 * Is `root` one of `presentPem`, or is its key in a certificate of `chain` that one of these has signed (cross-signed)?
 * All PEM. Says nothing about their time.
 */
export function isVouchedFor(root: string, chain: readonly string[], presentPem: string): boolean {
  const digest = certificateDigest(root);
  const present = certificatesOf(presentPem);
  if (present.some((one) => certificateDigest(one) === digest)) return true;
  const key = parse(root).publicKey;
  return chain.some((crossed) => {
    const certificate = parse(crossed);
    return certificate.ca && certificate.publicKey.equals(key) && present.some((one) => isIssuedBy(crossed, one));
  });
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
