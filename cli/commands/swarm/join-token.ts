import { Argument, type Command } from "commander";
import type { NodeRole } from "../../../proto/gen/objects.ts";
import type { Connection } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { retryConflict } from "../retry-conflict.ts";
import { joinText } from "./words.ts";

export function define(command: Command, context: CommandContext): void {
  command.addArgument(new Argument("<role>", "what it lets nodes join as").choices(["worker", "manager"]));
  booleanOption(command, "--rotate", "make a new one: the old one lets nobody in any more; nodes that joined stay");
  booleanOption(command, "-q, --quiet", "the token only");
  teach(
    command,
    [
      ["skep swarm join-token worker", "the command to run on a new worker"],
      ["skep swarm join-token --rotate -q manager", "a new token, for a script"],
    ],
    "skep swarm join",
  );
  command.action((role: NodeRole, options: { readonly rotate?: boolean; readonly quiet?: boolean }) =>
    context.action(async () => {
      const connection = await context.connect();
      const cluster =
        options.rotate === true
          ? await retryConflict(context, async () => {
              const present = await connection.control.getCluster({});
              return await connection.control.updateCluster({
                version: present.meta?.version ?? 0,
                spec: present.spec,
                rotateWorkerToken: role === "worker",
                rotateManagerToken: role === "manager",
              });
            })
          : await connection.control.getCluster({});
      const token = cluster.rootCa?.joinTokens?.[role] ?? "";
      if (options.quiet === true) {
        context.terminal.out(`${token}\n`);
        return 0;
      }
      if (options.rotate === true) context.terminal.out(`Successfully rotated ${role} join token.\n\n`);
      context.terminal.out(`${joinText(role, token, await managerAddr(connection))}\n`);
      return 0;
    }),
  );
}

/** Where to join: this very manager's address, else any that is known. */
async function managerAddr(connection: Connection): Promise<string> {
  const [info, { nodes }] = await Promise.all([
    connection.local.info({}),
    connection.control.listNodes({ filters: [] }),
  ]);
  const own = nodes.find((node) => node.id === info.nodeId)?.managerStatus?.addr ?? "";
  return own === "" ? (info.managers[0] ?? info.nodeAddr) : own;
}
