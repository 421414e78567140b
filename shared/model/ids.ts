// Identifiers: 25 characters of base 36, as Swarm writes them, branded by what they name. This file is the only place
// where a plain string becomes an id; the decoders of proto/gen rely on the same brands.
import { SkepError } from "../errors.ts";

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type NodeId = Brand<string, "NodeId">;
export type ServiceId = Brand<string, "ServiceId">;
export type TaskId = Brand<string, "TaskId">;
export type NetworkId = Brand<string, "NetworkId">;
export type SecretId = Brand<string, "SecretId">;
export type ConfigId = Brand<string, "ConfigId">;
export type ClusterId = Brand<string, "ClusterId">;

export const ID_LENGTH = 25;
const ID_PATTERN = /^[a-z0-9]{25}$/;
const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** 25 characters of base 36, about 129 bits. @param random [0, 1) */
export function randomText(random: () => number): string {
  let text = "";
  for (let i = 0; i < ID_LENGTH; i++) text += ALPHABET.charAt(Math.floor(random() * ALPHABET.length));
  return text;
}

/** A fresh id. @param random [0, 1) */
export const newId = <Id extends Brand<string, string>>(random: () => number): Id => randomText(random) as Id;

/**
 * @param what the noun for the message: "node id".
 * @throws {SkepError} `invalid_argument` when `raw` is not 25 characters of base 36.
 */
export function parseId<Id extends Brand<string, string>>(what: string, raw: string): Id {
  if (!ID_PATTERN.test(raw)) {
    throw new SkepError("invalid_argument", `${what} ${JSON.stringify(raw)} is not 25 characters of a-z and 0-9`);
  }
  return raw as Id;
}

export const isId = (raw: string): boolean => ID_PATTERN.test(raw);
