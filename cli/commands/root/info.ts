import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { infoFields, infoText } from "../../render/info.ts";
import { compile } from "../../template/template.ts";

export function define(command: Command, context: CommandContext): void {
  command.option("-f, --format <format>", 'json, or a template: "{{.Swarm.LocalNodeState}}"');
  teach(
    command,
    [
      ["skep info", "this node's daemon, and its part in the swarm"],
      ["skep info --format '{{.Swarm.NodeID}}'", "this node's id"],
    ],
    "skep status, skep version, skep node inspect self",
  );
  command.action((options: { readonly format?: string }) =>
    context.action(async () => {
      const template =
        options.format === undefined || options.format === "json"
          ? undefined
          : compile(options.format, { absent: "no value" });
      const { local } = await context.connect();
      const info = await local.info({});
      if (template !== undefined) context.terminal.out(`${template(infoFields(info))}\n`);
      else if (options.format === "json") context.terminal.out(`${JSON.stringify(infoFields(info))}\n`);
      else context.terminal.out(infoText(info, context.env.wallMs()));
      return 0;
    }),
  );
}
