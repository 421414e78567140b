// What a registry answers with 401, and what to ask its token server for. Pure: RFC 7235 challenges, and the token
// protocol of the Docker distribution project.
import { Buffer } from "node:buffer";
import { SkepError } from "../errors.ts";
import type { RegistryCredentials } from "./credentials.ts";

export interface Challenge {
  /** lower case: "bearer", "basic" */
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/** Reads WWW-Authenticate; several challenges may stand in one line. What cannot be read is left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; params: Record<string, string> }[] = [];
  let at = 0;
  const skip = (pattern: RegExp): void => {
    while (at < header.length && pattern.test(header.charAt(at))) at++;
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    skip(/[\s,]/);
    const word = take(TOKEN)?.[0];
    if (word === undefined) return challenges;
    skip(/\s/);
    if (header.charAt(at) !== "=") {
      challenges.push({ scheme: word.toLowerCase(), params: {} });
      continue;
    }
    at++;
    skip(/\s/);
    const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, "$1") ?? take(TOKEN)?.[0];
    const current = challenges.at(-1);
    if (value === undefined || current === undefined) return challenges;
    current.params[word.toLowerCase()] = value;
  }
}

export const basicAuthorization = ({ username, password }: RegistryCredentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

export interface TokenRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The request that turns a bearer challenge into a token: a GET with basic authentication, or an OAuth2 refresh where the
 * user has an identity token.
 * @param insecureAllowed the registry itself is spoken to over plain HTTP, so its token server may be too.
 * @throws {SkepError} `unauthenticated`: the challenge names no usable realm.
 */
export function tokenRequest(
  challenge: Challenge,
  scope: string,
  credentials: RegistryCredentials | undefined,
  insecureAllowed: boolean,
): TokenRequest {
  const { realm = "", service = "" } = challenge.params;
  if (!URL.canParse(realm)) {
    throw new SkepError(
      "unauthenticated",
      `the registry names a token server that is no address: ${JSON.stringify(realm)}`,
    );
  }
  const url = new URL(realm);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && insecureAllowed)) {
    throw new SkepError("unauthenticated", `the registry wants credentials sent to ${url.origin}, which is not HTTPS`);
  }
  if (credentials !== undefined && credentials.identityToken !== "") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      service,
      client_id: "skep",
      scope,
      refresh_token: credentials.identityToken,
    });
    return {
      method: "POST",
      url,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    };
  }
  if (service !== "") url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  if (credentials === undefined) return { method: "GET", url, headers: {}, body: "" };
  url.searchParams.set("account", credentials.username);
  return { method: "GET", url, headers: { authorization: basicAuthorization(credentials) }, body: "" };
}

/** @throws {SkepError} `unauthenticated`: the token server's answer holds no token. */
export function parseToken(bytes: Uint8Array): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof parsed === "object" && parsed !== null) {
      const { token, access_token: accessToken } = parsed as {
        readonly token?: unknown;
        readonly access_token?: unknown;
      };
      for (const value of [token, accessToken]) {
        if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return value;
      }
    }
  } catch {
    // told below
  }
  throw new SkepError("unauthenticated", "the registry's token server answered without a token");
}
