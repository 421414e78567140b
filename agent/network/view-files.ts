// The networks as managers described them, remembered on disk: so an agent that starts again, perhaps with no manager to be
// reached, wants what the kernel has, and touches no packet. A view is written before the kernel is changed by it: what the
// kernel has is then never newer than what is remembered.
//
// One file per network, replaced by rename and not synced: after a power cut the kernel has forgotten, too. A file that the
// power cut tore fails its checksum and is dropped; managers send the network again. Big networks that change all the time
// are not written each time: writing gets a small part of the time, the last state is always written in the end.
//
// File: crc32 of the rest (4 bytes, little endian), NetworkSnapshot message.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { decodeNetworkSnapshot, encodeNetworkSnapshot } from "../../proto/gen/network.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { isId, type NetworkId } from "../../shared/model/ids.ts";
import { type NetworkView, type NetworkViews, snapshotOf, viewOf } from "./view.ts";

export interface ViewFiles {
  readonly load: () => Promise<NetworkViews>;
  /** Resolves when it is written, or put off. Never throws: a full disk is logged. Calls must not overlap. */
  readonly save: (views: NetworkViews) => Promise<void>;
  /** Nothing is remembered any more. */
  readonly clear: () => Promise<void>;
}

/** Writes that are done within this need no pause. */
const QUICK_MS = 5;
/** A slow one is followed by a pause of so many times its length. */
const PAUSE_FACTOR = 20;

export interface ViewFilesOptions {
  readonly env: Pick<Env, "nowMs" | "timer">;
  readonly log: Log;
  /** Made when missing; holds nothing else. */
  readonly dir: string;
}

export function createViewFiles({ env, log, dir }: ViewFilesOptions): ViewFiles {
  const written = new Map<NetworkId, NetworkView>();
  let pauseUntilMs = Number.NEGATIVE_INFINITY;
  let late: { readonly views: NetworkViews } | undefined;
  let work: Promise<void> = Promise.resolve();
  let failed = false;

  const write = async (views: NetworkViews): Promise<void> => {
    const startMs = env.nowMs();
    try {
      for (const id of written.keys()) {
        if (views.has(id)) continue;
        await rm(join(dir, id), { force: true });
        written.delete(id);
      }
      for (const [id, view] of views) {
        if (written.get(id) === view) continue;
        const path = join(dir, id);
        await writeFile(`${path}.new`, encodeView(view), { mode: 0o600 });
        await rename(`${path}.new`, path);
        written.set(id, view);
      }
      failed = false;
    } catch (error) {
      if (!failed) log.warn({ error: SkepError.from(error).message, dir }, "networks cannot be remembered on disk");
      failed = true;
    }
    const tookMs = env.nowMs() - startMs;
    pauseUntilMs = tookMs <= QUICK_MS ? Number.NEGATIVE_INFINITY : env.nowMs() + tookMs * PAUSE_FACTOR;
  };
  const queue = (views: NetworkViews): Promise<void> => {
    work = work.then(() => write(views));
    return work;
  };

  return {
    load: async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const views = new Map<NetworkId, NetworkView>();
      for (const name of await readdir(dir)) {
        const path = join(dir, name);
        const view = isId(name) ? decodeView(await readFile(path)) : undefined;
        if (view?.network.networkId === name) {
          views.set(view.network.networkId, view);
          written.set(view.network.networkId, view);
          continue;
        }
        if (!name.endsWith(".new")) log.warn({ path }, "dropped a damaged record of a network");
        await rm(path, { force: true });
      }
      return views;
    },
    save: async (views) => {
      const waitMs = pauseUntilMs - env.nowMs();
      if (waitMs <= 0) {
        late = undefined;
        await queue(views);
        return;
      }
      const armed = late !== undefined;
      late = { views };
      if (armed) return;
      env.timer(waitMs, () => {
        const put = late;
        late = undefined;
        if (put !== undefined) void queue(put.views);
      });
    },
    clear: async () => {
      late = undefined;
      await queue(new Map());
    },
  };
}

/** Forgets with the process. */
export const memoryViewFiles = (views: NetworkViews = new Map()): ViewFiles => ({
  load: async () => views,
  save: async () => undefined,
  clear: async () => undefined,
});

export function encodeView(view: NetworkView): Uint8Array {
  const body = encodeNetworkSnapshot(snapshotOf(view));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(crc32(body));
  return Buffer.concat([head, body]);
}

/** Undefined when damaged. */
export function decodeView(bytes: Buffer): NetworkView | undefined {
  const body = bytes.subarray(4);
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== crc32(body)) return undefined;
  try {
    const snapshot = decodeNetworkSnapshot(body);
    return snapshot.network === undefined ? undefined : viewOf(snapshot, snapshot.network);
  } catch {
    return undefined; // written by a newer version: managers send it again
  }
}
