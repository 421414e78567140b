// What the containers need of the images: a root file system made from one, and its removal.
import type { Mount } from "../../../proto/gen/containerd_types.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import type { ImageConfig, ImagePull } from "../runtime.ts";

/** A writable snapshot over an image's layers. */
export interface Rootfs {
  readonly snapshotter: string;
  /** Name of the snapshot; the container's record holds it against garbage collection. */
  readonly key: string;
  readonly mounts: readonly Mount[];
  /** The same for every root file system made from the same layers. */
  readonly chainId: string;
}

export interface ImageStore {
  readonly pull: (pull: ImagePull, signal: AbortSignal) => Promise<ImageConfig>;
  readonly loadImage: (archive: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<readonly string[]>;
  /**
   * A repeat for the same task answers the same snapshot.
   * @throws {SkepError} `not_found`: the image is not here.
   */
  readonly prepareRootfs: (id: TaskId, image: string, signal: AbortSignal) => Promise<Rootfs>;
  /** The mounts of a snapshot made earlier. @throws {SkepError} `not_found` */
  readonly rootfsMounts: (id: TaskId, signal: AbortSignal) => Promise<readonly Mount[]>;
  /** No error when it is not there. */
  readonly removeRootfs: (id: TaskId, signal: AbortSignal) => Promise<void>;
}
