// Commands that take several objects: every one is tried, each failure is told, and one failure makes the status 1.
import { SkepError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/safe-text.ts";
import type { CommandContext } from "../context.ts";
import { EXIT, UsageError } from "../usage-error.ts";

export async function forEach(
  refs: readonly string[],
  context: CommandContext,
  work: (ref: string) => Promise<void>,
): Promise<number> {
  let status: number = EXIT.ok;
  for (const ref of refs) {
    try {
      await work(ref);
    } catch (error) {
      if (context.signal.aborted || error instanceof UsageError) throw error;
      context.terminal.err(`error: ${oneLine(SkepError.from(error).message)}\n`);
      status = EXIT.failed;
    }
  }
  return status;
}
