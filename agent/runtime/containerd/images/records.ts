// Image records: names for content. A pulled image is found by its digest ("repository@sha256:…"), and by its tag, which
// moves on with every pull.
import { ImagesService, newImageRecord } from "../../../../proto/gen/containerd_images.ts";
import { newDescriptor } from "../../../../proto/gen/containerd_types.ts";
import { isCode } from "../../../../shared/errors.ts";
import type { ContentDescriptor } from "../../../../shared/image/manifest.ts";
import { type Reference, repositoryOf, withDefaultTag } from "../../../../shared/image/reference.ts";
import type { ContainerdClient } from "../client.ts";

/** Where to look an image up: a digest says more than a tag beside it. */
export function recordName(reference: Reference): string {
  const { tag, digest } = withDefaultTag(reference);
  const repository = repositoryOf(reference);
  return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
}

/** Every name that an image gets which was asked for as `reference` and turned out to be `digest`. */
export function recordNames(reference: Reference, digest: string): string[] {
  const { tag } = withDefaultTag(reference);
  const repository = repositoryOf(reference);
  return [`${repository}@${digest}`, ...(tag === undefined ? [] : [`${repository}:${tag}`])];
}

export interface Records {
  readonly target: (name: string, signal: AbortSignal) => Promise<ContentDescriptor | undefined>;
  /** Creates the record, or points it at new content. */
  readonly put: (name: string, target: ContentDescriptor, signal: AbortSignal) => Promise<void>;
}

export function createRecords(client: ContainerdClient): Records {
  return {
    target: async (name, signal) => {
      try {
        return (await client.call(ImagesService.get, { name }, signal)).image?.target;
      } catch (error) {
        if (isCode(error, "not_found")) return undefined;
        throw error;
      }
    },
    put: async (name, target, signal) => {
      const image = newImageRecord({ name, target: newDescriptor(target) });
      try {
        await client.call(ImagesService.create, { image }, signal);
      } catch (error) {
        if (!isCode(error, "already_exists")) throw error;
        await client.call(ImagesService.update, { image, updateMask: { paths: ["target"] } }, signal);
      }
    },
  };
}
