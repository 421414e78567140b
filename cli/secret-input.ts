// A secret from standard input: a line of what is piped in, or asked for on a terminal, which does not show it.
import type { ReadStream } from "node:tty";
import { SkepError } from "../shared/errors.ts";

const MAX_CHARACTERS = 4_096;

/** The first line, without its end. `prompt` is written by `ask` when a person sits there. */
export async function readSecretLine(
  input: ReadStream | NodeJS.ReadStream,
  ask: (text: string) => void,
  prompt: string,
  signal: AbortSignal,
): Promise<string> {
  const isTty = input.isTTY === true;
  if (isTty) {
    ask(prompt);
    input.setRawMode(true);
  }
  input.setEncoding("utf8");
  try {
    return await new Promise((resolve, reject) => {
      let text = "";
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      input.on("data", (chunk: string) => {
        for (const character of chunk) {
          if (character === "\n" || character === "\r") return resolve(text);
          if (character === "\u0003") return reject(new SkepError("canceled", "interrupted")); // Ctrl-C, in raw mode
          text = isTty && (character === "\u007f" || character === "\b") ? text.slice(0, -1) : text + character;
        }
        if (text.length > MAX_CHARACTERS) reject(new SkepError("invalid_argument", "that is too long for a key"));
      });
      input.on("end", () => resolve(text));
      input.on("error", reject);
    });
  } finally {
    if (isTty) {
      input.setRawMode(false);
      ask("\n");
    }
    input.pause();
    input.removeAllListeners("data");
  }
}
