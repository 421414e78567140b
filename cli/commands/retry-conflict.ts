import { isCode, SkepError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";

/** By then others have changed it dozens of times between our reading and writing: that is no accident any more. */
const DEADLINE_MS = 30_000;
const FIRST_PAUSE_MS = 25;
const MAX_PAUSE_MS = 1_000;

/**
 * Read, change, write: somebody else may write between. Docker's CLI then fails; we read again, as the user named what he
 * wants, not what he saw. `work` must do its own reading. Pauses are random, so that many who collided once do not again.
 * @throws {SkepError} `conflict` after 30 seconds; whatever else `work` throws, at once.
 */
export async function retryConflict<T>(
  { env, signal }: Pick<CliContext, "env" | "signal">,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = env.nowMs();
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isCode(error, "conflict")) throw error;
      if (env.nowMs() - startMs >= DEADLINE_MS) {
        const { message } = SkepError.from(error);
        throw new SkepError("conflict", `${message}: for ${DEADLINE_MS / 1000} s others changed it each time`, {
          cause: error,
        });
      }
    }
    await env.sleep(env.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt), signal);
  }
}
