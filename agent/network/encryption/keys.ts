// A node's keys for the tunnels of encrypted networks: made here, kept in a file that only root reads, and never sent anywhere.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { PublicKey } from "./plan.ts";

/** Base64, as wg takes and prints them. */
export interface OwnKey extends PublicKey {
  readonly privateKey: string;
}

const KEY = /^[A-Za-z0-9+/]{43}=$/;

/** X25519. @param port where packets for it are taken. */
export function newOwnKey(epoch: number, port: number): OwnKey {
  const { privateKey } = generateKeyPairSync("x25519");
  return { epoch, port, privateKey: raw(privateKey, "d"), publicKey: raw(createPublicKey(privateKey), "x") };
}

const raw = (key: KeyObject, part: "d" | "x"): string =>
  Buffer.from(key.export({ format: "jwk" })[part] ?? "", "base64url").toString("base64");

/** PKCS#8 of an X25519 key: what comes before its 32 bytes. */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");

function publicKeyOf(privateKey: string): string {
  const der = Buffer.concat([PKCS8, Buffer.from(privateKey, "base64")]);
  return raw(createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })), "x");
}

export interface KeyFile {
  /** None where there is none yet; a damaged file is as none, with a warning: keys can be made anew at any time. */
  readonly load: () => Promise<readonly OwnKey[]>;
  /** Old or new, whole, after a power cut. @throws {SkepError} when the disk takes no write. */
  readonly save: (keys: readonly OwnKey[]) => Promise<void>;
}

export function openKeyFile(path: string, log: Log): KeyFile {
  return {
    load: async () => {
      let text: string;
      try {
        text = await readFile(path, "utf8");
      } catch {
        return [];
      }
      const keys = parseKeys(text);
      if (keys === undefined) log.warn({ path }, "the keys of this node's tunnels are damaged; it makes new ones");
      return keys ?? [];
    },
    save: async (keys) => {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        const file = await open(`${path}.new`, "w", 0o600);
        try {
          await file.writeFile(formatKeys(keys));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(`${path}.new`, path);
      } catch (cause) {
        throw new SkepError("resource_exhausted", `cannot write ${path}: ${SkepError.from(cause).message}`, { cause });
      }
    },
  };
}

export const formatKeys = (keys: readonly OwnKey[]): string =>
  `${JSON.stringify(keys.map(({ epoch, port, privateKey }) => ({ epoch, port, privateKey })))}\n`;

/** Undefined when `text` is not what `formatKeys` gives. */
export function parseKeys(text: string): readonly OwnKey[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(json)) return undefined;
  const keys: OwnKey[] = [];
  for (const entry of json as readonly unknown[]) {
    if (typeof entry !== "object" || entry === null) return undefined;
    const { epoch, port, privateKey } = entry as Readonly<Record<string, unknown>>;
    if (typeof privateKey !== "string" || !KEY.test(privateKey)) return undefined;
    if (typeof epoch !== "number" || !Number.isSafeInteger(epoch)) return undefined;
    if (typeof port !== "number" || !Number.isSafeInteger(port)) return undefined;
    keys.push({ epoch, port, privateKey, publicKey: publicKeyOf(privateKey) });
  }
  return keys;
}
