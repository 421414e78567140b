import { Buffer } from "node:buffer";
import { SkepError } from "../errors.ts";

/** What a registry asks for. Never logged, never part of an error. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** OAuth2 refresh token, used instead of the password when not empty. */
  readonly identityToken: string;
}

const MAX_LENGTH = 64 * 1024;

function field(object: object, name: string): string {
  const value = Object.entries(object).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === "string" ? value : "";
}

/**
 * Decodes `ContainerSpec.registryAuth`: base64 (or base64url) JSON as Docker's X-Registry-Auth header has it. An empty text, or
 * one without any credential, is anonymous.
 * @throws {SkepError} `invalid_argument`, without repeating the text.
 */
export function parseRegistryAuth(encoded: string): RegistryCredentials | undefined {
  if (encoded === "") return undefined;
  try {
    if (encoded.length > MAX_LENGTH) throw new RangeError("too long");
    const parsed: unknown = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
    if (typeof parsed !== "object" || parsed === null) throw new TypeError("not an object");
    const auth = {
      username: field(parsed, "username"),
      password: field(parsed, "password"),
      identityToken: field(parsed, "identitytoken"),
    };
    return auth.username === "" && auth.identityToken === "" ? undefined : auth;
  } catch {
    throw new SkepError(
      "invalid_argument",
      "registry credentials are malformed: expected base64 of JSON with username and password",
    );
  }
}
