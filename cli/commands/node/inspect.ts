import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { nodeJson } from "../../docker-json/node.ts";
import { teach } from "../../options.ts";
import { prettyNode } from "../../render/nodes.ts";
import { addInspectOptions, inspectAll } from "../inspect.ts";
import { resolveSelf } from "./self.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<node...>", "id, name, unique prefix of an id, or self");
  addInspectOptions(command);
  teach(
    command,
    [
      ["skep node inspect self --pretty", "the node that answers, for people"],
      ["skep node inspect --format '{{.Status.Addr}}' node2", "one field"],
    ],
    "skep node ls, skep node update",
  );
  command.action((refs: readonly string[]) =>
    context.action(async () => {
      const connection = await context.connect();
      return await inspectAll(refs, command, context, async (ref) => {
        const node = await connection.control.getNode({ ref: await resolveSelf(ref, connection) });
        return { json: nodeJson(node), pretty: () => prettyNode(node) };
      });
    }),
  );
}
