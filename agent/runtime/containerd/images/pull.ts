// Fetches an image from its registry into containerd.
import type { Env } from "../../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../../shared/errors.ts";
import { TransportError } from "../../../../shared/image/http.ts";
import {
  type ContentDescriptor,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  parseDocument,
} from "../../../../shared/image/manifest.ts";
import type { ImagePlatform } from "../../../../shared/image/platform.ts";
import { familiarReference, type Reference, withDefaultTag } from "../../../../shared/image/reference.ts";
import type { RegistryClient } from "../../../../shared/image/registry.ts";
import { sourceLabels } from "./chain.ts";
import { completeImage, type FetchLayer, type Parts } from "./parts.ts";
import { recordNames } from "./records.ts";
import { type ReadDocument, readImage, type StoredImage } from "./stored-image.ts";

const MAX_ATTEMPTS = 5;
const RETRY_DELAY_MS = 300;

export interface PullOptions {
  readonly env: Env;
  readonly parts: Parts;
  readonly registry: RegistryClient;
  readonly platform: ImagePlatform;
  readonly reference: Reference;
  /** Names the lease: a pull that is tried again finds what the last one left. */
  readonly lease: string;
}

const blobRef = (digest: string): string => `skep-${digest}`;

async function* bytesFrom(bytes: Uint8Array, offset: number): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(offset);
}

/** Stores a small document under `lease`. */
export function writeDocument(
  parts: Parts,
  document: { readonly digest: string; readonly bytes: Uint8Array },
  labels: Readonly<Record<string, string>>,
  lease: string,
  signal: AbortSignal,
): Promise<void> {
  const { digest, bytes } = document;
  const blob = {
    ref: blobRef(digest),
    digest,
    size: bytes.length,
    labels,
    lease,
    open: (offset: number) => bytesFrom(bytes, offset),
  };
  return parts.exclusive(digest, signal, () => parts.content.write(blob, signal));
}

/**
 * Pulls; repeating goes on where the last try ended.
 * @throws {SkepError} as `Runtime.pull` tells.
 */
export async function pullImage(options: PullOptions, signal: AbortSignal): Promise<StoredImage> {
  const { parts, lease } = options;
  const fetching = new Set<string>();
  await parts.leases.hold(lease, signal);
  try {
    const image = await fetchImage(options, fetching, signal);
    await parts.leases.release(lease, signal);
    return image;
  } catch (error) {
    // What came so far is worth keeping only where another try may succeed and has layers to go on with.
    const mayGoOn = fetching.size > 0 && (signal.aborted || isCode(error, "unavailable"));
    if (!mayGoOn) await giveUp(options, fetching);
    throw error;
  }
}

async function giveUp({ parts, lease }: PullOptions, fetching: ReadonlySet<string>): Promise<void> {
  const signal = new AbortController().signal;
  const undo = [...fetching].map((digest) => parts.content.abort(blobRef(digest), signal));
  await Promise.allSettled([...undo, parts.leases.release(lease, signal)]);
}

async function fetchImage(options: PullOptions, fetching: Set<string>, signal: AbortSignal): Promise<StoredImage> {
  const { env, parts, registry, platform, reference, lease } = options;
  const { content } = parts;
  const labels = sourceLabels(reference.host, reference.path);
  const name = familiarReference(reference);

  const read: ReadDocument = async ({ digest, size, mediaType }, kind) => {
    const maxBytes = kind === "manifest" ? MAX_MANIFEST_BYTES : MAX_CONFIG_BYTES;
    if ((await content.size(digest, signal)) !== undefined) {
      const stored = await content.read(digest, maxBytes, signal);
      await writeDocument(parts, { digest, bytes: stored }, labels, lease, signal); // takes it under the lease
      return stored;
    }
    const bytes =
      kind === "manifest"
        ? (await registry.manifest(digest, signal)).bytes
        : await registry.smallBlob({ digest, size, mediaType }, maxBytes, signal);
    await writeDocument(parts, { digest, bytes }, labels, lease, signal);
    return bytes;
  };

  const rootOf = async (): Promise<ContentDescriptor> => {
    const { tag, digest } = withDefaultTag(reference);
    if (digest !== undefined) {
      const bytes = await read({ digest, size: 0, mediaType: "" }, "manifest");
      return { digest, size: bytes.length, mediaType: parseDocument(bytes, "", `image ${name}`).mediaType };
    }
    const found = await registry.manifest(tag ?? "", signal);
    await writeDocument(parts, found, labels, lease, signal);
    const { mediaType } = parseDocument(found.bytes, found.mediaType, `image ${name}`);
    return { digest: found.digest, size: found.bytes.length, mediaType };
  };

  const fetchLayer: FetchLayer = (layer, either) =>
    parts.exclusive(layer.digest, either, async () => {
      fetching.add(layer.digest);
      const blob = {
        ref: blobRef(layer.digest),
        digest: layer.digest,
        size: layer.size,
        labels,
        lease,
        open: (offset: number) => registry.blob(layer, offset, either),
      };
      for (let attempt = 1; ; attempt++) {
        try {
          await content.write(blob, either);
          fetching.delete(layer.digest);
          return;
        } catch (error) {
          if (either.aborted || attempt >= MAX_ATTEMPTS || !mayHelp(error, attempt)) throw error;
        }
        await env.sleep(RETRY_DELAY_MS * 2 ** (attempt - 1), either);
      }
    });

  const image = await readImage(name, await rootOf(), platform, read);
  const names = recordNames(reference, image.root.digest);
  await completeImage(parts, image, { names, lease, fetchLayer }, signal);
  return image;
}

// A stream that broke is resumed; content that turned out wrong may have been resumed wrongly, so it is fetched once more.
function mayHelp(error: unknown, attempt: number): boolean {
  if (error instanceof TransportError) return error.transient;
  if (!(error instanceof SkepError)) return false;
  return error.code === "unavailable" || (error.code === "invalid_argument" && attempt === 1);
}
