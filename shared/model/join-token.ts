// Join tokens: `SKEPTKN-1-<digest>-<secret>`. The digest is the SHA-256 of the root certificate in 50 characters of base 36: a
// joining node trusts a manager only when its CA has that digest, and nobody else. The secret, 25 characters of base 36
// (129 bits), shows the manager that the node was invited, and as what: each role has a token of its own.
import { SkepError } from "../errors.ts";
import { randomText } from "./ids.ts";

const PREFIX = "SKEPTKN-1-";
const PATTERN = /^SKEPTKN-1-([0-9a-z]{50})-([0-9a-z]{25})$/;
const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const DIGEST_LENGTH = 50;

export interface JoinToken {
  /** SHA-256 of the root certificate's DER, 64 hexadecimal characters in lower case. */
  readonly rootCaHash: string;
  readonly secret: string;
}

/**
 * @param rootCaHash RootCA.ca_cert_hash: 64 hexadecimal characters.
 * @param random [0, 1); must not be guessable outside of tests.
 */
export function newJoinToken(rootCaHash: string, random: () => number): string {
  if (!/^[0-9a-f]{64}$/i.test(rootCaHash))
    throw new SkepError("internal", "a root CA hash is 64 hexadecimal characters");
  const digest = BigInt(`0x${rootCaHash}`).toString(36).padStart(DIGEST_LENGTH, "0");
  return `${PREFIX}${digest}-${randomText(random)}`;
}

/** @throws {SkepError} `invalid_argument` when `text` is not a join token. The message does not repeat it: it is a secret. */
export function parseJoinToken(text: string): JoinToken {
  const match = PATTERN.exec(text.trim());
  if (match === null) {
    throw new SkepError(
      "invalid_argument",
      `this is not a join token: it should look like ${PREFIX}<50 characters>-<25 characters>; "skep swarm join-token worker" on a manager prints it`,
    );
  }
  const [, digest = "", secret = ""] = match;
  let value = 0n;
  for (const digit of digest) value = value * 36n + BigInt(ALPHABET.indexOf(digit));
  const rootCaHash = value.toString(16).padStart(64, "0");
  if (rootCaHash.length > 64)
    throw new SkepError("invalid_argument", "this is not a join token: its digest is damaged");
  return { rootCaHash, secret };
}
