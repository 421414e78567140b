// The container runtime of this daemon: opened once, in the background, and again after a failure when somebody asks. A
// manager whose containerd is broken is still a manager.
import type { Runtime } from "../../agent/runtime/runtime.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export interface RuntimeHolder {
  /** The runtime, opened if need be. @throws {SkepError} why it cannot be opened. */
  readonly get: () => Promise<Runtime>;
  /** Asks again and again, with growing pauses, until it is there. @throws `signal.reason` when aborted. */
  readonly wait: (signal: AbortSignal) => Promise<Runtime>;
  /** Its name and version; empty while it is not open. */
  readonly name: () => string;
  /** Why the last attempt failed; empty when it did not. */
  readonly problem: () => string;
  /** Lets go of the runtime; containers live on. */
  readonly close: () => Promise<void>;
}

export function createRuntimeHolder(env: Env, log: Log, open: () => Promise<Runtime>): RuntimeHolder {
  let opening: Promise<Runtime> | undefined;
  let name = "";
  let problem = "";

  const openNow = async (): Promise<Runtime> => {
    try {
      const runtime = await open();
      try {
        name = (await runtime.info(new AbortController().signal)).name;
      } catch (error) {
        await runtime.close().catch(() => undefined); // the next attempt opens another
        throw error;
      }
      problem = "";
      log.info({ runtime: name }, "runtime is open");
      return runtime;
    } catch (cause) {
      opening = undefined;
      problem = SkepError.from(cause).message;
      throw SkepError.from(cause);
    }
  };
  const get = (): Promise<Runtime> => {
    opening ??= openNow();
    return opening;
  };

  return {
    get,
    wait: async (signal) => {
      for (let pauseMs = FIRST_RETRY_MS; ; pauseMs = Math.min(LONGEST_RETRY_MS, pauseMs * 2)) {
        signal.throwIfAborted();
        try {
          return await get();
        } catch (error) {
          log.error({ error: SkepError.from(error).message, pauseMs }, "cannot open the runtime; trying again");
        }
        await env.sleep(pauseMs, signal);
      }
    },
    name: () => name,
    problem: () => problem,
    close: async () => {
      const runtime = await opening?.catch(() => undefined);
      await runtime?.close();
    },
  };
}
