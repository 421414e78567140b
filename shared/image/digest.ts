// Content is named by its digest, and nothing is believed before it was hashed.
import { createHash, type Hash } from "node:crypto";
import { SkepError } from "../errors.ts";

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const algorithmOf = (digest: string): string => digest.slice(0, Math.max(0, digest.indexOf(":")));

function hashFor(digest: string): Hash {
  const algorithm = algorithmOf(digest);
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    throw new SkepError("invalid_argument", `digest ${digest} is neither sha256 nor sha512`);
  }
  return createHash(algorithm);
}

/** @throws {SkepError} `invalid_argument`: the bytes are not what `what` was announced to be. */
export function verifyBytes(bytes: Uint8Array, digest: string, what: string): void {
  const found = `${algorithmOf(digest)}:${hashFor(digest).update(bytes).digest("hex")}`;
  if (found !== digest) throw new SkepError("invalid_argument", `${what} has digest ${found} instead of ${digest}`);
}
