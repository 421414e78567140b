// Which manifest of a multi-platform image is for this machine.
import process from "node:process";
import { SkepError } from "../errors.ts";

export interface ImagePlatform {
  readonly os: string;
  /** As OCI writes it: "amd64", "arm64", "arm" */
  readonly architecture: string;
  /** "v8", "v7"; empty where there is none */
  readonly variant: string;
}

const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["aarch64", "arm64"],
  ["ia32", "386"],
  ["i386", "386"],
  ["i686", "386"],
  ["armhf", "arm"],
  ["armel", "arm"],
]);

/** One spelling for each platform: what kernels and Node call it becomes what OCI calls it. */
export function normalisePlatform(platform: ImagePlatform): ImagePlatform {
  const os = platform.os.toLowerCase();
  const raw = platform.architecture.toLowerCase();
  const architecture = ARCHITECTURES.get(raw) ?? raw;
  const variant = platform.variant.toLowerCase();
  if (architecture === "arm64")
    return { os, architecture, variant: variant === "8" || variant === "" ? "v8" : variant };
  if (architecture === "arm") {
    const fallback = raw === "armel" ? "v6" : "v7";
    return { os, architecture, variant: variant === "" ? fallback : variant.replace(/^([0-9])/, "v$1") };
  }
  if (architecture === "amd64") return { os, architecture, variant: variant === "v1" ? "" : variant };
  return { os, architecture, variant };
}

export const hostPlatform = (): ImagePlatform =>
  normalisePlatform({ os: process.platform, architecture: process.arch, variant: "" });

export const formatPlatform = ({ os, architecture, variant }: ImagePlatform): string =>
  `${os}/${architecture}${variant === "" ? "" : `/${variant}`}`;

const variantNumber = (variant: string): number => Number(/^v([0-9]+)/.exec(variant)?.[1] ?? 0);

// How well `offered` runs on `wanted`: the highest wins, undefined cannot run. A variant runs all that are not above it.
function fitness(wanted: ImagePlatform, offered: ImagePlatform): number | undefined {
  const host = normalisePlatform(wanted);
  const image = normalisePlatform(offered);
  if (host.os !== image.os) return undefined;
  const number = variantNumber(image.variant);
  if (host.architecture === image.architecture) {
    return number <= Math.max(variantNumber(host.variant), host.architecture === "amd64" ? 1 : 0)
      ? 100 + number
      : undefined;
  }
  if (host.architecture === "arm64" && image.architecture === "arm") return number <= 8 ? 50 + number : undefined;
  if (host.architecture === "amd64" && image.architecture === "386") return 10;
  return undefined;
}

/** Attestations and the like stand in indexes beside images, for the platform "unknown/unknown". */
export const isRunnable = (platform: ImagePlatform | undefined): boolean =>
  platform === undefined || (platform.os !== "unknown" && platform.os !== "" && platform.architecture !== "unknown");

/**
 * The entry of an index that fits best. Entries without a platform fit only when there is nothing better.
 * @throws {SkepError} `invalid_argument`, with the platforms there are.
 */
export function selectPlatform<T extends { readonly platform?: ImagePlatform | undefined }>(
  image: string,
  wanted: ImagePlatform,
  entries: readonly T[],
): T {
  let best: { readonly entry: T; readonly score: number } | undefined;
  for (const entry of entries) {
    if (!isRunnable(entry.platform)) continue;
    const score = entry.platform === undefined ? 0 : fitness(wanted, entry.platform);
    if (score !== undefined && (best === undefined || score > best.score)) best = { entry, score };
  }
  if (best !== undefined) return best.entry;
  const offered = entries.flatMap(({ platform }) =>
    platform !== undefined && isRunnable(platform) ? [formatPlatform(platform)] : [],
  );
  const list = [...new Set(offered)].sort().join(", ") || "none";
  throw new SkepError(
    "invalid_argument",
    `image ${image} has no version for ${formatPlatform(normalisePlatform(wanted))}; it has: ${list}`,
  );
}
