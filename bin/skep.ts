// Both halves of the program are loaded only when asked for: the daemon has no use for the command line, nor the other way
// round.
import { join } from "node:path";
import type { Sources } from "../deploy/bundle/bundle.ts";
import { unchanged } from "../deploy/bundle/fresh.ts";

/** What a checkout's bundle was made from; not there when the sources run themselves, nor in an installed skep. */
declare const BUNDLED_SOURCES: Sources;

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  const part = command === "daemon" ? "daemon" : "cli";
  if (typeof BUNDLED_SOURCES !== "undefined") {
    const root = join(import.meta.dirname, "..");
    if (!unchanged(root, BUNDLED_SOURCES[part])) {
      const sources: string = join(root, "bin/skep.ts"); // not a literal: this one is not bundled
      await import(sources);
      return;
    }
  }
  if (part === "daemon") {
    const { runDaemon } = await import("./daemon/main.ts");
    process.exit(await runDaemon(rest)); // whatever is still open: the daemon has let go of it
  } else {
    const { runCli } = await import("../cli/main.ts");
    process.exitCode = await runCli([...args]);
  }
}

/** The launcher puts a "=" before words that Node could take for its own options. */
const asTyped = (word: string): string => (word.startsWith("=") ? word.slice(1) : word);

void main(process.argv.slice(2).map(asTyped));
