// A question with a short answer, as Docker asks before what is hard to undo. Where no person sits there nothing is asked; but
// an answer that a script has piped in (`echo y | …`) counts.
import type { Env } from "../shared/env/env.ts";

const MAX_CHARACTERS = 1_024;
/** A pipe that nobody writes to must not hold up a script for good. */
const PIPED_LIMIT_MS = 2_000;

/** The first line of `input`, without its end; undefined: nobody is there. `ask` writes the question, on a terminal only. */
export async function askLine(
  env: Pick<Env, "timer">,
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  ask: (text: string) => void,
  question: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (input.isTTY === true) ask(question);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const onData = (chunk: string | Buffer): void => {
    text += chunk;
    if (text.includes("\n") || text.length > MAX_CHARACTERS) resolve(text);
  };
  const onEnd = (): void => resolve(text);
  const onAbort = (): void => reject(signal.reason);
  const timer = input.isTTY === true ? undefined : env.timer(PIPED_LIMIT_MS, onEnd);
  signal.addEventListener("abort", onAbort, { once: true });
  input.on("data", onData).on("end", onEnd).on("error", onEnd);
  try {
    if (signal.aborted) onAbort();
    const answer = await promise;
    return answer === "" && input.isTTY !== true ? undefined : answer.split(/\r?\n/, 1)[0];
  } finally {
    timer?.cancel();
    signal.removeEventListener("abort", onAbort);
    input.removeListener("data", onData).removeListener("end", onEnd).removeListener("error", onEnd);
    input.pause();
  }
}
