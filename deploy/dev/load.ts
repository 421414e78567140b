// `skep dev load`: an image archive onto all nodes that are on.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type LoadImageChunk, LocalService } from "../../proto/gen/local.ts";
import { SkepError } from "../../shared/errors.ts";
import { clientStream } from "../../shared/rpc/client.ts";
import { withClient } from "./client.ts";
import { hostProcess } from "./hosts.ts";
import type { DevCluster, Paths } from "./model.ts";

const CHUNK_BYTES = 256 * 1024;

async function* chunks(file: string): AsyncGenerator<LoadImageChunk> {
  for await (const data of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    if (data instanceof Uint8Array) yield { data };
  }
}

/** Resolves with the names of the images that were loaded. */
export async function loadArchive(
  cluster: DevCluster,
  paths: Paths,
  file: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new SkepError("not_found", `no archive at ${file}`);
  const on = cluster.nodes.filter((node) => hostProcess(paths, node) !== undefined);
  if (on.length === 0) throw new SkepError("failed_precondition", `no node of dev cluster ${cluster.name} is on`);
  const names = await Promise.all(
    on.map(async (node) => {
      try {
        const loaded = await withClient(paths.socket(node.name), (client) =>
          clientStream(client, LocalService.loadImage, chunks(file), { signal }),
        );
        return loaded.names;
      } catch (error) {
        const { code, message } = SkepError.from(error);
        throw new SkepError(code, `${node.name}: ${message}`, { cause: error });
      }
    }),
  );
  return [...new Set(names.flat())].sort();
}
