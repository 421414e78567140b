// What the manager asks a registry before it writes a service: which content a tag stands for right now, so that every node
// runs the same, and which platforms it is for, so that the scheduler does not try others.
import type { Env } from "../env/env.ts";
import { SkepError } from "../errors.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { HttpTransport } from "./http.ts";
import { MAX_CONFIG_BYTES, parseConfig, parseDocument } from "./manifest.ts";
import { isRunnable } from "./platform.ts";
import { familiarReference, parseReference, withDefaultTag } from "./reference.ts";
import { RegistryClient } from "./registry.ts";

export interface ResolvedPlatform {
  readonly architecture: string;
  readonly os: string;
}

export interface ResolvedImage {
  /** Familiar, with tag (where there was one) and digest: "nginx:1.27@sha256:…" */
  readonly image: string;
  /** Without repeats; empty is any. */
  readonly platforms: readonly ResolvedPlatform[];
}

/**
 * @throws {SkepError} `invalid_argument`: malformed reference or broken image. `not_found`, `unauthenticated`,
 * `permission_denied`: the registry's answer, in its words. `unavailable`: unreachable, or not within the time limit.
 */
export type ImageResolver = (
  image: string,
  auth: RegistryCredentials | undefined,
  insecureRegistries: readonly string[],
  signal: AbortSignal,
) => Promise<ResolvedImage>;

const TIMEOUT_MS = 10_000;

function distinct(platforms: readonly ResolvedPlatform[]): ResolvedPlatform[] {
  const byName = new Map(platforms.map(({ os, architecture }) => [`${os}/${architecture}`, { architecture, os }]));
  return [...byName.values()];
}

export function createImageResolver(options: {
  readonly env: Env;
  readonly transport: HttpTransport;
  readonly timeoutMs?: number;
}): ImageResolver {
  const { env, transport } = options;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;

  const resolve: ImageResolver = async (image, credentials, insecureRegistries, signal) => {
    const reference = withDefaultTag(parseReference(image));
    const { host, path, tag, digest } = reference;
    const client = new RegistryClient({ env, transport, host, path, credentials, insecureRegistries, access: "pull" });
    const manifest = await client.manifest(digest ?? tag ?? "", signal);
    const resolved = familiarReference({ ...reference, digest: manifest.digest });
    const document = parseDocument(manifest.bytes, manifest.mediaType, `image ${image}`);
    if (document.kind === "index") {
      const platforms = document.entries.flatMap((entry) => (entry.platform === undefined ? [] : [entry.platform]));
      return { image: resolved, platforms: distinct(platforms.filter(isRunnable)) };
    }
    const bytes = await client.smallBlob(document.config, MAX_CONFIG_BYTES, signal);
    const { platform } = parseConfig(bytes, `config of image ${image}`);
    return { image: resolved, platforms: platform.architecture === "" ? [] : distinct([platform]) };
  };

  return async (image, auth, insecureRegistries, signal) => {
    const limit = new AbortController();
    const tooLate = new SkepError("unavailable", `image ${image} could not be resolved within ${timeoutMs / 1000} s`);
    const timer = env.timer(timeoutMs, () => limit.abort(tooLate));
    try {
      return await resolve(image, auth, insecureRegistries, AbortSignal.any([signal, limit.signal]));
    } finally {
      timer.cancel();
    }
  };
}
