// Names and references among an image's parts, as containerd's garbage collector understands them.
import { createHash } from "node:crypto";
import type { ImageDocument } from "../../../../shared/image/manifest.ts";

/** One per layer: each names that layer together with all below it (OCI image specification, "ChainID"). */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    const hash = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
    chain.push(below === undefined ? diffId : hash(`${below} ${diffId}`));
  }
  return chain;
}

const GC_CONTENT = "containerd.io/gc.ref.content";
const GC_SNAPSHOT = "containerd.io/gc.ref.snapshot";
const SOURCE = "containerd.io/distribution.source";

type Labels = Readonly<Record<string, string>>;

/** What a manifest or index keeps alive. Of an index only `held`: what is not here need not be kept. */
export function documentLabels(document: ImageDocument, held: (digest: string) => boolean): Labels {
  if (document.kind === "manifest") {
    const layers = document.layers.map((layer, index) => [`${GC_CONTENT}.l.${index}`, layer.digest]);
    return { [`${GC_CONTENT}.config`]: document.config.digest, ...Object.fromEntries(layers) };
  }
  const entries = document.entries.map((entry, index) => [`${GC_CONTENT}.m.${index}`, entry.digest] as const);
  return Object.fromEntries(entries.filter(([, digest]) => held(digest)));
}

/** A config keeps the unpacked layers alive. */
export const configLabels = (snapshotter: string, chainId: string): Labels => ({
  [`${GC_SNAPSHOT}.${snapshotter}`]: chainId,
});

/** Where a blob came from, as containerd's own tools note it. */
export const sourceLabels = (host: string, path: string): Labels => ({ [`${SOURCE}.${host}`]: path });
