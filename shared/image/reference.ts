// Image references as Docker writes them: `nginx`, `nginx:1.27`, `registry.local:5000/team/app@sha256:…`.
//
// What a person types is *familiar*; what registries and records use is *canonical*: the default host, the `library/`
// folder and the `latest` tag written out. We parse once at the edge and keep the canonical form; only display goes back.
// The rules are those of the Docker distribution project's grammar: host, then lower-case path components, then tag, then
// digest.
import { SkepError } from "../errors.ts";

export interface Reference {
  /** "docker.io", "localhost", "registry.local:5000" */
  readonly host: string;
  /** Path below the host: "library/nginx" */
  readonly path: string;
  readonly tag?: string | undefined;
  /** "sha256:…" */
  readonly digest?: string | undefined;
}

export const DEFAULT_HOST = "docker.io";
const DEFAULT_TAG = "latest";

const OFFICIAL = "library/";
const MAX_NAME_LENGTH = 255;

const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[a-f0-9]{64}$|^sha512:[a-f0-9]{128}$/;
const BARE_ID = /^[a-f0-9]{64}$/;

const wrong = (raw: string, why: string): SkepError =>
  new SkepError("invalid_argument", `invalid image reference ${JSON.stringify(raw.slice(0, 300))}: ${why}`);

/** True for "sha256:" and 64 hex digits (or sha512 and 128): what content is named by. */
export const isDigest = (text: string): boolean => DIGEST.test(text);

// The first component is a host only when it cannot be a folder of the default registry.
function splitHost(name: string): readonly [host: string, path: string] {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = first !== "" && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (!isHost) return [DEFAULT_HOST, name];
  const host = first === "index.docker.io" || first === "registry-1.docker.io" ? DEFAULT_HOST : first;
  return [host, name.slice(slash + 1)];
}

function checkPath(raw: string, path: string): void {
  if (path === "") throw wrong(raw, "the name is missing");
  if (path !== path.toLowerCase()) throw wrong(raw, "the repository name must be lower case");
  for (const component of path.split("/")) {
    if (component === "") throw wrong(raw, 'there is an empty component: two "/" in a row, or one at an end');
    if (!COMPONENT.test(component)) {
      throw wrong(
        raw,
        `${JSON.stringify(component)} is not a name: lower-case letters and digits, with ".", "_", "__" or "-" between them`,
      );
    }
  }
}

/**
 * Parses what a person or a stack file wrote. The default host and `library/` are filled in; the tag is not: see
 * `canonical` for that.
 * @throws {SkepError} `invalid_argument`, telling which part is wrong.
 */
export function parseReference(raw: string): Reference {
  if (raw === "") throw wrong(raw, "it is empty");
  if (/\s/.test(raw)) throw wrong(raw, "it contains white space");
  if (/^[a-z]+:\/\//.test(raw)) throw wrong(raw, "write it without the scheme (https://)");
  const at = raw.indexOf("@");
  const digest = at < 0 ? undefined : raw.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw wrong(raw, `after "@" a digest is expected: "sha256:" and 64 hex digits`);
  }
  const rest = at < 0 ? raw : raw.slice(0, at);
  const colon = rest.lastIndexOf(":");
  const tagged = colon > rest.lastIndexOf("/");
  const tag = tagged ? rest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) {
    throw wrong(raw, `${JSON.stringify(tag)} is not a tag: up to 128 letters, digits, "_", "." and "-"`);
  }
  const name = tagged ? rest.slice(0, colon) : rest;
  const [host, remainder] = splitHost(name);
  if (!HOST.test(host)) throw wrong(raw, `${JSON.stringify(host)} is not a host`);
  checkPath(raw, remainder);
  if (host === DEFAULT_HOST && !remainder.includes("/") && BARE_ID.test(remainder)) {
    throw wrong(raw, "64 hex digits are an image id, not a name");
  }
  const path = host === DEFAULT_HOST && !remainder.includes("/") ? `${OFFICIAL}${remainder}` : remainder;
  if (host.length + path.length + 1 > MAX_NAME_LENGTH) {
    throw wrong(raw, `the name is longer than ${MAX_NAME_LENGTH} characters`);
  }
  return { host, path, tag, digest };
}

/** Host and path: "docker.io/library/nginx". */
export const repositoryOf = (reference: Reference): string => `${reference.host}/${reference.path}`;

const suffixOf = ({ tag, digest }: Reference): string =>
  `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;

/** The full form, `latest` filled in where there is neither tag nor digest: "docker.io/library/nginx:latest". */
export function formatReference(reference: Reference): string {
  return `${repositoryOf(reference)}${suffixOf(withDefaultTag(reference))}`;
}

/** What people write: "nginx:latest" for docker.io/library/nginx:latest. */
export function familiarReference(reference: Reference): string {
  const path =
    reference.host !== DEFAULT_HOST
      ? repositoryOf(reference)
      : reference.path.startsWith(OFFICIAL) && !reference.path.slice(OFFICIAL.length).includes("/")
        ? reference.path.slice(OFFICIAL.length)
        : reference.path;
  return `${path}${suffixOf(withDefaultTag(reference))}`;
}

export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: DEFAULT_TAG };
}

/** `parseReference` and `formatReference` in one: the canonical text of any reference. */
export const canonicalImage = (raw: string): string => formatReference(parseReference(raw));

/** For display (`service ls`): the familiar form without the digest; what cannot be parsed is shown as it is. */
export function imageWithoutDigest(raw: string): string {
  try {
    const { host, path, tag, digest } = parseReference(raw);
    if (tag === undefined && digest !== undefined) return familiarReference({ host, path, digest });
    return familiarReference({ host, path, tag });
  } catch {
    return raw;
  }
}

/** The same text for references to one content in one repository: the tag does not count beside a digest. */
export function imageContent(raw: string): string {
  if (!raw.includes("@")) return raw;
  try {
    const reference = parseReference(raw);
    return reference.digest === undefined ? raw : `${repositoryOf(reference)}@${reference.digest}`;
  } catch {
    return raw;
  }
}
