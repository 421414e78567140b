import { oneLine } from "../../shared/safe-text.ts";
import type { CommandContext } from "../context.ts";

/** What the cluster has to say beside its answer. */
export function warn(context: CommandContext, warnings: readonly string[]): void {
  for (const warning of warnings) context.terminal.err(`warning: ${oneLine(warning)}\n`);
}
