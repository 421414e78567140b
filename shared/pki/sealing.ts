// Authenticated encryption of what a manager keeps on disk. A sealed value, format 1:
//
//   1 byte   format
//   16       salt of the session that sealed it
//   6        number of the value within that session, big-endian
//   n        AES-256-GCM ciphertext, as long as the plain value
//   16       tag
//
// A session is one sealer's life. It draws a salt and derives from key and salt a key of its own (HKDF, SHA-256), under which
// the number is the nonce. So no nonce meets a key twice, however often the process restarts and however much it writes:
// with one key and random nonces a busy log would come to GCM's limit of 2^32 values within days.
//
// The context (where the value stands) is authenticated with it: a value moved to another place does not open.
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { SkepError } from "../errors.ts";

const FORMAT = 1;
const CIPHER = "aes-256-gcm";
export const KEY_BYTES = 32;
const SALT_BYTES = 16;
const COUNT_BYTES = 6;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + SALT_BYTES + COUNT_BYTES;
/** Bytes that a sealed value is longer than the plain one. */
export const SEAL_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;
/** Keys of other sessions that are kept for reading; a log holds values of a few. */
const MAX_SESSION_KEYS = 64;

export interface Sealer {
  readonly seal: (plain: Uint8Array, context: string) => Buffer;
  /** @throws {SkepError} `internal`: of an unknown format, cut short, changed, sealed for another place or with another key. */
  readonly open: (sealed: Uint8Array, context: string) => Buffer;
}

export const newSealingKey = (): Buffer => randomBytes(KEY_BYTES);

const refused = (why: string): SkepError => new SkepError("internal", `a sealed value does not open: ${why}`);

/** As an object of the crypto library: handing it bytes costs ten times as much, at each value (16 us here). */
const sessionKey = (key: Uint8Array, salt: Uint8Array): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", key, salt, "skep sealing 1", KEY_BYTES)));

/**
 * @param key 32 bytes: seals, and opens.
 * @param former keys that open what was sealed before this one.
 */
export function createSealer(key: Uint8Array, former: readonly Uint8Array[] = []): Sealer {
  const keys = [key, ...former];
  if (keys.some(({ length }) => length !== KEY_BYTES)) {
    throw new SkepError("internal", `a sealing key has ${KEY_BYTES} bytes`);
  }
  const salt = randomBytes(SALT_BYTES);
  const ownKey = sessionKey(key, salt);
  const known = new Map([[salt.toString("latin1"), ownKey]]);
  let count = 0;

  const openWith = (derived: KeyObject, sealed: Buffer, context: string): Buffer | undefined => {
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, derived, nonceOf(sealed))
      .setAAD(aadOf(context))
      .setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(HEADER_BYTES, end));
    try {
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  };

  return {
    seal: (plain, context) => {
      const sealed = Buffer.allocUnsafe(SEAL_OVERHEAD_BYTES + plain.length);
      sealed[0] = FORMAT;
      salt.copy(sealed, 1);
      sealed.writeUIntBE(count++, 1 + SALT_BYTES, COUNT_BYTES);
      const cipher = createCipheriv(CIPHER, ownKey, nonceOf(sealed)).setAAD(aadOf(context));
      cipher.update(plain).copy(sealed, HEADER_BYTES);
      cipher.final();
      cipher.getAuthTag().copy(sealed, HEADER_BYTES + plain.length);
      return sealed;
    },
    open: (bytes, context) => {
      const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (sealed.length > 0 && sealed[0] !== FORMAT) {
        throw refused(`its format ${sealed[0]} is not known to this version of skep`);
      }
      if (sealed.length < SEAL_OVERHEAD_BYTES) throw refused("it is cut short");
      const salt = sealed.subarray(1, 1 + SALT_BYTES);
      const session = salt.toString("latin1");
      const hit = known.get(session);
      const candidates = hit === undefined ? keys.map((one) => sessionKey(one, salt)) : [hit];
      for (const derived of candidates) {
        const plain = openWith(derived, sealed, context);
        if (plain === undefined) continue;
        if (known.size >= MAX_SESSION_KEYS) known.clear();
        known.set(session, derived);
        return plain;
      }
      throw refused("it is damaged, or was sealed with another key");
    },
  };
}

const aadOf = (context: string): Buffer => Buffer.from(context, "utf8");

function nonceOf(sealed: Buffer): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  sealed.copy(nonce, NONCE_BYTES - COUNT_BYTES, 1 + SALT_BYTES, HEADER_BYTES);
  return nonce;
}
