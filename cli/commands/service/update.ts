import type { Command } from "commander";
import { newServiceSpec, type ServiceSpec } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { waitForService } from "../../progress/wait.ts";
import { container, type Edit, task } from "../../service/edit.ts";
import { addNetworkOptions, networkEdits } from "../../service/network-flags.ts";
import { registryAuthFor } from "../../service/registry-auth.ts";
import { addSpecOptions, envEdits, specEdit } from "../../service/spec-options.ts";
import { UsageError } from "../../usage-error.ts";
import { retryConflict } from "../retry-conflict.ts";
import { warn } from "../warn.ts";

interface Options {
  readonly detach?: boolean;
  readonly quiet?: boolean;
  readonly withRegistryAuth?: boolean;
  readonly resolveImage?: boolean;
  readonly force?: boolean;
  readonly rollback?: boolean;
}

/** Flags that say how, not what: alone they change nothing. */
const MANNER = new Set(["detach", "quiet", "resolveImage", "rollback"]);

export function define(command: Command, context: CommandContext): void {
  command.argument("<service>", "id, name, or unique prefix of an id");
  booleanOption(command, "-d, --detach", "return at once instead of waiting until the service has converged");
  booleanOption(command, "-q, --quiet", "no progress");
  booleanOption(command, "--force", "make all tasks anew, also when nothing changed");
  booleanOption(command, "--rollback", "go back to the spec before the last update");
  booleanOption(
    command,
    "--with-registry-auth",
    "send the credentials that ~/.docker/config.json (or $DOCKER_CONFIG) has for the registry",
  );
  booleanOption(command, "--no-resolve-image", "do not ask the registry for the image's digest and platforms");
  addSpecOptions(command, "update");
  addNetworkOptions(command, "update");
  teach(
    command,
    [
      ["skep service update --image nginx:1.28 web", "a new image, one task after the other"],
      ["skep service update --env-add MODE=fast --env-rm OLD web", "change the environment"],
      ["skep service update --publish-add 8443:443 --network-add back web", "another port, another network"],
      ["skep service update --limit-memory 512m web", "change a limit"],
      ["skep service update --force web", "restart all tasks"],
      ["skep service update --rollback web", "back to the spec before"],
    ],
    "skep service inspect, skep service ps, skep service scale",
  );
  command.action((ref: string, options: Options) =>
    context.action(async () => {
      const changes = command.options.some((option) => {
        const name = option.attributeName();
        return !MANNER.has(name) && command.getOptionValueSource(name) === "cli";
      });
      if (options.rollback === true && changes)
        throw new UsageError("--rollback takes the spec before the last update: it goes with no other change");
      if (options.rollback !== true && !changes)
        throw new UsageError("nothing to change: see `skep service update --help`");
      const env = await envEdits(command, context);
      const connection = await context.connect();
      const networks = await networkEdits(command, connection.control);
      const { before, response, tasksBefore } = await retryConflict(context, async () => {
        const found = (await connection.control.getService({ ref })).service;
        if (found === undefined) throw new UsageError(`no such service: ${ref}`);
        const present = found.spec ?? newServiceSpec();
        const edit = specEdit(command, "update", [...env, ...networks, ...(await ownEdits(present))]);
        const { tasks } = await connection.control.listTasks({ filters: [{ key: "service", values: [found.id] }] });
        const sent = await connection.control.updateService({
          id: found.id,
          version: found.meta?.version ?? 0,
          spec: options.rollback === true ? present : edit(present),
          // Only a new image is asked for at the registry: a change of anything else must not bring in a moved tag.
          noResolveImage: options.resolveImage === false || command.getOptionValue("image") === undefined,
          rollback: options.rollback === true,
          keepRegistryAuth: options.withRegistryAuth !== true,
        });
        return { before: found, response: sent, tasksBefore: tasks };
      });
      warn(context, response.warnings);
      context.terminal.out(`${ref}\n`);
      if (options.detach === true) return 0;
      return await waitForService(context, {
        quiet: options.quiet === true,
        service: response.service ?? before,
        tasksBefore,
        isRollback: options.rollback,
      });

      async function ownEdits(present: ServiceSpec): Promise<readonly Edit[]> {
        const edits: Edit[] = [];
        if (options.force === true) edits.push(task((of) => ({ ...of, forceUpdate: of.forceUpdate + 1 })));
        if (options.withRegistryAuth === true) {
          const given: unknown = command.getOptionValue("image");
          const image = specEdit(command, "update", [])(present).taskTemplate?.containerSpec?.image ?? String(given);
          const registryAuth = await registryAuthFor(image, context);
          edits.push(container(() => ({ registryAuth })));
        }
        return edits;
      }
    }),
  );
}
