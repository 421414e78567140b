// The edge: the process's streams, variables and signals become a CliContext; nothing below reads them itself.
import { realEnv } from "../shared/env/real-env.ts";
import { SkepError } from "../shared/errors.ts";
import type { CliContext } from "./context.ts";
import { run } from "./run.ts";
import { processTerminal } from "./terminal.ts";

/**
 * Runs one command line.
 * @param argv the words after "skep".
 * @returns the exit status: 0 ok, 1 the operation failed, 2 the command line is wrong, 130 interrupted.
 */
export async function runCli(argv: string[]): Promise<number> {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new SkepError("canceled", "interrupted"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  // `skep service logs … | head`: the reader is satisfied, so are we. The error comes after the write, perhaps after all else
  // is done: the listener stays.
  let readerGone = false;
  const onPipe = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
    readerGone = true;
    interrupt();
  };
  process.stdout.on("error", onPipe);
  process.stderr.on("error", () => undefined); // nobody reads warnings: the status still tells
  const context: CliContext = {
    env: realEnv,
    terminal: processTerminal(process.stdout, process.stderr, process.env),
    vars: process.env,
    files: {
      // Loaded when needed: most commands read no file.
      readText: async (path) => await (await import("node:fs/promises")).readFile(path, "utf8"),
      readBytes: async (path) => await (await import("node:fs/promises")).readFile(path),
      writeSecret: async (path, pieces, verify) => {
        const { writeSecretFile } = await import("./secret-file.ts");
        await writeSecretFile(path, pieces, verify);
      },
    },
    readSecret: async (prompt) => {
      const { readSecretLine } = await import("./secret-input.ts");
      return await readSecretLine(process.stdin, (text) => process.stderr.write(text), prompt, abort.signal);
    },
    ask: async (question) => {
      const { askLine } = await import("./ask-line.ts");
      return await askLine(realEnv, process.stdin, (text) => process.stderr.write(text), question, abort.signal);
    },
    signal: abort.signal,
    isRoot: process.getuid?.() === 0,
    findDevSockets: async (target) => {
      const { devSocket, findDevSockets } = await import("../deploy/dev/find.ts");
      return target === undefined ? findDevSockets() : [devSocket(target)];
    },
  };
  try {
    const status = await run(argv, context);
    // A dev command that ran another program (`dev exec`) leaves that program's status there.
    const foreign = typeof process.exitCode === "number" ? process.exitCode : 0;
    return readerGone ? 0 : status === 0 ? foreign : status;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
