// The keys of this node and how they lie on its disk. Several things change them (a renewed certificate, another unlock key
// of the cluster, a new role); each writes all of it anew, one after the other.
//
// When keys that lay open are sealed, somebody may have read them before. The log's key is replaced then: what is written from
// that moment on is sealed with the new one, the log is written anew with it (by who holds the log), and the old one is
// forgotten. Until then both are kept, so that a crash in between loses nothing.
import { SkepError } from "../../shared/errors.ts";
import type { Identity } from "../../shared/pki/identity.ts";
import { createSealer, newSealingKey, type Sealer } from "../../shared/pki/sealing.ts";
import type { NodeFiles } from "./node-pem.ts";
import type { StateDir } from "./state-dir.ts";

export interface KeyStore {
  /** Puts the identity on the disk, a worker's never sealed; it is durable when this resolves. */
  readonly save: (identity: Identity) => Promise<void>;
  /** Seals the Raft log with this node's key for it, which is made, and durable, when there was none; always with the newest. */
  readonly sealer: () => Promise<Sealer>;
  /**
   * What the cluster says: sealed with this key, or with none. Says of an older version of the cluster nothing: a manager
   * that restarts sees its past again.
   * @returns whether keys that lay open are sealed now: they should be replaced.
   */
  readonly protect: (unlockKey: Uint8Array | undefined, clusterVersion: number) => Promise<boolean>;
  /** Keys that are kept because some of the log may still be sealed with them. */
  readonly formerLogKeys: () => readonly Uint8Array[];
  /** Nothing on the disk is sealed with these any more. */
  readonly forgetLogKeys: (keys: readonly Uint8Array[]) => Promise<void>;
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
  let current: Sealer | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  const write = async (next: NodeFiles, key: Uint8Array | undefined): Promise<void> => {
    await dir.writeIdentity(next, key);
    if (next.raftKey !== files.raftKey || next.formerRaftKeys !== files.formerRaftKeys) current = undefined;
    files = next;
    seal = key;
  };
  const newest = (): Sealer => {
    if (files.raftKey === undefined) throw new SkepError("internal", "this node has no key for a log any more");
    current ??= createSealer(files.raftKey, files.formerRaftKeys);
    return current;
  };
  const sealer: Sealer = {
    seal: (plain, context) => newest().seal(plain, context),
    open: (sealed, context) => newest().open(sealed, context),
  };
  /** With another key for the log, the present one kept beside it. */
  const withNewLogKey = (present: NodeFiles): NodeFiles => {
    const { raftKey, formerRaftKeys = [] } = present;
    if (raftKey === undefined) return present;
    return { ...present, raftKey: newSealingKey(), formerRaftKeys: [raftKey, ...formerRaftKeys] };
  };

  return {
    save: ({ keyPem, certificatePem, rootPem, role }) =>
      inTurn(() => write({ ...files, keyPem, certificatePem, rootPem }, role === "worker" ? undefined : seal)),
    sealer: () =>
      inTurn(async () => {
        if (files.raftKey === undefined) await write({ ...files, raftKey: newSealingKey() }, seal);
        return sealer;
      }),
    protect: (key, clusterVersion) =>
      inTurn(async () => {
        if (clusterVersion <= (files.unlockVersion ?? 0)) return false;
        const next = { ...files, unlockVersion: clusterVersion };
        if (isSame(seal, key)) {
          files = next;
          return false;
        }
        const layOpen = seal === undefined && key !== undefined;
        await write(layOpen ? withNewLogKey(next) : next, key);
        return layOpen;
      }),
    formerLogKeys: () => files.formerRaftKeys ?? [],
    forgetLogKeys: (keys) =>
      inTurn(async () => {
        const { formerRaftKeys = [], ...rest } = files;
        const kept = formerRaftKeys.filter((key) => !keys.includes(key));
        if (kept.length < formerRaftKeys.length) {
          await write(kept.length === 0 ? rest : { ...rest, formerRaftKeys: kept }, seal);
        }
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
