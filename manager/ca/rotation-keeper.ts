// The leader's loop that ends a rotation of the root CA once no node needs the old root.
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { Store, View } from "../store/types.ts";
import { endRotation, waitsFor } from "./root-rotation.ts";

const LOOK_EVERY_MS = 500;

export interface RotationKeeperOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly signal: AbortSignal;
}

const missing = (view: View): readonly string[] | undefined => {
  const cluster = view.cluster();
  const nodes = cluster === undefined ? undefined : waitsFor(cluster, view.all("node"));
  return nodes?.map((node) => node.description?.hostname || node.id);
};

/** Until `signal` aborts. @throws {SkepError} `unavailable` when leadership is lost; starting again is all it takes. */
export async function runRotationKeeper({ env, log, store, signal }: RotationKeeperOptions): Promise<void> {
  let told = "";
  while (!signal.aborted) {
    const waiting = store.view(missing);
    if (waiting?.length === 0) {
      await store.update((tx) => {
        const cluster = tx.cluster();
        if (cluster !== undefined && missing(tx)?.length === 0) tx.put("cluster", endRotation(cluster, env.random));
      });
      log.info({}, "the root CA is replaced; join tokens are new");
    } else if (waiting !== undefined && waiting.join() !== told) {
      log.info({ waiting }, "the rotation of the root CA waits for nodes");
    }
    told = waiting?.join() ?? "";
    await env.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}
