// A manager's keys lie on its disk as the cluster says: sealed with its unlock key, or open. A disk that does not take them now
// may take them later, and nobody would say it again: the newest word is kept, and tried until it is done.
import type { Cluster } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { KeyStore } from "../key-store.ts";

const RETRY_MS = 3_000;

export interface KeyFollowerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly keys: Pick<KeyStore, "protect">;
  /** They are as the cluster says. @param layOpen they were not sealed before: somebody may have read them. Must not throw. */
  readonly onProtected: (layOpen: boolean) => void;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
}

export class KeyFollower {
  readonly #options: KeyFollowerOptions;
  #wanted: Cluster | undefined;
  #isRunning = false;

  constructor(options: KeyFollowerOptions) {
    this.#options = options;
  }

  /** What the cluster says now. Does not wait. */
  follow(cluster: Cluster): void {
    this.#wanted = cluster;
    if (!this.#isRunning) void this.#run();
  }

  /** This node is no manager any more: what the cluster says of managers' keys is not said of its own. */
  forget(): void {
    this.#wanted = undefined;
  }

  async #run(): Promise<void> {
    const { env, log, keys, onProtected, signal } = this.#options;
    this.#isRunning = true;
    while (this.#wanted !== undefined && !signal.aborted) {
      const wanted = this.#wanted;
      const { unlockKey, meta } = wanted;
      try {
        const layOpen = await keys.protect(unlockKey.length === 0 ? undefined : unlockKey, meta?.version ?? 0);
        if (this.#wanted === wanted) this.#wanted = undefined;
        onProtected(layOpen);
      } catch (error) {
        const { message } = SkepError.from(error);
        log.error({ error: message }, "cannot write this node's keys as the cluster wants them; trying again");
        await env.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
    this.#isRunning = false;
  }
}
