// Puts images into a registry: blobs first, then what refers to them, the tag last. A push that broke off leaves nothing
// visible, and repeating it uploads only what is missing.
import type { BuiltBlob, BuiltImage } from "./build.ts";
import type { RegistryClient } from "./registry.ts";

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function pushBlob(client: RegistryClient, blob: BuiltBlob, signal: AbortSignal): Promise<void> {
  if (await client.hasBlob(blob.digest, signal)) return;
  await client.uploadBlob(once(blob.bytes), () => blob.digest, signal);
}

/**
 * Pushes under `tag`; resolves with the digest it has there.
 * @throws {SkepError} as the registry answers; repeating is safe.
 */
export async function pushImage(
  client: RegistryClient,
  image: BuiltImage,
  tag: string,
  signal: AbortSignal,
): Promise<string> {
  for (const blob of image.blobs) await pushBlob(client, blob, signal);
  for (const { digest, mediaType, bytes } of image.manifests)
    await client.putManifest(digest, mediaType, bytes, signal);
  await client.putManifest(tag, image.root.mediaType, image.root.bytes, signal);
  return image.root.digest;
}
