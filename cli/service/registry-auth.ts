// --with-registry-auth: the credentials that `docker login` left in ~/.docker/config.json for the image's registry.

import { SkepError } from "../../shared/errors.ts";
import { DEFAULT_HOST, parseReference } from "../../shared/image/reference.ts";
import type { CliContext } from "../context.ts";

// Docker Hub goes by this name in the file.
const HUB_KEY = "https://index.docker.io/v1/";

export function configPath(vars: Readonly<Record<string, string | undefined>>): string {
  const folder = vars["DOCKER_CONFIG"] ?? "";
  return folder === "" ? `${vars["HOME"] ?? "/root"}/.docker/config.json` : `${folder}/config.json`;
}

export type FoundAuth =
  | { readonly kind: "found"; readonly registryAuth: string }
  /** Nothing there for this registry; `why` says what was looked at. */
  | { readonly kind: "none"; readonly why: string };

/**
 * Pure. Base64 JSON {username, password, serveraddress, identitytoken} for the registry of `image`.
 * @throws {SkepError} `invalid_argument`: the file or its entry cannot be read.
 */
export function authFrom(configText: string, path: string, image: string): FoundAuth {
  const host = parseReference(image).host;
  const names =
    host === DEFAULT_HOST ? [HUB_KEY, "index.docker.io", "docker.io"] : [host, `https://${host}`, `http://${host}`];
  const config = record(parseJson(configText, path));
  const auths = record(config["auths"]);
  const key = Object.keys(auths).find((name) => names.some((known) => name === known || name.startsWith(`${known}/`)));
  const entry = key === undefined ? undefined : record(auths[key]);
  const helper = config["credsStore"] ?? record(config["credHelpers"])[host];
  if (entry === undefined || (entry["auth"] === undefined && entry["identitytoken"] === undefined)) {
    const why =
      helper === undefined
        ? `${path} has no entry for ${host}`
        : `${path} leaves the credentials for ${host} to the helper ${JSON.stringify(helper)}, which skep does not run`;
    return { kind: "none", why };
  }
  const decoded = Buffer.from(String(entry["auth"] ?? ""), "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon <= 0 && entry["identitytoken"] === undefined) {
    throw new SkepError("invalid_argument", `${path}: the entry for ${host} is not base64 of user:password`);
  }
  const auth = {
    username: colon < 0 ? "" : decoded.slice(0, colon),
    password: colon < 0 ? "" : decoded.slice(colon + 1).replace(/\0+$/, ""),
    serveraddress: host,
    ...(entry["identitytoken"] === undefined ? {} : { identitytoken: String(entry["identitytoken"]) }),
  };
  return { kind: "found", registryAuth: Buffer.from(JSON.stringify(auth)).toString("base64") };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SkepError(
      "invalid_argument",
      `${path} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};

/** Reads the file; warns when there is nothing for the image's registry, and goes on without, as Docker does. */
export async function registryAuthFor(image: string, context: CliContext): Promise<string> {
  const path = configPath(context.vars);
  const text = await context.files.readText(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new SkepError("invalid_argument", `${path}: ${error.message}`, { cause: error });
  });
  const auth: FoundAuth =
    text === undefined ? { kind: "none", why: `there is no file ${path}` } : authFrom(text, path, image);
  if (auth.kind === "found") return auth.registryAuth;
  context.terminal.err(`warning: --with-registry-auth: ${auth.why}; the image is asked for without credentials\n`);
  return "";
}
