import type { Command } from "commander";
import type { InfoResponse } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Connection } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { infoFields, infoText, type SwarmFacts } from "../../render/info.ts";
import { compile } from "../../template/template.ts";

export function define(command: Command, context: CommandContext): void {
  command.option("-f, --format <format>", 'json, or a template: "{{.Swarm.LocalNodeState}}"');
  teach(
    command,
    [
      ["skep info", "this node's daemon, and its part in the swarm"],
      ["skep info --format '{{.Swarm.NodeID}}'", "this node's id"],
      ["skep info --format '{{json .Swarm.Cluster.Spec}}'", "the swarm's settings, on a manager"],
    ],
    "skep status, skep version, skep node inspect self",
  );
  command.action((options: { readonly format?: string }) =>
    context.action(async () => {
      const template =
        options.format === undefined || options.format === "json"
          ? undefined
          : compile(options.format, { absent: "no value" });
      const connection = await context.connect();
      const info = await connection.local.info({});
      const swarm = await swarmFacts(connection, info);
      if (template !== undefined) context.terminal.out(`${template(infoFields(info, swarm))}\n`);
      else if (options.format === "json") context.terminal.out(`${JSON.stringify(infoFields(info, swarm))}\n`);
      else context.terminal.out(infoText(info, swarm, context.env.wallMs()));
      return 0;
    }),
  );
}

/** A leader answers at once; where there is none, what this node says of itself is told without it. */
const SWARM_TIMEOUT_MS = 3_000;

/** What managers alone know. */
async function swarmFacts({ control }: Connection, info: InfoResponse): Promise<SwarmFacts | undefined> {
  if (!info.controlAvailable) return undefined;
  const options = { timeoutMs: SWARM_TIMEOUT_MS };
  try {
    const [cluster, { nodes }] = await Promise.all([
      control.getCluster({}, options),
      control.listNodes({ filters: [] }, options),
    ]);
    return { kind: "known", cluster, nodes };
  } catch (error) {
    return { kind: "unknown", why: SkepError.from(error).message };
  }
}
