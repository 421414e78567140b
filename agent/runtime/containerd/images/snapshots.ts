// Unpacks layers into snapshots. A committed snapshot is named by its chain id, so the same layers are unpacked once, for
// whatever image; two that unpack the same at once end with one of them.

import { DiffService } from "../../../../proto/gen/containerd_diff.ts";
import { SnapshotsService } from "../../../../proto/gen/containerd_snapshots.ts";
import type { Descriptor, Mount } from "../../../../proto/gen/containerd_types.ts";
import type { Env } from "../../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../../shared/errors.ts";
import type { ContainerdClient } from "../client.ts";
import { imageError } from "./errors.ts";
import { underLease } from "./leases.ts";

const SNAPSHOTTERS = ["overlayfs", "native"];
/** Unpacking a layer of some gigabytes on a slow disk. */
const APPLY_TIMEOUT_MS = 30 * 60_000;

export interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** Its name once it is unpacked. */
  readonly chainId: string;
  /** Chain id of the layers below; empty for the lowest. */
  readonly parent: string;
}

export interface Snapshots {
  /** The snapshotter in use: overlayfs, or native where the file system cannot do that. */
  readonly name: (signal: AbortSignal) => Promise<string>;
  readonly exists: (chainId: string, signal: AbortSignal) => Promise<boolean>;
  /** @throws {SkepError} `invalid_argument`: the layer is damaged or not what the config says. `resource_exhausted` */
  readonly unpack: (layer: Layer, lease: string, signal: AbortSignal) => Promise<void>;
  /** A writable snapshot over `chainId`; the one there is when repeated. @throws `not_found` when the layers are gone. */
  readonly prepare: (key: string, chainId: string, lease: string, signal: AbortSignal) => Promise<readonly Mount[]>;
  readonly mounts: (key: string, signal: AbortSignal) => Promise<readonly Mount[]>;
  readonly remove: (key: string, signal: AbortSignal) => Promise<void>;
}

export function createSnapshots(client: ContainerdClient, env: Env): Snapshots {
  let found: string | undefined;

  const name = async (signal: AbortSignal): Promise<string> => {
    if (found !== undefined) return found;
    for (const snapshotter of SNAPSHOTTERS) {
      // A snapshotter that works does not know this key; one that does not work is not known itself.
      const problem = await client.call(SnapshotsService.stat, { snapshotter, key: "skep-probe" }, signal).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (problem === undefined || (isCode(problem, "not_found") && !/not loaded/.test(String(problem)))) {
        found = snapshotter;
        return snapshotter;
      }
      if (isCode(problem, "unavailable") || signal.aborted) throw problem;
    }
    throw new SkepError("failed_precondition", "containerd has neither the overlayfs nor the native snapshotter");
  };

  const exists = async (chainId: string, signal: AbortSignal): Promise<boolean> => {
    try {
      const { info } = await client.call(
        SnapshotsService.stat,
        { snapshotter: await name(signal), key: chainId },
        signal,
      );
      return info?.kind === "committed";
    } catch (error) {
      if (isCode(error, "not_found")) return false;
      throw error;
    }
  };

  const remove = async (key: string, signal: AbortSignal): Promise<void> => {
    try {
      await client.call(SnapshotsService.remove, { snapshotter: await name(signal), key }, signal);
    } catch (error) {
      if (!isCode(error, "not_found")) throw error;
    }
  };

  const mounts = async (key: string, signal: AbortSignal): Promise<readonly Mount[]> =>
    (await client.call(SnapshotsService.mounts, { snapshotter: await name(signal), key }, signal)).mounts;

  const unpack = async (layer: Layer, lease: string, signal: AbortSignal): Promise<void> => {
    const snapshotter = await name(signal);
    const key = `extract-${env.random().toString(36).slice(2)}-${layer.chainId}`;
    const options = underLease(lease);
    try {
      const prepared = await client.call(
        SnapshotsService.prepare,
        { snapshotter, key, parent: layer.parent, labels: {} },
        signal,
        options,
      );
      const { applied } = await client.call(
        DiffService.apply,
        { diff: layer.descriptor, mounts: prepared.mounts },
        signal,
        { ...options, timeoutMs: APPLY_TIMEOUT_MS },
      );
      if (applied?.digest !== layer.diffId) {
        throw new SkepError(
          "invalid_argument",
          `layer ${layer.descriptor.digest} unpacks to ${applied?.digest ?? "nothing"}, its config says ${layer.diffId}`,
        );
      }
      await client.call(
        SnapshotsService.commit,
        { snapshotter, name: layer.chainId, key, labels: {} },
        signal,
        options,
      );
    } catch (error) {
      // Not under the caller's signal: an aborted pull must not leave the half of a layer.
      await remove(key, new AbortController().signal).catch(() => undefined);
      if (signal.aborted) throw signal.reason;
      if (isCode(error, "already_exists")) return;
      throw imageError(error, `unpack layer ${layer.descriptor.digest}`);
    }
  };

  const prepare = async (
    key: string,
    chainId: string,
    lease: string,
    signal: AbortSignal,
  ): Promise<readonly Mount[]> => {
    const snapshotter = await name(signal);
    try {
      const request = { snapshotter, key, parent: chainId, labels: {} };
      return (await client.call(SnapshotsService.prepare, request, signal, underLease(lease))).mounts;
    } catch (error) {
      if (isCode(error, "already_exists")) return mounts(key, signal);
      throw imageError(error, "make a root file system");
    }
  };

  return { name, exists, unpack, prepare, mounts, remove };
}
