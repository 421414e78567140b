import type { Command } from "commander";
import { newServiceSpec } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, passThrough, teach } from "../../options.ts";
import { waitForService } from "../../progress/wait.ts";
import { container } from "../../service/edit.ts";
import { addNetworkOptions, networkEdits } from "../../service/network-flags.ts";
import { registryAuthFor } from "../../service/registry-auth.ts";
import { addSpecOptions, envEdits, specEdit } from "../../service/spec-options.ts";
import { warn } from "../warn.ts";

interface Options {
  readonly detach?: boolean;
  readonly quiet?: boolean;
  readonly withRegistryAuth?: boolean;
  readonly resolveImage?: boolean;
}

export function define(command: Command, context: CommandContext): void {
  command.argument("<image>", "what to run").argument("[command...]", "arguments of the image's entrypoint");
  passThrough(command);
  booleanOption(command, "-d, --detach", "return at once instead of waiting until the service has converged");
  booleanOption(command, "-q, --quiet", "no progress");
  booleanOption(
    command,
    "--with-registry-auth",
    "send the credentials that ~/.docker/config.json (or $DOCKER_CONFIG) has for the registry",
  );
  booleanOption(command, "--no-resolve-image", "do not ask the registry for the image's digest and platforms");
  addSpecOptions(command, "create");
  addNetworkOptions(command, "create");
  teach(
    command,
    [
      ["skep service create --name web --replicas 5 nginx:1.27", "five replicas, and wait until they run"],
      [
        "skep service create --name web --publish 8080:80 --network front nginx:1.27",
        "answers on every node, port 8080",
      ],
      ["skep service create --name agent --mode global --constraint node.role==worker my/agent", "one on every worker"],
      [
        "skep service create --name job --restart-condition none -e MODE=once -d busybox echo done",
        "with a command of its own",
      ],
      [
        "skep service create --name api --limit-memory 256m --reserve-memory 128m --limit-cpu 0.5 my/api",
        "within limits",
      ],
    ],
    "skep service ps, skep service logs, skep service update, skep service scale",
  );
  command.action((image: string, args: readonly string[], options: Options) =>
    context.action(async () => {
      const edits = await envEdits(command, context);
      const registryAuth = options.withRegistryAuth === true ? await registryAuthFor(image, context) : "";
      const connection = await context.connect();
      const networks = await networkEdits(command, connection.control);
      const own = container(() => ({ image, args, registryAuth }));
      const edit = specEdit(command, "create", [...edits, ...networks, own]);
      const spec = edit(newServiceSpec({ mode: { kind: "replicated", replicas: 1 } }));
      const { service, warnings } = await connection.control.createService({
        spec,
        noResolveImage: options.resolveImage === false,
      });
      warn(context, warnings);
      context.terminal.out(`${service?.id ?? ""}\n`);
      if (options.detach === true || service === undefined) return 0;
      return await waitForService(context, { quiet: options.quiet === true, service, tasksBefore: [] });
    }),
  );
}
