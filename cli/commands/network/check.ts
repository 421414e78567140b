import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { networkCheckText } from "../../render/network-check.ts";

// Nodes are waited for up to 8 s in each of three steps.
const TIMEOUT_MS = 30_000;

export function define(command: Command, context: CommandContext): void {
  command.argument("[node]", "only its ways to others and back (id, name, or unique prefix of an id)");
  booleanOption(command, "-v, --verbose", "every way, not only those that fail");
  teach(
    command,
    [
      ["skep network check", "can all nodes reach one another, by every port that they need?"],
      ["skep network check node3", "only from and to node3"],
    ],
    "skep status, skep network inspect --verbose",
  );
  command.addHelpText(
    "after",
    "\nTests between nodes: TCP of the daemon, VXLAN (UDP) with packets of every size, tunnels of encrypted networks, clocks.\n" +
      "\nExit status:\n  0  all is well\n  1  something is wrong: it says what, and what to open",
  );
  command.action((node: string | undefined, options: { readonly verbose?: boolean }) =>
    context.action(async () => {
      const { terminal } = context;
      const { control } = await context.connect();
      const answer = await control.checkNetwork({ node: node ?? "" }, { timeoutMs: TIMEOUT_MS });
      terminal.out(networkCheckText(answer, { verbose: options.verbose === true, colour: terminal.colour }));
      return answer.problems.length === 0 ? 0 : 1;
    }),
  );
}
