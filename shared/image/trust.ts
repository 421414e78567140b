// Which authorities may sign a registry's certificate: Node's own list and this host's. The host's bundle is read again
// whenever it changed, so that a private CA counts as soon as `update-ca-certificates` has run: Node itself reads it once
// per process, and nobody restarts a daemon for that.
import { readFileSync, statSync } from "node:fs";
import { getCACertificates } from "node:tls";

/** Debian and Alpine, Fedora and RHEL, SUSE, and the rest. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

export interface Trust {
  /** The same as long as the host's bundle is. */
  readonly stamp: string;
  /** PEM; an entry may hold many. */
  readonly certificates: readonly string[];
}

/** @param previous is returned as it is when nothing changed. A bundle that cannot be read is none. */
export function currentTrust(previous: Trust | undefined, bundles: readonly string[] = BUNDLES): Trust {
  for (const path of bundles) {
    try {
      const { mtimeMs, size, ino, dev } = statSync(path);
      const stamp = `${path} ${mtimeMs} ${size} ${ino} ${dev}`;
      if (stamp === previous?.stamp) return previous;
      return { stamp, certificates: [...known(), readFileSync(path, "utf8")] };
    } catch {
      // not this distribution's place
    }
  }
  return previous?.stamp === "" ? previous : { stamp: "", certificates: known() };
}

const known = (): string[] => [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
