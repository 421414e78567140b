// Both halves of the program are loaded only when asked for: the daemon has no use for the command line, nor the other way
// round.
import { join } from "node:path";
import { type Source, unchanged } from "../deploy/bundle/fresh.ts";

/** What a checkout's bundle was made from; not there when the sources run themselves, nor in an installed skep. */
declare const BUNDLED_SOURCES: readonly Source[];

async function main(args: readonly string[]): Promise<void> {
  if (typeof BUNDLED_SOURCES !== "undefined") {
    const root = join(import.meta.dirname, "..");
    if (!unchanged(root, BUNDLED_SOURCES)) {
      const sources: string = join(root, "bin/skep.ts"); // not a literal: this one is not bundled
      await import(sources);
      return;
    }
  }
  const [command, ...rest] = args;
  if (command === "daemon") {
    const { runDaemon } = await import("./daemon/main.ts");
    process.exit(await runDaemon(rest)); // whatever is still open: the daemon has let go of it
  } else {
    const { runCli } = await import("../cli/main.ts");
    process.exitCode = await runCli([...args]);
  }
}

void main(process.argv.slice(2));
