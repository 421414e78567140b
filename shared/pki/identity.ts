// Who this node is: its key, its certificate and the root it trusts. One holder, which TLS server and dialer watch, so that
// a renewed certificate is in use everywhere at once, without a connection lost.
import { SkepError } from "../errors.ts";
import { type CertificateInfo, digestsOf, isForKey, issuerOf, readCertificate } from "./certificate.ts";
import { keyPairFromPem } from "./keys.ts";

export interface IdentityFiles {
  /** PEM of the node's certificate, first, and of what is between it and a root. */
  readonly certificatePem: string;
  readonly keyPem: string;
  /** PEM of the root certificates that this node trusts: one, or two while the cluster replaces it. */
  readonly rootPem: string;
}

export interface Identity extends IdentityFiles, CertificateInfo {
  /** Digest of the root that the certificate is from. */
  readonly issuer: string;
  /** Digests of the roots. */
  readonly trustRoots: readonly string[];
}

/** @throws {SkepError} `internal` when key, certificate and root do not belong together. */
export function openIdentity(files: IdentityFiles): Identity {
  const info = readCertificate(files.certificatePem);
  if (!isForKey(files.certificatePem, keyPairFromPem(files.keyPem).privateKey)) {
    throw new SkepError("internal", "the node's certificate is for another key than the one stored beside it");
  }
  const issuer = issuerOf(files.certificatePem, files.rootPem);
  if (issuer === undefined) {
    throw new SkepError(
      "internal",
      "the node's certificate is not from the cluster's root CA that is stored beside it",
    );
  }
  const { certificatePem, keyPem, rootPem } = files;
  return { certificatePem, keyPem, rootPem, ...info, issuer, trustRoots: digestsOf(rootPem) };
}

export interface IdentityHolder {
  readonly current: () => Identity;
  readonly replace: (identity: Identity) => void;
  /** Calls back at every replacement, until the returned function is called. */
  readonly onReplace: (listener: (identity: Identity) => void) => () => void;
}

export function createIdentityHolder(initial: Identity): IdentityHolder {
  const listeners = new Set<(identity: Identity) => void>();
  let identity = initial;
  return {
    current: () => identity,
    replace: (next) => {
      identity = next;
      for (const listener of listeners) listener(next);
    },
    onReplace: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
