import type { CommandContext } from "../context.ts";

/** What the cluster has to say beside its answer. */
export function warn(context: CommandContext, warnings: readonly string[]): void {
  for (const warning of warnings) context.terminal.err(`warning: ${warning}\n`);
}
