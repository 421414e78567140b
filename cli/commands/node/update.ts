import type { Command } from "commander";
import { newNodeSpec } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { choice, listOption, teach, valueOption } from "../../options.ts";
import { type Pair, parseLabel } from "../../parse/pairs.ts";
import { without } from "../../service/edit.ts";
import { notThere } from "../../service/list-flag.ts";
import { UsageError } from "../../usage-error.ts";
import { retryConflict } from "../retry-conflict.ts";
import { warn } from "../warn.ts";
import { resolveSelf } from "./self.ts";

interface Options {
  readonly availability?: "active" | "pause" | "drain";
  readonly role?: "worker" | "manager";
  readonly advertiseAddr?: string;
  readonly labelAdd?: readonly Pair[];
  readonly labelRm?: readonly string[];
}

export function define(command: Command, context: CommandContext): void {
  command
    .argument("<node>", "id, name, unique prefix of an id, or self")
    .addOption(
      valueOption(
        "--availability <state>",
        "active: gets tasks; pause: gets no new ones; drain: its tasks go elsewhere",
        choice("active", "pause", "drain"),
      ),
    )
    .addOption(valueOption("--role <role>", "worker or manager", choice("worker", "manager")))
    .option("--advertise-addr <ip:port>", "where the node is reached from now on: its address has changed")
    .addOption(listOption("--label-add <key=value>", "add or replace a label", parseLabel))
    .addOption(listOption("--label-rm <key>", "remove a label", (raw) => raw));
  teach(
    command,
    [
      ["skep node update --availability drain node3", "empty a node for maintenance"],
      ["skep node update --advertise-addr 10.0.0.7:7377 node2", "it moved, and cannot tell by itself"],
      ["skep node update --label-add disk=ssd node2", "for --constraint node.labels.disk==ssd"],
    ],
    "skep node ls, skep service create --help (constraints)",
  );
  command.action((ref: string, options: Options) =>
    context.action(async () => {
      if (Object.keys(options).length === 0) throw new UsageError("nothing to change: see `skep node update --help`");
      const connection = await context.connect();
      await retryConflict(context, async () => {
        const node = await connection.control.getNode({ ref: await resolveSelf(ref, connection) });
        const spec = node.spec ?? newNodeSpec();
        let labels = spec.labels;
        for (const key of options.labelRm ?? []) {
          if (!Object.hasOwn(labels, key)) throw notThere(`--label-rm ${key}`, Object.keys(labels));
          labels = without(labels, key);
        }
        for (const { key, value } of options.labelAdd ?? []) labels = { ...labels, [key]: value };
        await connection.control.updateNode({
          id: node.id,
          version: node.meta?.version ?? 0,
          spec: {
            ...spec,
            labels,
            availability: options.availability ?? spec.availability,
            role: options.role ?? spec.role,
          },
          advertiseAddr: options.advertiseAddr ?? "",
        });
      });
      if (options.role !== undefined) {
        const { warnings } = await connection.control.setNodeRole({
          ref: await resolveSelf(ref, connection),
          role: options.role,
        });
        warn(context, warnings);
      }
      context.terminal.out(`${ref}\n`);
      return 0;
    }),
  );
}
