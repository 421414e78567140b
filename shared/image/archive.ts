// Reads image archives: `docker save` of every age, and OCI layouts, plain or compressed.
//
// An archive is a stream of any size that passes once. Layers go to a sink as they come; only the small JSON documents stay
// in memory, bounded. What the archive means is decided after its end, because index.json and manifest.json may stand
// anywhere in it. Nothing is ever written to a path that the archive names.
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import tar from "tar-stream";
import { SkepError } from "../errors.ts";
import { sha256, verifyBytes } from "./digest.ts";
import {
  type ContentDescriptor,
  type ImageDocument,
  MAX_CONFIG_BYTES,
  MEDIA,
  parseConfig,
  parseDocument,
} from "./manifest.ts";
import { canonicalImage, isDigest } from "./reference.ts";

export interface BlobSink {
  /**
   * Stores what streams in. With `digest` it must be checked, without it computed. Resolves with the digest.
   * @throws {SkepError} `invalid_argument`: not what its digest says. `resource_exhausted`: disk full.
   */
  readonly store: (data: AsyncIterable<Uint8Array>, size: number, digest: string | undefined) => Promise<string>;
}

export interface ArchiveImage {
  /** Canonical references, one or more. */
  readonly names: readonly string[];
  readonly root: ContentDescriptor;
}

export interface ArchiveContent {
  readonly images: readonly ArchiveImage[];
  /** By digest: manifests, indexes and configs. The sink has not seen them. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** Digests of what the sink stored. */
  readonly stored: ReadonlySet<string>;
}

const MAX_ENTRIES = 20_000;
const MAX_DOCUMENTS_BYTES = 64 * 1024 * 1024;
const MAX_LINK_DEPTH = 8;

const wrong = (why: string): SkepError => new SkepError("invalid_argument", `image archive: ${why}`);

/** A path inside the archive, or an error for one that leads out of it. */
export function archivePath(raw: string): string {
  const parts = raw.split("/").filter((part) => part !== "" && part !== ".");
  if (raw.startsWith("/") || parts.includes("..") || raw.includes("\0")) {
    throw wrong(`${JSON.stringify(raw)} leads out of the archive`);
  }
  return parts.join("/");
}

type Compression = "none" | "gzip" | "zstd";

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  return "none";
}

interface Peeked {
  readonly head: Uint8Array;
  readonly all: AsyncIterable<Uint8Array>;
}

// The first bytes of a stream, and the stream with them.
async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < 4) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    length += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* first;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(first), all: all() };
}

interface Layer {
  readonly digest: string;
  readonly size: number;
  readonly compression: Compression;
}

class ArchiveReader {
  readonly #sink: BlobSink;
  readonly #documents = new Map<string, Uint8Array>();
  readonly #stored = new Map<string, Layer>();
  /** Path in the archive to digest. */
  readonly #files = new Map<string, string>();
  readonly #links = new Map<string, string>();
  #entries = 0;
  #documentBytes = 0;

  constructor(sink: BlobSink) {
    this.#sink = sink;
  }

  async entry(header: tar.Headers, data: AsyncIterable<Uint8Array>): Promise<void> {
    if (++this.#entries > MAX_ENTRIES) throw wrong(`it has more than ${MAX_ENTRIES} entries`);
    const path = archivePath(header.name);
    const size = header.size ?? 0;
    switch (header.type) {
      case "file":
      case "contiguous-file":
        await this.#file(path, size, data);
        return;
      case "symlink":
        this.#links.set(path, archivePath(joinPath(path, header.linkname ?? "")));
        break;
      case "link":
        this.#links.set(path, archivePath(header.linkname ?? ""));
        break;
      case "directory":
        break;
      default:
        throw wrong(`${JSON.stringify(path)} is a ${header.type ?? "thing"}, which images do not hold`);
    }
    for await (const _ of data) {
      // links and directories have no content
    }
  }

  async #file(path: string, size: number, data: AsyncIterable<Uint8Array>): Promise<void> {
    const { head, all } = await peek(data);
    const blob = /^blobs\/(sha256|sha512)\/([a-f0-9]+)$/.exec(path);
    const digest = blob === null ? undefined : `${blob[1]}:${blob[2]}`;
    if (digest !== undefined && !isDigest(digest)) throw wrong(`${JSON.stringify(path)} is not named by a digest`);
    // Documents start with a brace or, manifest.json, a bracket.
    const isDocument = (head[0] === 0x7b || head[0] === 0x5b) && size <= MAX_CONFIG_BYTES;
    if (isDocument) {
      this.#documentBytes += size;
      if (this.#documentBytes > MAX_DOCUMENTS_BYTES) throw wrong("it holds too many JSON documents");
      const chunks: Uint8Array[] = [];
      for await (const chunk of all) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (digest !== undefined) verifyBytes(bytes, digest, `image archive: ${path}`);
      const found = digest ?? sha256(bytes);
      this.#documents.set(found, bytes);
      this.#files.set(path, found);
      return;
    }
    if (digest === undefined && !/(^|\/)[^/]+\.tar$/.test(path)) {
      for await (const _ of all) {
        // VERSION files and the like
      }
      return;
    }
    const found = await this.#sink.store(all, size, digest);
    this.#stored.set(found, { digest: found, size, compression: compressionOf(head) });
    this.#files.set(path, found);
  }

  async finish(): Promise<ArchiveContent> {
    const images = this.#ociImages() ?? this.#dockerImages();
    const seen = new Set<string>();
    for (const { root } of images) await this.#storeBracedLayers(root, seen);
    return { images, documents: this.#documents, stored: new Set(this.#stored.keys()) };
  }

  #digestAt(path: string): string | undefined {
    let at = path;
    for (let depth = 0; depth < MAX_LINK_DEPTH; depth++) {
      const digest = this.#files.get(at);
      if (digest !== undefined) return digest;
      const target = this.#links.get(at);
      if (target === undefined) return undefined;
      at = target;
    }
    return undefined;
  }

  #documentAt(path: string): Uint8Array | undefined {
    const digest = this.#digestAt(path);
    return digest === undefined ? undefined : this.#documents.get(digest);
  }

  // Undefined: not an OCI layout, or one that tells no names while docker's own manifest stands beside it.
  #ociImages(): ArchiveImage[] | undefined {
    const bytes = this.#documentAt("index.json");
    if (bytes === undefined) return undefined;
    const document = parseDocument(bytes, MEDIA.ociIndex, "image archive: index.json");
    if (document.kind !== "index") throw wrong("index.json is not an index");
    const byDigest = new Map<string, { root: ContentDescriptor; names: Set<string> }>();
    for (const { annotations, digest, size, mediaType } of document.entries) {
      const image = byDigest.get(digest) ?? { root: { digest, size, mediaType }, names: new Set<string>() };
      const reference = annotations["org.opencontainers.image.ref.name"] ?? "";
      const name = annotations["io.containerd.image.name"] ?? (/[:/]/.test(reference) ? reference : "");
      if (name !== "") image.names.add(canonicalImage(name));
      byDigest.set(digest, image);
    }
    const images = [...byDigest.values()].filter(({ names }) => names.size > 0);
    if (images.length > 0) return images.map(({ root, names }) => ({ root, names: [...names] }));
    if (this.#documentAt("manifest.json") !== undefined) return undefined;
    throw wrong("its image has no name: save it with one (NAME:TAG)");
  }

  #dockerImages(): ArchiveImage[] {
    const bytes = this.#documentAt("manifest.json");
    if (bytes === undefined) throw wrong("neither index.json nor manifest.json is in it: it is not an image archive");
    const entries = parseDockerManifest(bytes).filter(({ names }) => names.length > 0);
    if (entries.length === 0) throw wrong("its image has no name: save it with one (NAME:TAG)");
    return entries.map(({ config, layers, names }) => ({ names, root: this.#dockerManifest(config, layers) }));
  }

  // Old docker archives have no manifest in the registry's sense: we write the one a push would have made.
  #dockerManifest(configPath: string, layerPaths: readonly string[]): ContentDescriptor {
    const digest = this.#digestAt(configPath);
    const config = digest === undefined ? undefined : this.#documents.get(digest);
    if (digest === undefined || config === undefined) throw wrong(`${configPath} is missing`);
    const { diffIds } = parseConfig(config, `image archive: ${configPath}`);
    if (diffIds.length !== layerPaths.length) {
      throw wrong(`${configPath} tells ${diffIds.length} layers, the archive has ${layerPaths.length}`);
    }
    const layers = layerPaths.map((path, index) => {
      const layer = this.#stored.get(this.#digestAt(path) ?? "");
      if (layer === undefined) throw wrong(`layer ${path} is missing`);
      if (layer.compression === "none" && layer.digest !== diffIds[index]) {
        throw wrong(`layer ${path} has digest ${layer.digest} instead of ${diffIds[index] ?? ""}`);
      }
      return { mediaType: LAYER_TYPES[layer.compression], size: layer.size, digest: layer.digest };
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.dockerManifest,
      config: { mediaType: MEDIA.dockerConfig, size: config.length, digest },
      layers,
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const root = { mediaType: MEDIA.dockerManifest, digest: sha256(bytes), size: bytes.length };
    this.#documents.set(root.digest, bytes);
    return root;
  }

  // A layer that happens to start with a brace was taken for a document. Indexes may list the same again and again: once is enough.
  async #storeBracedLayers(root: ContentDescriptor, seen: Set<string>): Promise<void> {
    const bytes = this.#documents.get(root.digest);
    if (bytes === undefined || seen.has(root.digest)) return;
    seen.add(root.digest);
    const document: ImageDocument = parseDocument(bytes, root.mediaType, `image archive: ${root.digest}`);
    if (document.kind === "index") {
      for (const entry of document.entries) {
        if (this.#documents.has(entry.digest) && entry.platform?.os !== "unknown")
          await this.#storeBracedLayers(entry, seen);
      }
      return;
    }
    for (const { digest } of document.layers) {
      const layer = this.#documents.get(digest);
      if (layer === undefined || this.#stored.has(digest)) continue;
      await this.#sink.store(Readable.from([layer]), layer.length, digest);
      this.#stored.set(digest, { digest, size: layer.length, compression: "none" });
    }
  }
}

const LAYER_TYPES: Readonly<Record<Compression, string>> = {
  none: MEDIA.dockerLayer,
  gzip: MEDIA.dockerLayerGzip,
  zstd: MEDIA.ociLayerZstd,
};

// A symbolic link's target counts from the folder the link is in; one step up to a sibling is what docker wrote.
function joinPath(path: string, target: string): string {
  if (target.startsWith("/")) return target;
  const parts = path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) throw wrong(`the link ${JSON.stringify(path)} leads out of the archive`);
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

interface DockerEntry {
  readonly config: string;
  readonly layers: readonly string[];
  readonly names: readonly string[];
}

function parseDockerManifest(bytes: Uint8Array): DockerEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw wrong("manifest.json is not JSON");
  }
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  if (!Array.isArray(parsed)) throw wrong("manifest.json is not a list");
  return parsed.map((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) throw wrong("manifest.json is not a list of images");
    const { Config, RepoTags, Layers } = entry as {
      readonly Config?: unknown;
      readonly RepoTags?: unknown;
      readonly Layers?: unknown;
    };
    if (typeof Config !== "string") throw wrong("manifest.json names no config");
    return {
      config: archivePath(Config),
      layers: texts(Layers).map(archivePath),
      names: texts(RepoTags).map(canonicalImage),
    };
  });
}

/**
 * Reads an archive to its end, handing its layers to `sink`.
 * @throws {SkepError} `invalid_argument`, telling what is wrong with the archive. @throws whatever the sink throws.
 */
export async function readArchive(
  archive: AsyncIterable<Uint8Array>,
  sink: BlobSink,
  signal: AbortSignal,
): Promise<ArchiveContent> {
  const { head, all } = await peek(archive);
  if (head.length === 0) throw wrong("it is empty");
  const compression = compressionOf(head);
  const extract = tar.extract();
  const source = Readable.from(all);
  const feeding =
    compression === "none"
      ? pipeline(source, extract, { signal })
      : pipeline(source, compression === "gzip" ? createGunzip() : createZstdDecompress(), extract, { signal });
  feeding.catch(() => undefined);
  const reader = new ArchiveReader(sink);
  try {
    for await (const entry of extract) await reader.entry(entry.header, entry);
    await feeding;
  } catch (error) {
    extract.destroy();
    signal.throwIfAborted();
    if (error instanceof SkepError) throw error;
    const cause = await feeding.then(
      () => error,
      (reason: unknown) => reason,
    );
    if (cause instanceof SkepError) throw cause;
    throw wrong(`it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return reader.finish();
}
