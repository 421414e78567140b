// Builds small images in memory: the demo's, and those of tests. Deterministic: the same files make the same digests.
import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import tar from "tar-stream";
import { sha256 } from "./digest.ts";
import { type ContentDescriptor, MEDIA } from "./manifest.ts";
import type { ImagePlatform } from "./platform.ts";

/** Paths are relative to the image's root, without a leading slash. */
export type ImageFile =
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: Uint8Array | string }
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

export interface BuiltBlob extends ContentDescriptor {
  readonly bytes: Uint8Array;
}

/** Everything below one digest: `root` is a manifest or an index, `manifests` what an index lists. */
export interface BuiltImage {
  readonly root: BuiltBlob;
  readonly manifests: readonly BuiltBlob[];
  readonly blobs: readonly BuiltBlob[];
}

export interface ImageRecipe {
  readonly platform: ImagePlatform;
  /** Lowest first. */
  readonly layers: readonly (readonly ImageFile[])[];
  readonly compression?: "gzip" | "none";
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly stopSignal?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

// biome-ignore lint/style/noRestrictedGlobals: a fixed instant, not the clock
const EPOCH = new Date(0);

const blob = (mediaType: string, bytes: Uint8Array): BuiltBlob => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
  bytes,
});
const jsonBlob = (mediaType: string, value: object): BuiltBlob => blob(mediaType, Buffer.from(JSON.stringify(value)));
const descriptorOf = ({ mediaType, digest, size }: ContentDescriptor): ContentDescriptor => ({
  mediaType,
  digest,
  size,
});

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

function addFile(pack: tar.Pack, file: ImageFile): void {
  const owner = { name: file.path, uid: 0, gid: 0, mtime: EPOCH };
  switch (file.kind) {
    case "file":
      pack.entry({ ...owner, type: "file", mode: file.mode }, Buffer.from(file.content));
      break;
    case "directory":
      pack.entry({ ...owner, type: "directory", mode: file.mode });
      break;
    case "symlink":
      pack.entry({ ...owner, type: "symlink", mode: 0o777, linkname: file.target });
      break;
  }
}

/** A tar of `files`, as a layer holds it. */
export function tarOf(files: readonly ImageFile[]): Promise<Uint8Array> {
  const pack = tar.pack();
  for (const file of files) addFile(pack, file);
  pack.finalize();
  return collect(pack);
}

export async function buildImage(recipe: ImageRecipe): Promise<BuiltImage> {
  const isGzip = (recipe.compression ?? "gzip") === "gzip";
  const tars = await Promise.all(recipe.layers.map(tarOf));
  const layers: BuiltBlob[] = [];
  for (const bytes of tars) {
    layers.push(isGzip ? blob(MEDIA.ociLayerGzip, await promisify(gzip)(bytes)) : blob(MEDIA.ociLayer, bytes));
  }
  const { os, architecture, variant } = recipe.platform;
  const config = jsonBlob(MEDIA.ociConfig, {
    os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    config: {
      Entrypoint: recipe.entrypoint,
      Cmd: recipe.cmd,
      Env: recipe.env ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      WorkingDir: recipe.workingDir,
      User: recipe.user,
      StopSignal: recipe.stopSignal,
      Labels: recipe.labels,
    },
    rootfs: { type: "layers", diff_ids: tars.map(sha256) },
    history: recipe.layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "skep" })),
  });
  const root = jsonBlob(MEDIA.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
  });
  return { root, manifests: [], blobs: [config, ...layers] };
}

/** One image for several platforms. */
export function buildIndex(
  images: readonly { readonly platform: ImagePlatform; readonly image: BuiltImage }[],
): BuiltImage {
  const manifests = images.map(({ platform: { os, architecture, variant }, image }) => ({
    ...descriptorOf(image.root),
    platform: { os, architecture, ...(variant === "" ? {} : { variant }) },
  }));
  const byDigest = new Map(images.flatMap(({ image }) => image.blobs.map((part) => [part.digest, part] as const)));
  return {
    root: jsonBlob(MEDIA.ociIndex, { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }),
    manifests: images.map(({ image }) => image.root),
    blobs: [...byDigest.values()],
  };
}

/** An OCI layout as a tar: what `skopeo copy … oci-archive:` and `docker save` of today write. */
export function ociArchive(name: string, image: BuiltImage): Promise<Uint8Array> {
  const parts = new Map([image.root, ...image.manifests, ...image.blobs].map((part) => [part.digest, part.bytes]));
  const entry = { ...descriptorOf(image.root), annotations: { "io.containerd.image.name": name } };
  return tarOf([
    { kind: "file", path: "oci-layout", mode: 0o644, content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    ...[...parts].map(([digest, content]): ImageFile => {
      return { kind: "file", path: `blobs/${digest.replace(":", "/")}`, mode: 0o644, content };
    }),
    {
      kind: "file",
      path: "index.json",
      mode: 0o644,
      content: JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [entry] }),
    },
  ]);
}

/** What `docker save` wrote before it knew OCI layouts. The image's layers must be uncompressed. */
export function dockerArchive(name: string, image: BuiltImage): Promise<Uint8Array> {
  const [config, ...layers] = image.blobs;
  if (config === undefined) return tarOf([]);
  const hex = (digest: string): string => digest.slice(digest.indexOf(":") + 1);
  const layerPath = (layer: BuiltBlob): string => `${hex(layer.digest)}/layer.tar`;
  const manifest = [{ Config: `${hex(config.digest)}.json`, RepoTags: [name], Layers: layers.map(layerPath) }];
  return tarOf([
    ...layers.map((layer): ImageFile => {
      return { kind: "file", path: layerPath(layer), mode: 0o644, content: layer.bytes };
    }),
    { kind: "file", path: `${hex(config.digest)}.json`, mode: 0o644, content: config.bytes },
    { kind: "file", path: "manifest.json", mode: 0o644, content: JSON.stringify(manifest) },
  ]);
}
