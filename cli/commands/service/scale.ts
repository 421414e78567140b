import type { Command } from "commander";
import type { Service, Task } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Connection } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, parsed, teach } from "../../options.ts";
import { parsePair } from "../../parse/pairs.ts";
import { parseReplicas } from "../../parse/quantity.ts";
import { waitForService } from "../../progress/wait.ts";
import { EXIT, UsageError } from "../../usage-error.ts";
import { forEach } from "../each.ts";
import { retryConflict } from "../retry-conflict.ts";

interface Wish {
  readonly ref: string;
  readonly replicas: number;
}

function parseWish(raw: string): Wish {
  const { key, value } = parsePair(raw, "web=5");
  return { ref: key, replicas: parseReplicas(value) };
}

export function define(command: Command, context: CommandContext): void {
  const one = parsed(parseWish);
  command.argument("<service=replicas...>", "like web=5", (raw: string, previous: readonly Wish[] | undefined) => [
    ...(previous ?? []),
    one(raw),
  ]);
  booleanOption(command, "-d, --detach", "return at once instead of waiting until the services have converged");
  booleanOption(command, "-q, --quiet", "no progress");
  teach(
    command,
    [
      ["skep service scale web=5", "and wait until five run"],
      ["skep service scale web=5 api=3", "several at once"],
      ["skep service scale web=0", "stop all tasks, keep the service"],
    ],
    "skep service update --replicas, skep service ps",
  );
  command.action((wishes: readonly Wish[], options: { readonly detach?: boolean; readonly quiet?: boolean }) =>
    context.action(async () => {
      const twice = wishes.find(({ ref }, i) => wishes.findIndex((other) => other.ref === ref) !== i);
      if (twice !== undefined) throw new UsageError(`${twice.ref} is there twice: which number of replicas is meant?`);
      const connection = await context.connect();
      const scaled: { readonly service: Service; readonly tasksBefore: readonly Task[] }[] = [];
      const byRef = new Map(wishes.map((wish) => [wish.ref, wish.replicas]));
      let status = await forEach([...byRef.keys()], context, async (ref) => {
        const replicas = byRef.get(ref) ?? 0;
        scaled.push(await scale(context, connection, ref, replicas));
        context.terminal.out(`${ref} scaled to ${replicas}\n`);
      });
      if (options.detach === true) return status;
      // All were asked before the first is waited for: they converge side by side.
      for (const { service, tasksBefore } of scaled) {
        const outcome = await waitForService(context, {
          quiet: options.quiet === true,
          service,
          tasksBefore,
        });
        if (outcome === EXIT.interrupted) return outcome;
        status = Math.max(status, outcome);
      }
      return status;
    }),
  );
}

async function scale(
  context: CommandContext,
  connection: Connection,
  ref: string,
  replicas: number,
): Promise<{ readonly service: Service; readonly tasksBefore: readonly Task[] }> {
  return await retryConflict(context, async () => {
    const { service } = await connection.control.getService({ ref });
    if (service?.spec === undefined) throw new SkepError("not_found", `no such service: ${ref}`);
    if (service.spec.mode?.kind === "global") {
      throw new SkepError(
        "invalid_argument",
        `${ref}: scale can only be used with replicated services; this one is global`,
      );
    }
    const { tasks } = await connection.control.listTasks({ filters: [{ key: "service", values: [service.id] }] });
    const response = await connection.control.updateService({
      id: service.id,
      version: service.meta?.version ?? 0,
      spec: { ...service.spec, mode: { kind: "replicated", replicas } },
      noResolveImage: true,
      rollback: false,
      keepRegistryAuth: true,
    });
    return { service: response.service ?? service, tasksBefore: tasks };
  });
}
