// Makes an image whole on this node: every layer unpacked, everything referred to, and a record under each name last of
// all. An image with a record is one that can run.

import { newDescriptor } from "../../../../proto/gen/containerd_types.ts";
import type { Env } from "../../../../shared/env/env.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { type ContentDescriptor, MEDIA } from "../../../../shared/image/manifest.ts";
import { orAborted } from "../../../abort.ts";
import type { ContainerdClient } from "../client.ts";
import { createExclusive } from "../exclusive.ts";
import { configLabels, documentLabels } from "./chain.ts";
import { type ContentStore, createContentStore } from "./content.ts";
import { createLeases, type Leases } from "./leases.ts";
import { createRecords, type Records } from "./records.ts";
import { createSnapshots, type Snapshots } from "./snapshots.ts";
import type { StoredImage } from "./stored-image.ts";

/** Layers of one image that are fetched at the same time. */
const PARALLEL_LAYERS = 3;
/** How often the unpacked layers may be taken away before the record holds them. */
const MAX_ROUNDS = 3;

export interface Parts {
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly records: Records;
  readonly leases: Leases;
  /** One at a time per blob: two streams on one write would lock each other out. */
  readonly exclusive: <T>(key: string, signal: AbortSignal, run: () => Promise<T>) => Promise<T>;
}

export function createParts(client: ContainerdClient, env: Env): Parts {
  const exclusive = createExclusive<string>();
  return {
    content: createContentStore(client),
    snapshots: createSnapshots(client, env),
    records: createRecords(client),
    leases: createLeases(client, env),
    exclusive: (key, signal, run) => {
      const turn = exclusive(key, async () => {
        signal.throwIfAborted();
        return run();
      });
      return orAborted(turn, signal);
    },
  };
}

/** containerd 1.6 knows zstd by OCI's name only. */
function applicable(layer: ContentDescriptor): ContentDescriptor {
  const isZstd = /\.tar[.+]zstd$/.test(layer.mediaType);
  return isZstd ? { ...layer, mediaType: MEDIA.ociLayerZstd } : layer;
}

export type FetchLayer = (layer: ContentDescriptor, signal: AbortSignal) => Promise<void>;

// Fetches a few layers at a time, and unpacks each as soon as it and all below it are here.
async function unpackAll(
  parts: Parts,
  image: StoredImage,
  lease: string,
  fetchLayer: FetchLayer,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const lanes: Promise<void>[] = Array.from({ length: PARALLEL_LAYERS }, () => Promise.resolve());
  const fetched = new Map<string, Promise<void>>();
  for (const layer of image.layers) {
    if (fetched.has(layer.digest)) continue;
    const lane = fetched.size % PARALLEL_LAYERS;
    const fetching = (lanes[lane] ?? Promise.resolve()).then(() => fetchLayer(layer, either));
    fetching.catch((error: unknown) => stop.abort(error));
    lanes[lane] = fetching;
    fetched.set(layer.digest, fetching);
  }
  try {
    for (const [index, layer] of image.layers.entries()) {
      await fetched.get(layer.digest);
      const chainId = image.chainIds[index] ?? "";
      const one = {
        descriptor: newDescriptor(applicable(layer)),
        diffId: image.diffIds[index] ?? "",
        chainId,
        parent: image.chainIds[index - 1] ?? "",
      };
      await parts.exclusive(`unpack ${chainId}`, either, async () => {
        if (!(await parts.snapshots.exists(chainId, either))) await parts.snapshots.unpack(one, lease, either);
      });
    }
  } catch (error) {
    stop.abort(error);
    throw stop.signal.reason ?? error;
  } finally {
    await Promise.allSettled(fetched.values());
  }
}

export const topChain = (image: StoredImage): string => image.chainIds.at(-1) ?? "";

/**
 * Unpacks what is not unpacked, ties the parts together and records the image under `names`. Its documents are stored
 * already, under `lease`. Safe to repeat and to run twice at once.
 */
export async function completeImage(
  parts: Parts,
  image: StoredImage,
  options: { readonly names: readonly string[]; readonly lease: string; readonly fetchLayer: FetchLayer },
  signal: AbortSignal,
): Promise<void> {
  const { snapshots, records } = parts;
  const { lease, fetchLayer } = options;
  const chainId = topChain(image);
  const [{ document } = { document: undefined }] = image.documents;
  const target = { ...image.root, mediaType: document?.mediaType ?? image.root.mediaType };
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    if (!(await snapshots.exists(chainId, signal))) await unpackAll(parts, image, lease, fetchLayer, signal);
    await tie(parts, image, signal);
    for (const name of options.names) await records.put(name, target, signal);
    // Unpacked layers that another image had left behind may have been collected before our record held them.
    if (await snapshots.exists(chainId, signal)) return;
  }
  throw new SkepError("internal", `the layers of ${image.root.digest} do not stay unpacked`);
}

async function tie({ content, snapshots }: Parts, image: StoredImage, signal: AbortSignal): Promise<void> {
  await content.label(image.configDigest, configLabels(await snapshots.name(signal), topChain(image)), signal);
  const held = new Set(image.documents.map(({ descriptor }) => descriptor.digest));
  for (const { descriptor, document } of [...image.documents].reverse()) {
    const labels = documentLabels(document, (digest) => held.has(digest));
    await content.label(descriptor.digest, labels, signal);
  }
}
