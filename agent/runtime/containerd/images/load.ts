// Loads an archive into containerd: layers go into the content store while the archive streams by, the rest follows when it
// has told what it is.
import { createHash } from "node:crypto";
import type { Env } from "../../../../shared/env/env.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { type ArchiveContent, type BlobSink, readArchive } from "../../../../shared/image/archive.ts";
import type { ImagePlatform } from "../../../../shared/image/platform.ts";
import { parseReference } from "../../../../shared/image/reference.ts";
import { completeImage, type Parts } from "./parts.ts";
import { writeDocument } from "./pull.ts";
import { recordNames } from "./records.ts";
import { readImage } from "./stored-image.ts";

export interface LoadOptions {
  readonly env: Env;
  readonly parts: Parts;
  readonly platform: ImagePlatform;
}

async function drain(data: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of data) {
    // already stored
  }
}

function contentSink(parts: Parts, lease: string, signal: AbortSignal): BlobSink {
  let count = 0;
  return {
    store: async (data, size, digest) => {
      const blob = { ref: `${lease}-${count++}`, size, labels: {}, lease };
      if (digest !== undefined) {
        await parts.content.write({ ...blob, digest, open: () => data }, signal);
        await drain(data); // nothing is read of content that is here already
        return digest;
      }
      const hash = createHash("sha256");
      async function* hashed(): AsyncGenerator<Uint8Array> {
        for await (const chunk of data) {
          hash.update(chunk);
          yield chunk;
        }
      }
      let found: string | undefined;
      const total = (): string => {
        found ??= `sha256:${hash.digest("hex")}`;
        return found;
      };
      await parts.content.writeUnnamed({ ...blob, data: hashed(), digest: total }, signal);
      return total();
    },
  };
}

/** Resolves with the names under which the images can be used now. */
export async function loadArchive(
  { env, parts, platform }: LoadOptions,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const lease = `skep-load-${env.random().toString(36).slice(2)}`;
  await parts.leases.hold(lease, signal);
  try {
    const found = await readArchive(archive, contentSink(parts, lease, signal), signal);
    for (const { names, root } of found.images) {
      const [name = root.digest] = names;
      const image = await readImage(name, root, platform, async ({ digest }) => {
        const bytes = documentOf(found, name, digest);
        await writeDocument(parts, { digest, bytes }, {}, lease, signal);
        return bytes;
      });
      const records = names.flatMap((one) => recordNames(parseReference(one), root.digest));
      const fetchLayer = async ({ digest }: { readonly digest: string }): Promise<void> => {
        if (!found.stored.has(digest) && (await parts.content.size(digest, signal)) === undefined) {
          throw missing(name, digest);
        }
      };
      await completeImage(parts, image, { names: [...new Set(records)], lease, fetchLayer }, signal);
    }
    return found.images.flatMap(({ names }) => names);
  } finally {
    // What no record refers to is collected now, writes that broke off included.
    await parts.leases.release(lease, new AbortController().signal).catch(() => undefined);
  }
}

const missing = (name: string, digest: string): SkepError =>
  new SkepError("invalid_argument", `image archive: ${digest} of ${name} is missing in it`);

function documentOf(found: ArchiveContent, name: string, digest: string): Uint8Array {
  const bytes = found.documents.get(digest);
  if (bytes === undefined) throw missing(name, digest);
  return bytes;
}
