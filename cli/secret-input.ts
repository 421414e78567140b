// A secret from standard input: a line of what is piped in, or asked for on a terminal, which does not show it.
import type { ReadStream } from "node:tty";
import { SkepError } from "../shared/errors.ts";

const MAX_CHARACTERS = 4_096;
// In raw mode the terminal's own keys are ours to heed.
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

/** What of it is used of a terminal, or of a pipe. */
export type SecretInput = NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;

/** The first line, without its end. `ask` writes `prompt` when a person sits there. */
export async function readSecretLine(
  input: SecretInput,
  ask: (text: string) => void,
  prompt: string,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const isTty = input.isTTY === true;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const onData = (chunk: string | Buffer): void => {
    for (const character of chunk.toString()) {
      if (character === "\n" || character === "\r" || (isTty && character === CTRL_D)) {
        resolve(text);
        return;
      }
      if (character === CTRL_C) {
        reject(new SkepError("canceled", "interrupted"));
        return;
      }
      text = isTty && (character === "\u007f" || character === "\b") ? text.slice(0, -1) : text + character;
    }
    if (text.length > MAX_CHARACTERS) reject(new SkepError("invalid_argument", "that is too long for a key"));
  };
  const onEnd = (): void => resolve(text);
  const onAbort = (): void => reject(signal.reason);
  if (isTty) {
    ask(prompt);
    input.setRawMode?.(true);
  }
  signal.addEventListener("abort", onAbort, { once: true });
  input.setEncoding("utf8");
  input.on("data", onData).on("end", onEnd).on("error", reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    input.removeListener("data", onData).removeListener("end", onEnd).removeListener("error", reject);
    input.pause();
    if (isTty) {
      input.setRawMode?.(false);
      ask("\n");
    }
  }
}
