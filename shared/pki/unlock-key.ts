// The key that opens managers which lock themselves, as a person keeps it: `SKEPKEY-1-` and 32 random bytes in base64.
import { KEY_BYTES } from "./sealing.ts";

const PREFIX = "SKEPKEY-1-";

/** @param random [0, 1); must not be guessable outside of tests. */
export const newUnlockKey = (random: () => number): Buffer =>
  Buffer.from(Array.from({ length: KEY_BYTES }, () => Math.floor(random() * 256)));

export const formatUnlockKey = (key: Uint8Array): string =>
  `${PREFIX}${Buffer.from(key).toString("base64").replace(/=+$/, "")}`;

/** Undefined when `text` is not an unlock key. */
export function parseUnlockKey(text: string): Buffer | undefined {
  const match = /^SKEPKEY-1-([A-Za-z0-9+/]{43})$/.exec(text.trim());
  const key = Buffer.from(match?.[1] ?? "", "base64");
  return key.length === KEY_BYTES ? key : undefined;
}
