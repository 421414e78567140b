// The image that tests run: this machine's busybox.
import { busyboxFiles } from "../../deploy/demo-image.ts";
import { type BuiltImage, buildImage, buildIndex, type ImageFile, ociArchive } from "../../shared/image/build.ts";
import { hostPlatform } from "../../shared/image/platform.ts";

/** Its name in archives. */
export const BUSYBOX = "docker.io/library/busybox:test";

/** Two layers; with `extra` files its digest is another one. */
export async function busyboxImage(
  extra: readonly ImageFile[] = [],
  compression: "gzip" | "none" = "gzip",
): Promise<BuiltImage> {
  const marker: ImageFile = { kind: "file", path: "etc/skep-test", mode: 0o644, content: "a second layer\n" };
  return buildImage({
    platform: hostPlatform(),
    compression,
    layers: [await busyboxFiles(), [marker, ...extra]],
    cmd: ["sh"],
    labels: { purpose: "test" },
  });
}

/** The same beside an image for a machine that nobody has. */
export async function busyboxIndex(): Promise<BuiltImage> {
  const other = { os: "linux", architecture: "s390x", variant: "" };
  const foreign = await buildImage({
    platform: other,
    layers: [[{ kind: "file", path: "other", mode: 0o644, content: "not for this machine" }]],
  });
  return buildIndex([
    { platform: other, image: foreign },
    { platform: hostPlatform(), image: await busyboxImage() },
  ]);
}

export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** An OCI archive that holds the image under `name`. */
export const busyboxArchive = async (name = BUSYBOX): Promise<AsyncIterable<Uint8Array>> =>
  chunksOf(await ociArchive(name, await busyboxImage()));
