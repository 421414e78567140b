// How a manager proves to a node that it is one now. Its certificate does not: it lives for months, and outlives a demotion. So
// the node says some random bytes, and the manager signs them with the keys of the cluster's CA, which are in the managers'
// state: a node that is demoted loses that state, and with it the keys. No clock is asked.
//
// The node's name is signed with the bytes: what a manager signs for one node proves nothing to another. The text before them
// keeps a proof from being anything else that these keys sign: a certificate begins with another byte.
import { type KeyObject, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import { type LeaderProof, newLeaderProof } from "../../proto/gen/dispatcher.ts";
import type { ClusterId, NodeId } from "../model/ids.ts";
import { certificateDigest, certificatesOf } from "./certificate.ts";

export const CHALLENGE_BYTES = 32;
/** A cluster has two roots at most. */
const MAX_PROOFS = 4;

/** `session`: who serves a session leads. `meet`: who calls and names managers is one. */
export type ProofPurpose = "session" | "meet";

export interface Challenge {
  readonly purpose: ProofPurpose;
  readonly clusterId: ClusterId;
  /** The node that asks for the proof. */
  readonly nodeId: NodeId;
  /** CHALLENGE_BYTES of it. */
  readonly challenge: Uint8Array;
}

export const newChallenge = (): Uint8Array => randomBytes(CHALLENGE_BYTES);

const signedBytes = ({ purpose, clusterId, nodeId, challenge }: Challenge): Uint8Array =>
  Buffer.concat([Buffer.from(`skep leader proof 1 ${purpose} ${clusterId} ${nodeId} `), challenge]);

/** @param root digest of the root that `key` is of. */
export const newProof = (asked: Challenge, root: string, key: KeyObject): LeaderProof =>
  newLeaderProof({ root, signature: sign("sha256", signedBytes(asked), key) });

/** Is one of `proofs` from one of the roots? @param rootsPem the roots that the node trusts. */
export function isProven(asked: Challenge, proofs: readonly LeaderProof[], rootsPem: string): boolean {
  if (proofs.length > MAX_PROOFS || asked.challenge.length !== CHALLENGE_BYTES) return false;
  const bytes = signedBytes(asked);
  return certificatesOf(rootsPem).some((root) => {
    const digest = certificateDigest(root);
    const proof = proofs.find((one) => one.root === digest);
    return proof !== undefined && verify("sha256", bytes, new X509Certificate(root).publicKey, proof.signature);
  });
}
