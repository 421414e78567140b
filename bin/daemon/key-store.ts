// The keys of this node and how they lie on its disk. Several things change them (a renewed certificate, another unlock key
// of the cluster, a new role); each writes all of it anew, one after the other.
import type { Identity } from "../../shared/pki/identity.ts";
import { createSealer, newSealingKey, type Sealer } from "../../shared/pki/sealing.ts";
import type { NodeFiles } from "./node-pem.ts";
import type { StateDir } from "./state-dir.ts";

export interface KeyStore {
  /** Puts the identity on the disk, a worker's never sealed; it is durable when this resolves. */
  readonly save: (identity: Identity) => Promise<void>;
  /** Seals the Raft log with this node's key for it, which is made, and durable, when there was none. */
  readonly sealer: () => Promise<Sealer>;
  /**
   * What the cluster says: sealed with this key, or with none. Says of an older version of the cluster nothing: a manager
   * that restarts sees its past again.
   */
  readonly protect: (unlockKey: Uint8Array | undefined, clusterVersion: number) => Promise<void>;
  /** For a node that is a manager no more: workers are never locked, and have no log. */
  readonly forgetManager: () => Promise<void>;
}

/** @param unlockKey that the file is sealed with now, or shall be. */
export function createKeyStore(
  dir: Pick<StateDir, "writeIdentity">,
  initial: NodeFiles,
  unlockKey?: Uint8Array,
): KeyStore {
  let files = initial;
  let seal = unlockKey;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  const write = async (next: NodeFiles, key: Uint8Array | undefined): Promise<void> => {
    await dir.writeIdentity(next, key);
    files = next;
    seal = key;
  };

  return {
    save: ({ keyPem, certificatePem, rootPem, role }) =>
      inTurn(() => write({ ...files, keyPem, certificatePem, rootPem }, role === "worker" ? undefined : seal)),
    sealer: () =>
      inTurn(async () => {
        const raftKey = files.raftKey ?? newSealingKey();
        if (files.raftKey === undefined) await write({ ...files, raftKey }, seal);
        return createSealer(raftKey);
      }),
    protect: (key, clusterVersion) =>
      inTurn(async () => {
        if (clusterVersion <= (files.unlockVersion ?? 0)) return;
        if (isSame(seal, key)) files = { ...files, unlockVersion: clusterVersion };
        else await write({ ...files, unlockVersion: clusterVersion }, key);
      }),
    forgetManager: () =>
      inTurn(async () => {
        const { keyPem, certificatePem, rootPem } = files;
        await write({ keyPem, certificatePem, rootPem }, undefined);
      }),
  };
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
