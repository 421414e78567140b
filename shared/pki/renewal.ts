// When to renew a certificate: somewhere between half and four fifths of its life, so that the nodes of a cluster that was
// made in a minute do not all come in the same one. As Swarm's.
import type { CertificateInfo } from "./certificate.ts";

const EARLIEST = 0.5;
const LATEST = 0.8;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 10 * 60_000;

/** Unix milliseconds. `random` in [0, 1). */
export const renewAtMs = (certificate: Pick<CertificateInfo, "notBeforeMs" | "notAfterMs">, random: number): number =>
  certificate.notBeforeMs +
  Math.floor((certificate.notAfterMs - certificate.notBeforeMs) * (EARLIEST + (LATEST - EARLIEST) * random));

/** Milliseconds to wait after the `failures`-th failure in a row (1 or more): doubles, with a jitter of a quarter. */
export const renewalRetryMs = (failures: number, random: number): number =>
  Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20)) * (0.75 + random / 4);
