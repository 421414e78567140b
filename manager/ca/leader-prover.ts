// Proves to nodes that this is a manager: see shared/pki/leader-proof.ts.
import type { KeyObject } from "node:crypto";
import type { LeaderProof } from "../../proto/gen/dispatcher.ts";
import type { Cluster } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { keyPairFromPem } from "../../shared/pki/keys.ts";
import { CHALLENGE_BYTES, newProof, type ProofPurpose } from "../../shared/pki/leader-proof.ts";

export class LeaderProver {
  /** By the digest of the root: reading a key takes longer than signing, and thousands of nodes may come at once. */
  #keys = new Map<string, KeyObject>();

  /** One for each root of the cluster; none for a challenge that is none, as nodes of older versions have it. */
  prove(cluster: Cluster | undefined, purpose: ProofPurpose, nodeId: NodeId, challenge: Uint8Array): LeaderProof[] {
    const { rootCa } = cluster ?? {};
    if (cluster === undefined || rootCa === undefined || challenge.length !== CHALLENGE_BYTES) return [];
    const asked = { purpose, clusterId: cluster.id, nodeId, challenge };
    const roots = rootCa.rotation === undefined ? [rootCa] : [rootCa, rootCa.rotation];
    const keys = new Map(
      roots
        .filter(({ caKey }) => caKey.length > 0)
        .map(({ caKey, caCertHash }) => [
          caCertHash,
          this.#keys.get(caCertHash) ?? keyPairFromPem(Buffer.from(caKey).toString()).privateKey,
        ]),
    );
    this.#keys = keys;
    return [...keys].map(([root, key]) => newProof(asked, root, key));
  }
}
