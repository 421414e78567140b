import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { SkepError } from "../errors.ts";

/** ECDSA P-256, the one kind of key we make and accept. */
export const CURVE = "prime256v1";

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const newKeyPair = (): KeyPair => generateKeyPairSync("ec", { namedCurve: CURVE });

/** PKCS#8, PEM. */
export const privateKeyToPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

/** @throws {SkepError} `internal` when `pem` is not an unencrypted P-256 private key: our own file is damaged. */
export function keyPairFromPem(pem: string): KeyPair {
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyDetails?.namedCurve !== CURVE) throw new Error(`not a ${CURVE} key`);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch (cause) {
    throw new SkepError("internal", `cannot read a private key: ${SkepError.from(cause).message}`, { cause });
  }
}
