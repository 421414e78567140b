// The four documents that describe an image (Docker schema 2 manifest and list, OCI manifest and index), and its config.
// They come from outside, so every field is checked here, and only what passed is used.
import { SkepError } from "../errors.ts";
import type { ImagePlatform } from "./platform.ts";
import { isDigest } from "./reference.ts";

export const MEDIA = {
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/** overlayfs itself stops near 500 lower directories. */
const MAX_LAYERS = 500;
const MAX_INDEX_ENTRIES = 1000;
const MAX_LAYER_BYTES = 2 ** 40;

const MANIFESTS: readonly string[] = [MEDIA.dockerManifest, MEDIA.ociManifest];
const INDEXES: readonly string[] = [MEDIA.dockerList, MEDIA.ociIndex];
/** What we ask registries for. */
export const MANIFEST_ACCEPT: readonly string[] = [...INDEXES, ...MANIFESTS];

export interface ContentDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface IndexEntry extends ContentDescriptor {
  readonly platform?: ImagePlatform | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export type ImageDocument =
  | { readonly kind: "index"; readonly mediaType: string; readonly entries: readonly IndexEntry[] }
  | {
      readonly kind: "manifest";
      readonly mediaType: string;
      readonly config: ContentDescriptor;
      readonly layers: readonly ContentDescriptor[];
    };

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const broken = (what: string, why: string): SkepError => new SkepError("invalid_argument", `${what} is broken: ${why}`);

function parseObject(bytes: Uint8Array, what: string): Json {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw broken(what, "not JSON");
  }
  if (!isObject(parsed)) throw broken(what, "not a JSON object");
  return parsed;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function textMap(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function textList(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw broken(what, "a list of texts was expected");
  return value.map((item) => {
    if (typeof item !== "string") throw broken(what, "a list of texts was expected");
    return item;
  });
}

function descriptor(value: unknown, what: string): ContentDescriptor {
  if (!isObject(value)) throw broken(what, "a descriptor is missing");
  const { digest, size } = value;
  if (typeof digest !== "string" || !isDigest(digest)) throw broken(what, `bad digest ${JSON.stringify(digest)}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || size > MAX_LAYER_BYTES) {
    throw broken(what, `bad size ${JSON.stringify(size)} of ${digest}`);
  }
  return { mediaType: text(value["mediaType"]), digest, size };
}

function indexEntry(value: unknown, what: string): IndexEntry {
  const base = descriptor(value, what);
  const raw = isObject(value) ? value : {};
  const annotations = textMap(raw["annotations"]);
  const platform = raw["platform"];
  if (!isObject(platform)) return { ...base, annotations };
  const { os, architecture, variant } = platform;
  return {
    ...base,
    annotations,
    platform: { os: text(os), architecture: text(architecture), variant: text(variant) },
  };
}

function list(value: unknown, most: number, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw broken(what, "a list is missing");
  if (value.length > most) throw broken(what, `${value.length} entries are more than ${most}`);
  return value;
}

/**
 * Reads a manifest or an index. `mediaType` is what the registry or descriptor said; the document's own word wins.
 * @throws {SkepError} `invalid_argument`: broken, or of a kind we cannot run.
 */
export function parseDocument(bytes: Uint8Array, mediaType: string, what: string): ImageDocument {
  const json = parseObject(bytes, what);
  if (json["schemaVersion"] === 1) {
    throw new SkepError("invalid_argument", `${what} is of Docker's old schema 1: push it again with a current Docker`);
  }
  const said = mediaType.split(";")[0]?.trim() ?? "";
  const own = text(json["mediaType"]) || said;
  const isIndex = INDEXES.includes(own) || (!MANIFESTS.includes(own) && Array.isArray(json["manifests"]));
  if (isIndex) {
    const entries = list(json["manifests"], MAX_INDEX_ENTRIES, what).map((entry) => indexEntry(entry, what));
    return { kind: "index", mediaType: INDEXES.includes(own) ? own : MEDIA.ociIndex, entries };
  }
  if (!MANIFESTS.includes(own) && !Array.isArray(json["layers"])) {
    throw new SkepError("invalid_argument", `${what} is no image: its type is ${JSON.stringify(own)}`);
  }
  return {
    kind: "manifest",
    mediaType: MANIFESTS.includes(own) ? own : MEDIA.ociManifest,
    config: descriptor(json["config"], what),
    layers: list(json["layers"], MAX_LAYERS, what).map((layer) => descriptor(layer, what)),
  };
}

const MAX_EXPOSED = 256;

/** A map whose keys are the ports; "80" is "80/tcp". */
function exposedPorts(json: unknown): readonly string[] {
  if (!isObject(json)) return [];
  return Object.keys(json)
    .slice(0, MAX_EXPOSED)
    .map((key) => (key.includes("/") ? key : `${key}/tcp`))
    .filter((key) => {
      const port = Number(/^([0-9]{1,5})\/(tcp|udp)$/.exec(key)?.[1]);
      return port > 0 && port <= 65_535;
    });
}

export interface ParsedConfig {
  readonly platform: ImagePlatform;
  readonly diffIds: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly stopSignal: string;
  /** By EXPOSE: "8080/tcp". What is of another form is left out. */
  readonly exposedPorts: readonly string[];
}

/** Reads an image config. @throws {SkepError} `invalid_argument`: broken, or of something that is not an image. */
export function parseConfig(bytes: Uint8Array, what: string): ParsedConfig {
  const json = parseObject(bytes, what);
  const { rootfs } = json;
  if (!isObject(rootfs)) throw broken(what, "there is no rootfs: it is not the config of a container image");
  const diffIds = textList(rootfs["diff_ids"], what);
  for (const id of diffIds) if (!isDigest(id)) throw broken(what, `bad layer id ${JSON.stringify(id)}`);
  const config = isObject(json["config"]) ? json["config"] : {};
  return {
    platform: {
      os: text(json["os"]) || "linux",
      architecture: text(json["architecture"]),
      variant: text(json["variant"]),
    },
    diffIds,
    entrypoint: textList(config["Entrypoint"], what),
    cmd: textList(config["Cmd"], what),
    env: textList(config["Env"], what),
    workingDir: text(config["WorkingDir"]),
    user: text(config["User"]),
    stopSignal: text(config["StopSignal"]),
    exposedPorts: exposedPorts(config["ExposedPorts"]),
  };
}
