// What an image on this node is made of, read from containerd's content store.
import { SkepError } from "../../../../shared/errors.ts";
import {
  type ContentDescriptor,
  type ImageDocument,
  type ParsedConfig,
  parseConfig,
  parseDocument,
} from "../../../../shared/image/manifest.ts";
import { type ImagePlatform, selectPlatform } from "../../../../shared/image/platform.ts";
import type { ImageConfig } from "../../runtime.ts";
import { chainIds } from "./chain.ts";

export interface StoredImage {
  /** Of the manifest or index that the name stands for. */
  readonly root: ContentDescriptor;
  readonly config: ImageConfig;
  readonly layers: readonly ContentDescriptor[];
  readonly diffIds: readonly string[];
  readonly chainIds: readonly string[];
  readonly configDigest: string;
  /** From the root down, with the descriptor each was reached by. */
  readonly documents: readonly { readonly descriptor: ContentDescriptor; readonly document: ImageDocument }[];
}

/** Brings a document's bytes, verified, from the store or a registry. */
export type ReadDocument = (descriptor: ContentDescriptor, kind: "manifest" | "config") => Promise<Uint8Array>;

/** Index (if any), manifest for `platform`, config: everything that must be known before layers are fetched. */
export async function readImage(
  image: string,
  root: ContentDescriptor,
  platform: ImagePlatform,
  read: ReadDocument,
): Promise<StoredImage> {
  const documents: { descriptor: ContentDescriptor; document: ImageDocument }[] = [];
  let descriptor = root;
  // An index may list an index; a third level is nobody's image.
  for (let depth = 0; depth < 3; depth++) {
    const bytes = await read(descriptor, "manifest");
    const document = parseDocument(bytes, descriptor.mediaType, `image ${image}`);
    documents.push({ descriptor, document });
    if (document.kind === "manifest") {
      const config = parseConfig(await read(document.config, "config"), `config of image ${image}`);
      checkConfig(image, config, document.layers.length, platform);
      const { digest } = document.config;
      return {
        root,
        config: imageConfig(root.digest, config),
        layers: document.layers,
        diffIds: config.diffIds,
        chainIds: chainIds(config.diffIds),
        configDigest: digest,
        documents,
      };
    }
    descriptor = selectPlatform(image, platform, document.entries);
  }
  throw new SkepError("invalid_argument", `image ${image} is broken: its indexes list one another`);
}

function checkConfig(image: string, config: ParsedConfig, layers: number, platform: ImagePlatform): void {
  if (config.diffIds.length !== layers) {
    throw new SkepError(
      "invalid_argument",
      `image ${image} is broken: ${layers} layers in its manifest, ${config.diffIds.length} in its config`,
    );
  }
  if (layers === 0) throw new SkepError("invalid_argument", `image ${image} has no layers: there is nothing to run`);
  if (config.platform.architecture !== "") selectPlatform(image, platform, [config]);
}

function imageConfig(digest: string, config: ParsedConfig): ImageConfig {
  const { entrypoint, cmd, env, workingDir, user, stopSignal, exposedPorts } = config;
  return { digest, entrypoint, cmd, env, workingDir, user, stopSignal, exposedPorts };
}
