// The images of this node, in containerd's hands.
//
// An image that was asked for by digest and is here is used without a word to any registry. One asked for by tag alone (the
// manager could not resolve it, or was told not to) is compared with the registry, whose tag may have moved; where that
// fails and an image of that name is here, that one runs: an archive that was loaded by hand needs no registry.
import { createHash } from "node:crypto";
import type { Env } from "../../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../../shared/errors.ts";
import { createHttpTransport, type HttpTransport } from "../../../../shared/image/http.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES } from "../../../../shared/image/manifest.ts";
import { hostPlatform, type ImagePlatform } from "../../../../shared/image/platform.ts";
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
} from "../../../../shared/image/reference.ts";
import { RegistryClient } from "../../../../shared/image/registry.ts";
import type { Log } from "../../../../shared/log.ts";
import type { ImagePull } from "../../runtime.ts";
import type { ContainerdClient } from "../client.ts";
import type { ImageStore } from "../image-store.ts";
import { loadArchive } from "./load.ts";
import { createParts, topChain } from "./parts.ts";
import { pullImage } from "./pull.ts";
import { recordName } from "./records.ts";
import { createSharedWork } from "./shared-work.ts";
import { readImage, type StoredImage } from "./stored-image.ts";

const COMPARE_TIMEOUT_MS = 5_000;
/** How long a registry that did not answer is left alone by images that are here anyway. */
const UNREACHABLE_MS = 60_000;
const MAX_REMEMBERED = 64;
const ROOTFS_LEASE_MS = 6 * 3_600_000;

export interface ImagesOptions {
  readonly client: ContainerdClient;
  readonly env: Env;
  readonly log: Log;
  readonly transport?: HttpTransport | undefined;
  readonly platform?: ImagePlatform | undefined;
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}

export function createImages(options: ImagesOptions): ImageStore {
  const { client, env, log } = options;
  const transport = options.transport ?? createHttpTransport({ env });
  const platform = options.platform ?? hostPlatform();
  const parts = createParts(client, env);
  const shared = createSharedWork<StoredImage>();
  /** By digest: content never changes. */
  const known = new Map<string, StoredImage>();
  const unreachableUntilMs = new Map<string, number>();

  // Undefined: not here, or not whole.
  const local = async (reference: Reference, signal: AbortSignal): Promise<StoredImage | undefined> => {
    const root = await parts.records.target(recordName(reference), signal);
    if (root === undefined) return undefined;
    const before = known.get(root.digest);
    if (before !== undefined) return before;
    try {
      const image = await readImage(familiarReference(reference), root, platform, ({ digest }, kind) =>
        parts.content.read(digest, kind === "manifest" ? MAX_MANIFEST_BYTES : MAX_CONFIG_BYTES, signal),
      );
      remember(known, root.digest, image);
      return image;
    } catch (error) {
      if (isCode(error, "not_found")) return undefined;
      throw error;
    }
  };

  const runnable = async (reference: Reference, signal: AbortSignal): Promise<StoredImage | undefined> => {
    const image = await local(reference, signal);
    return image !== undefined && (await parts.snapshots.exists(topChain(image), signal)) ? image : undefined;
  };

  // The digest a tag has in its registry now; undefined when the image that is here has to do.
  const currentDigest = async (
    registry: RegistryClient,
    reference: Reference,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    const { host } = reference;
    if ((unreachableUntilMs.get(host) ?? 0) > env.nowMs()) return undefined;
    const limit = new AbortController();
    const timer = env.timer(COMPARE_TIMEOUT_MS, () => {
      limit.abort(new SkepError("unavailable", `registry ${host} did not answer in ${COMPARE_TIMEOUT_MS / 1000} s`));
    });
    try {
      return await registry.manifestDigest(reference.tag ?? "latest", AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (isCode(error, "unavailable")) remember(unreachableUntilMs, host, env.nowMs() + UNREACHABLE_MS);
      const image = familiarReference(reference);
      log.warn(
        { image, error: String(error) },
        "the registry cannot tell about this image; the one that is here is used",
      );
      return undefined;
    } finally {
      timer.cancel();
    }
  };

  const obtain = async (
    pull: ImagePull,
    reference: Reference,
    lease: string,
    signal: AbortSignal,
  ): Promise<StoredImage> => {
    const here = await runnable(reference, signal);
    if (here !== undefined && reference.digest !== undefined) return here;
    const { host, path } = reference;
    const { auth: credentials, insecureRegistries } = pull;
    const registry = new RegistryClient({
      env,
      transport,
      host,
      path,
      credentials,
      insecureRegistries,
      access: "pull",
    });
    if (here !== undefined) {
      const digest = await currentDigest(registry, reference, signal);
      if (digest === undefined || digest === here.root.digest) return here;
    }
    const startedMs = env.nowMs();
    const image = await pullImage({ env, parts, registry, platform, reference, lease }, signal);
    remember(known, image.root.digest, image);
    const tookMs = Math.round(env.nowMs() - startedMs);
    log.info({ image: familiarReference(reference), digest: image.root.digest, tookMs }, "image pulled");
    return image;
  };

  // Prepared snapshots are nobody's until their container is recorded. One lease for all that are made within some hours
  // keeps them meanwhile, at no cost per container.
  let rootfsLease = "";
  const leaseForRootfs = async (signal: AbortSignal): Promise<string> => {
    const lease = `skep-rootfs-${Math.floor(env.wallMs() / ROOTFS_LEASE_MS)}`;
    if (lease !== rootfsLease) {
      await parts.leases.hold(lease, signal);
      rootfsLease = lease;
    }
    return lease;
  };

  return {
    pull: async (pull, signal) => {
      const reference = parseReference(pull.image);
      // With other credentials it is another question.
      const question = [formatReference(reference), pull.auth ?? "", pull.insecureRegistries];
      const key = createHash("sha256").update(JSON.stringify(question)).digest("hex").slice(0, 32);
      return (await shared(key, signal, (either) => obtain(pull, reference, `skep-pull-${key}`, either))).config;
    },
    loadImage: (archive, signal) => loadArchive({ env, parts, platform }, archive, signal),
    prepareRootfs: async (id, image, signal) => {
      const stored = await local(parseReference(image), signal);
      if (stored === undefined) throw new SkepError("not_found", `image ${image} is not on this node`);
      const chainId = topChain(stored);
      const mounts = await parts.snapshots.prepare(id, chainId, await leaseForRootfs(signal), signal);
      return { snapshotter: await parts.snapshots.name(signal), key: id, mounts, chainId };
    },
    rootfsMounts: (id, signal) => parts.snapshots.mounts(id, signal),
    removeRootfs: (id, signal) => parts.snapshots.remove(id, signal),
  };
}
