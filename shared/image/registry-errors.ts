// A registry's refusals in our codes, with its own words.
import { Buffer } from "node:buffer";
import { type Code, SkepError } from "../errors.ts";

const MAX_WORDS = 500;

function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown };
  if (typeof message === "string" && message !== "") return message;
  return typeof code === "string" ? code.toLowerCase().replaceAll("_", " ") : "";
}

/** `errors[].message` of the registry protocol; `details` of token servers; else the first line of a text. */
export function registryWords(body: Uint8Array, contentType: string): string {
  const raw = Buffer.from(body).toString("utf8").trim();
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed === "object" && parsed !== null) {
      const { errors, details, message } = parsed as {
        readonly errors?: unknown;
        readonly details?: unknown;
        readonly message?: unknown;
      };
      const words = Array.isArray(errors) ? errors.map(messageOf).filter((text) => text !== "") : [];
      if (words.length > 0) return printable(words.join("; "));
      for (const text of [details, message]) if (typeof text === "string") return printable(text);
    }
    return "";
  } catch {
    if (contentType.includes("html")) return "";
    const [line = ""] = raw.split(/[\r\n]/);
    return printable(line);
  }
}

/** Control characters would reach somebody's terminal. */
const printable = (words: string): string => words.slice(0, MAX_WORDS).replace(/\p{Cc}/gu, " ");

function codeOf(status: number): Code {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "permission_denied";
  if (status === 404) return "not_found";
  if (status === 408 || status === 429 || status >= 500) return "unavailable";
  return "invalid_argument";
}

/** What servers (Go's, nginx) say to plain HTTP on their TLS port. */
const SPEAKS_TLS = /HTTP request (was sent )?to an? HTTPS (server|port)/i;
const TLS_HINT = " (it speaks TLS: take it off the insecure registries)";

export const isRetryable = (status: number): boolean =>
  status === 408 || status === 429 || status === 500 || (status >= 502 && status <= 504);

/** @param what what was asked for: "manifest of app:v1", "login" */
export function registryError(status: number, host: string, what: string, words: string): SkepError {
  const code = codeOf(status);
  const said = words === "" ? `HTTP status ${status}` : words;
  switch (code) {
    case "unauthenticated":
      return new SkepError(code, `registry ${host} refused ${what}: ${said} (it does not exist, or needs a login)`);
    case "permission_denied":
      return new SkepError(code, `registry ${host} denied ${what}: ${said}`);
    case "not_found":
      return new SkepError(code, `registry ${host} has no ${what}: ${said}`);
    default:
      return new SkepError(
        code,
        `registry ${host} failed at ${what}: ${said}${SPEAKS_TLS.test(words) ? TLS_HINT : ""}`,
      );
  }
}

/** Milliseconds of a Retry-After header in seconds; its date form is not used by registries. */
export function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-9]{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
