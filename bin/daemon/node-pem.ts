// The file with a node's keys and certificate, as PEM blocks:
//
//   plain:   PRIVATE KEY, CERTIFICATE (one, or with those between it and the root), SKEP KEYS on a manager
//   sealed:  SKEP SEALED KEYS, CERTIFICATE
//
// SKEP KEYS is JSON: the key that seals the Raft log on this disk (and those before it, until nothing is sealed with them any
// more), and which version of the cluster said whether this file is
// to be sealed. SKEP SEALED KEYS holds the same and the private key, sealed with the cluster's unlock key. So one rename
// changes all that opens this node, and there is never a part of it under another key.
import { SkepError } from "../../shared/errors.ts";
import type { IdentityFiles } from "../../shared/pki/identity.ts";
import { fromPem, pemBlocks, toPem } from "../../shared/pki/pem.ts";
import { createSealer, KEY_BYTES } from "../../shared/pki/sealing.ts";

export interface NodeFiles extends IdentityFiles {
  /** Seals the Raft log; a worker has none. */
  readonly raftKey?: Uint8Array | undefined;
  /** What of the log was sealed with before, and still may be. */
  readonly formerRaftKeys?: readonly Uint8Array[] | undefined;
  /** Meta.version of the cluster object that the unlock key, or that there is none, was taken from. */
  readonly unlockVersion?: number | undefined;
}

export interface SealedIdentity {
  readonly kind: "sealed";
  /** @throws {SkepError} `permission_denied`: not the key. */
  readonly unlock: (unlockKey: Uint8Array) => NodeFiles;
}

export type StoredIdentity = { readonly kind: "open"; readonly files: NodeFiles } | SealedIdentity;

const FORMAT = 1;
const KEYS = "SKEP KEYS";
const SEALED = "SKEP SEALED KEYS";
const PLACE = "node keys";

const encodeKeys = (fields: object): Buffer => Buffer.from(JSON.stringify({ format: FORMAT, ...fields }));

export function formatNodePem(files: NodeFiles, unlockKey?: Uint8Array): string {
  const { keyPem, certificatePem, raftKey, formerRaftKeys = [], unlockVersion } = files;
  const keys = {
    ...(raftKey === undefined ? {} : { raftKey: Buffer.from(raftKey).toString("base64") }),
    ...(formerRaftKeys.length === 0
      ? {}
      : { formerRaftKeys: formerRaftKeys.map((key) => Buffer.from(key).toString("base64")) }),
    ...(unlockVersion === undefined ? {} : { unlockVersion }),
  };
  if (unlockKey !== undefined) {
    const sealed = createSealer(unlockKey).seal(encodeKeys({ ...keys, keyPem }), PLACE);
    return toPem(SEALED, sealed) + certificatePem;
  }
  return keyPem + certificatePem + (Object.keys(keys).length === 0 ? "" : toPem(KEYS, encodeKeys(keys)));
}

/** Undefined when a part is missing or not readable. */
export function parseNodePem(text: string, rootPem: string): StoredIdentity | undefined {
  const certificatePem = pemBlocks("CERTIFICATE", text).join("");
  if (certificatePem === "") return undefined;
  if (pemBlocks(SEALED, text).length > 0) {
    const sealed = fromPem(SEALED, text);
    const unlock = (unlockKey: Uint8Array): NodeFiles => {
      const { keyPem, ...keys } = decodeKeys(opened(sealed, unlockKey));
      if (keyPem === undefined) throw new SkepError("internal", "the sealed keys of this node are incomplete");
      return { keyPem, certificatePem, rootPem, ...keys };
    };
    return { kind: "sealed", unlock };
  }
  const [keyPem] = pemBlocks("PRIVATE KEY", text);
  if (keyPem === undefined) return undefined;
  const keys = pemBlocks(KEYS, text).length === 0 ? {} : decodeKeys(fromPem(KEYS, text));
  return { kind: "open", files: { ...keys, keyPem, certificatePem, rootPem } };
}

function opened(sealed: Uint8Array, unlockKey: Uint8Array): Uint8Array {
  try {
    return createSealer(unlockKey).open(sealed, PLACE);
  } catch (cause) {
    const { message } = SkepError.from(cause);
    if (/format|cut short/.test(message)) throw new SkepError("internal", `cannot unlock: ${message}`, { cause });
    throw new SkepError("permission_denied", "swarm could not be unlocked: invalid key provided", { cause });
  }
}

function decodeKeys(bytes: Uint8Array): Pick<NodeFiles, "raftKey" | "formerRaftKeys" | "unlockVersion"> & {
  readonly keyPem?: string;
} {
  const raw: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (typeof raw !== "object" || raw === null) throw new SkepError("internal", "the node's keys are not readable");
  const field = (name: string): unknown => Reflect.get(raw, name);
  if (field("format") !== FORMAT) {
    throw new SkepError("internal", `the node's keys have format ${String(field("format"))}, which is not known`);
  }
  const [keyPem, raftKey, unlockVersion] = [field("keyPem"), field("raftKey"), field("unlockVersion")];
  const key = typeof raftKey === "string" ? logKey(raftKey) : undefined;
  const former = field("formerRaftKeys");
  const formerRaftKeys = Array.isArray(former) ? former.map((one) => logKey(String(one))) : [];
  return {
    ...(typeof keyPem === "string" ? { keyPem } : {}),
    ...(key === undefined ? {} : { raftKey: key }),
    ...(formerRaftKeys.length === 0 ? {} : { formerRaftKeys }),
    ...(typeof unlockVersion === "number" ? { unlockVersion } : {}),
  };
}

function logKey(base64: string): Buffer {
  const key = Buffer.from(base64, "base64");
  if (key.length !== KEY_BYTES) throw new SkepError("internal", "the log's key is damaged");
  return key;
}
