import type { Command } from "commander";
import { isCode, SkepError } from "../../../shared/errors.ts";
import type { ControlCalls } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { forEach } from "../each.ts";

const INGRESS_QUESTION =
  "WARNING! Without the routing mesh's network no service of the swarm can publish a port in mode ingress, until there is\n" +
  "another one (skep network create --ingress).\n" +
  "Are you sure you want to continue? [y/N] ";

export function define(command: Command, context: CommandContext): void {
  command.argument("<network...>", "id, name, or unique prefix of an id");
  booleanOption(command, "-f, --force", "ask nothing, and take a network that is not there as removed");
  teach(
    command,
    [
      ["skep network rm front back", "networks that no service uses"],
      ["skep network rm --force ingress", "the routing mesh's network, without the question"],
    ],
    "skep network ls, skep network prune",
  );
  command.action((refs: readonly string[], options: { readonly force?: boolean }) =>
    context.action(async () => {
      const { control } = await context.connect();
      const force = options.force === true;
      return await forEach(refs, context, async (ref) => {
        if (!force && !(await mayRemove(ref, control, context))) return;
        try {
          await control.removeNetwork({ ref, force: false });
        } catch (error) {
          if (!force || !isCode(error, "not_found")) throw error;
        }
        context.terminal.out(`${ref}\n`);
      });
    }),
  );
}

/**
 * Of the ingress network a person is asked first. What is wrong with `ref` is left to the removal to say.
 * @throws {SkepError} `failed_precondition`: nobody is there to ask.
 */
async function mayRemove(ref: string, control: ControlCalls, context: CommandContext): Promise<boolean> {
  const details = await control.getNetwork({ ref }).catch(() => undefined);
  if (details?.network?.spec?.ingress !== true) return true;
  const answer = await context.ask(INGRESS_QUESTION);
  if (answer !== undefined) return /^y(es)?$/i.test(answer.trim());
  throw new SkepError(
    "failed_precondition",
    `${ref} is the routing mesh's network, and there is no terminal to ask whether it may go: repeat it with --force`,
  );
}
