import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { serviceJson } from "../../docker-json/service.ts";
import { teach } from "../../options.ts";
import { prettyService } from "../../render/services.ts";
import { addInspectOptions, inspectAll } from "../inspect.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<service...>", "id, name, or unique prefix of an id");
  addInspectOptions(command);
  teach(
    command,
    [
      ["skep service inspect --pretty web", "for people"],
      ["skep service inspect --format '{{.Spec.Mode.Replicated.Replicas}}' web", "one field"],
      ["skep service inspect --format '{{json .Spec.Labels}}' web", "a part as JSON"],
    ],
    "skep service ps, skep service update",
  );
  command.action((refs: readonly string[]) =>
    context.action(async () => {
      const { control } = await context.connect();
      return await inspectAll(refs, command, context, async (ref) => {
        const found = await control.getService({ ref });
        return {
          json: found.service === undefined ? null : serviceJson(found.service),
          pretty: () => prettyService(found, context.env.wallMs()),
        };
      });
    }),
  );
}
