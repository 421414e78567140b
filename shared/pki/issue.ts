// Makes certificates (RFC 5280) and certificate requests (RFC 2986). Three profiles and nothing else:
//
//   root   CN=skep-ca, O=<cluster id>; 20 years; signs certificates only (pathlen 1)
//   cross  name and key of a new root, signed by the old one (RFC 4210's "new with old"): who trusts the old root alone comes
//          over it to what the new one signs. A new root of ours has the old one's name, so that this certificate counts as
//          self-issued and no pathlen stands in its way
//   node   CN=<node id>, OU=skep-worker|skep-manager, O=<cluster id>, dnQualifier=<the store's version that it was issued
//          over>; SAN: the node id and the role's name, so that TLS can ask for "this very node" or "any manager" by server
//          name; server and client both, since every node is both
//
// What a request asks for is ignored but for its key: the authority decides who the key's holder is.
import { createHash, createPublicKey, type KeyObject, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import type { NodeRole } from "../../proto/gen/objects.ts";
import { SkepError } from "../errors.ts";
import type { ClusterId, NodeId } from "../model/ids.ts";
import { certificateDigest, certificatesOf, ROLE_NAME } from "./certificate.ts";
import {
  bitString,
  booleanTrue,
  contextTag,
  type DerElement,
  elementAt,
  encodeDer,
  integer,
  objectIdentifier,
  octetString,
  readDer,
  sequence,
  setOf,
  TAG,
  utf8String,
} from "./der.ts";
import { CURVE, type KeyPair, keyPairFromPem, newKeyPair, privateKeyToPem } from "./keys.ts";
import { fromPem, toPem } from "./pem.ts";

const HOUR_MS = 3_600_000;
const MAX_CERTIFICATE_BYTES = 16_384;
const ROOT_VALIDITY_MS = 20 * 365 * 24 * HOUR_MS;
/** Certificates are valid from an hour ago: a joining host's clock may be behind. As Swarm's. */
export const BACKDATE_MS = HOUR_MS;
/** 90 days, and not under an hour, as Swarm's `--cert-expiry`. */
export const DEFAULT_NODE_VALIDITY_MS = 90 * 24 * HOUR_MS;
export const MIN_NODE_VALIDITY_MS = HOUR_MS;

const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  organizationalUnit: "2.5.4.11",
  dnQualifier: "2.5.4.46",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

// The first bit of a KeyUsage is the highest of its byte.
const USAGE_DIGITAL_SIGNATURE = { byte: 0x80, unused: 7 } as const;
const USAGE_SIGN_CERTIFICATES = { byte: 0x06, unused: 1 } as const;

type Name = readonly (readonly [oid: string, value: string])[];

const encodeName = (name: Name): Uint8Array =>
  sequence(...name.map(([oid, value]) => setOf(sequence(objectIdentifier(oid), utf8String(value)))));

const algorithm = (): Uint8Array => sequence(objectIdentifier(OID.ecdsaWithSha256));

const publicKeyInfo = (key: KeyObject): Uint8Array => key.export({ type: "spki", format: "der" });

// SHA-1 over the key's bits names a key (RFC 5280 4.2.1.2); nothing is protected by it.
const keyIdentifier = (key: KeyObject): Uint8Array =>
  createHash("sha1")
    .update(
      elementAt(
        readDer(elementAt(readDer(publicKeyInfo(key)), 0, TAG.sequence).contents),
        1,
        TAG.bitString,
      ).contents.subarray(1),
    )
    .digest();

/** UTCTime to 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). `time` is ISO 8601. */
function encodeTime(iso: string): Uint8Array {
  const digits = iso.replace(/[-:T]/g, "").slice(0, 14);
  return digits < "2050"
    ? encodeDer(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : encodeDer(TAG.generalizedTime, Buffer.from(`${digits}Z`));
}

const extension = (oid: string, critical: boolean, value: Uint8Array): Uint8Array =>
  sequence(objectIdentifier(oid), ...(critical ? [booleanTrue()] : []), octetString(value));

const keyUsage = (usage: { readonly byte: number; readonly unused: number }): Uint8Array =>
  extension(OID.keyUsage, true, bitString(Uint8Array.of(usage.byte), usage.unused));

interface CertificateFields {
  readonly issuer: IssuerCertificate;
  /** A DER name. */
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Uint8Array[];
  /** Of a key that already has a name elsewhere. */
  readonly keyId?: Uint8Array | undefined;
}

/** What a signed certificate takes over from the one that its signer has. */
interface IssuerCertificate {
  /** A DER name. */
  readonly name: Uint8Array;
  readonly keyId: Uint8Array;
}

/** What certificates that `pem` signs must name. @throws {SkepError} `invalid_argument` */
function issuerCertificate(pem: string): IssuerCertificate & { readonly pathLength: number | undefined } {
  const body = readDer(
    elementAt(readDer(elementAt(readDer(certificateDer(pem)), 0, TAG.sequence).contents), 0, TAG.sequence).contents,
  );
  const extensions = extensionsOf(body);
  const named = extensions.get(OID.subjectKeyIdentifier);
  const basic = extensions.get(OID.basicConstraints);
  const limit = basic === undefined ? undefined : readDer(elementAt(readDer(basic), 0, TAG.sequence).contents)[1];
  return {
    name: elementAt(body, 5, TAG.sequence).raw,
    keyId:
      named === undefined
        ? keyIdentifier(new X509Certificate(pem).publicKey)
        : elementAt(readDer(named), 0, TAG.octetString).contents,
    pathLength: limit?.tag === TAG.integer ? limit.contents[0] : undefined,
  };
}

function certificateDer(pem: string): Uint8Array {
  const der = fromPem("CERTIFICATE", pem);
  if (der.length > MAX_CERTIFICATE_BYTES) throw new SkepError("invalid_argument", "the certificate is too large");
  return der;
}

/** Values of a certificate's extensions by their object identifiers. */
function extensionsOf(body: readonly DerElement[]): ReadonlyMap<string, Uint8Array> {
  const list = body.find(({ tag }) => tag === contextTag(3, true));
  const found = new Map<string, Uint8Array>();
  if (list === undefined) return found;
  for (const { contents } of readDer(elementAt(readDer(list.contents), 0, TAG.sequence).contents)) {
    const parts = readDer(contents);
    const value = parts.find(({ tag }) => tag === TAG.octetString);
    const oid = elementAt(parts, 0, TAG.objectIdentifier).raw;
    const name = Object.values(OID).find((known) => Buffer.compare(objectIdentifier(known), oid) === 0);
    if (name !== undefined && value !== undefined) found.set(name, value.contents);
  }
  return found;
}

function signCertificate(fields: CertificateFields, key: KeyObject): string {
  const body = sequence(
    encodeDer(contextTag(0, true), integer(Uint8Array.of(2))),
    integer(Buffer.concat([Uint8Array.of(0x40), randomBytes(15)])),
    algorithm(),
    fields.issuer.name,
    sequence(encodeTime(isoTime(fields.notBeforeMs)), encodeTime(isoTime(fields.notAfterMs))),
    fields.subject,
    publicKeyInfo(fields.publicKey),
    encodeDer(
      contextTag(3, true),
      sequence(
        ...fields.extensions,
        extension(OID.subjectKeyIdentifier, false, octetString(fields.keyId ?? keyIdentifier(fields.publicKey))),
        extension(OID.authorityKeyIdentifier, false, sequence(encodeDer(contextTag(0, false), fields.issuer.keyId))),
      ),
    ),
  );
  return toPem("CERTIFICATE", signed(body, key));
}

const signed = (body: Uint8Array, key: KeyObject): Uint8Array =>
  sequence(body, algorithm(), bitString(sign("sha256", body, key)));

export interface RootAuthority {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** RootCA.ca_cert_hash */
  readonly digest: string;
}

const rootName = (clusterId: ClusterId): Name => [
  [OID.organization, clusterId],
  [OID.commonName, "skep-ca"],
];

/** @param predecessorPem the root that it will replace: it takes over its name. */
export function newRootAuthority(clusterId: ClusterId, nowMs: number, predecessorPem?: string): RootAuthority {
  const keys = newKeyPair();
  const name = predecessorPem === undefined ? encodeName(rootName(clusterId)) : issuerCertificate(predecessorPem).name;
  const certificatePem = signCertificate(
    {
      issuer: { name, keyId: keyIdentifier(keys.publicKey) },
      subject: name,
      publicKey: keys.publicKey,
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs: nowMs + ROOT_VALIDITY_MS,
      extensions: [
        extension(OID.basicConstraints, true, sequence(booleanTrue(), integer(Uint8Array.of(1)))),
        keyUsage(USAGE_SIGN_CERTIFICATES),
      ],
    },
    keys.privateKey,
  );
  return { certificatePem, keyPem: privateKeyToPem(keys.privateKey), digest: certificateDigest(certificatePem) };
}

/**
 * A root that somebody brings: PEM of the certificate and of its key.
 * @throws {SkepError} `invalid_argument`, and what is wrong with it.
 */
export function givenRootAuthority(certificatePem: string, keyPem: string, nowMs: number): RootAuthority {
  const wrong = (why: string): SkepError => new SkepError("invalid_argument", `the CA certificate ${why}`);
  const [first, ...more] = certificatesOf(certificatePem);
  if (first === undefined) throw wrong("is missing: give it as PEM");
  if (more.length > 0) throw wrong("must be one root certificate, without others");
  const certificate = new X509Certificate(first);
  if (!certificate.ca) throw wrong("is not one of an authority");
  if (!certificate.checkIssued(certificate) || !certificate.verify(certificate.publicKey)) {
    throw wrong("is not a root: it is signed by another authority");
  }
  if (nowMs < certificate.validFromDate.getTime()) throw wrong("is not valid yet");
  if (nowMs > certificate.validToDate.getTime()) throw wrong("has expired");
  let keys: KeyPair;
  try {
    keys = keyPairFromPem(keyPem);
  } catch (cause) {
    throw new SkepError("invalid_argument", "the CA key must be an unencrypted ECDSA P-256 key in PEM", { cause });
  }
  if (!certificate.checkPrivateKey(keys.privateKey)) throw wrong("is for another key than the one given");
  issuerCertificate(first);
  return { certificatePem: first, keyPem: privateKeyToPem(keys.privateKey), digest: certificateDigest(first) };
}

/**
 * PEM: the new root's name and key, signed by the old root.
 * @throws {SkepError} `invalid_argument` when nobody could take it: the old root allows no other name below it.
 */
export function crossSign(
  next: Pick<RootAuthority, "certificatePem">,
  old: Pick<RootAuthority, "certificatePem" | "keyPem">,
  nowMs: number,
): string {
  const subject = issuerCertificate(next.certificatePem);
  const issuer = issuerCertificate(old.certificatePem);
  if (issuer.pathLength === 0 && Buffer.compare(subject.name, issuer.name) !== 0) {
    throw new SkepError(
      "invalid_argument",
      "the present root allows no authority of another name below it (pathlen 0), so nodes could not follow; rotate without a certificate of your own first",
    );
  }
  const [nextCertificate, oldCertificate] = [
    new X509Certificate(next.certificatePem),
    new X509Certificate(old.certificatePem),
  ];
  return signCertificate(
    {
      issuer,
      subject: subject.name,
      publicKey: nextCertificate.publicKey,
      keyId: subject.keyId,
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs: Math.min(nextCertificate.validToDate.getTime(), oldCertificate.validToDate.getTime()),
      extensions: [
        extension(OID.basicConstraints, true, sequence(booleanTrue(), integer(Uint8Array.of(0)))),
        keyUsage(USAGE_SIGN_CERTIFICATES),
      ],
    },
    keyPairFromPem(old.keyPem).privateKey,
  );
}

export interface NodeCertificateRequest {
  readonly nodeId: NodeId;
  readonly role: NodeRole;
  readonly clusterId: ClusterId;
  readonly publicKey: KeyObject;
  /** Milliseconds from now; not under an hour. */
  readonly validityMs: number;
  readonly nowMs: number;
  /** As CertificateIdentity has it. */
  readonly issuedVersion: number;
}

/** PEM. `root` is the authority of the same cluster. */
export function issueNodeCertificate(
  request: NodeCertificateRequest,
  root: Pick<RootAuthority, "certificatePem" | "keyPem">,
): string {
  return signCertificate(
    {
      issuer: issuerCertificate(root.certificatePem),
      subject: encodeName([
        [OID.organization, request.clusterId],
        [OID.organizationalUnit, ROLE_NAME[request.role]],
        [OID.commonName, request.nodeId],
        [OID.dnQualifier, String(request.issuedVersion)],
      ]),
      publicKey: request.publicKey,
      notBeforeMs: request.nowMs - BACKDATE_MS,
      notAfterMs: request.nowMs + Math.max(MIN_NODE_VALIDITY_MS, request.validityMs),
      extensions: [
        extension(OID.basicConstraints, true, sequence()),
        keyUsage(USAGE_DIGITAL_SIGNATURE),
        extension(
          OID.extendedKeyUsage,
          false,
          sequence(objectIdentifier(OID.serverAuth), objectIdentifier(OID.clientAuth)),
        ),
        extension(
          OID.subjectAltName,
          false,
          sequence(
            ...[request.nodeId, ROLE_NAME[request.role]].map((name) =>
              encodeDer(contextTag(2, false), Buffer.from(name, "ascii")),
            ),
          ),
        ),
      ],
    },
    keyPairFromPem(root.keyPem).privateKey,
  );
}

/** PKCS#10, PEM: proof that the sender holds the private key; the subject says nothing. */
export function newCertificateRequest(keys: KeyPair): string {
  const body = sequence(
    integer(Uint8Array.of(0)),
    encodeName([[OID.commonName, "skep-node"]]),
    publicKeyInfo(keys.publicKey),
    encodeDer(contextTag(0, true)),
  );
  return toPem("CERTIFICATE REQUEST", signed(body, keys.privateKey));
}

/**
 * The public key of a request, once its signature is proven.
 * @throws {SkepError} `invalid_argument` when it is malformed, has another kind of key, or its signature is wrong.
 */
export function verifyCertificateRequest(pem: string): KeyObject {
  try {
    const [request, ...more] = readDer(fromPem("CERTIFICATE REQUEST", pem));
    if (request?.tag !== TAG.sequence || more.length > 0) throw new SkepError("invalid_argument", "malformed DER");
    const parts = readDer(request.contents);
    const body = elementAt(parts, 0, TAG.sequence);
    const signature = elementAt(parts, 2, TAG.bitString);
    const key = createPublicKey({
      key: Buffer.from(elementAt(readDer(body.contents), 2, TAG.sequence).raw),
      format: "der",
      type: "spki",
    });
    if (key.asymmetricKeyDetails?.namedCurve !== CURVE) {
      throw new SkepError("invalid_argument", "its key is not ECDSA P-256");
    }
    if (!verify("sha256", body.raw, key, signature.contents.subarray(1))) {
      throw new SkepError("invalid_argument", "its signature does not match its key");
    }
    return key;
  } catch (cause) {
    throw new SkepError("invalid_argument", `the certificate request is not valid: ${SkepError.from(cause).message}`, {
      cause,
    });
  }
}

/** ISO 8601 of the time given. */
// biome-ignore lint/style/noRestrictedGlobals: formats a time, does not ask for one
const isoTime = (ms: number): string => new Date(ms).toISOString();
