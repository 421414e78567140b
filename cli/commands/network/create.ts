import type { Command } from "commander";
import { newListRequest } from "../../../proto/gen/control.ts";
import { newNetworkSpec } from "../../../proto/gen/objects.ts";
import { isEncrypted, networkOptionProblem } from "../../../shared/model/networks.ts";
import type { Connection } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, checked, choice, listOption, teach, valueOption } from "../../options.ts";
import { ipamOf } from "../../parse/ipam.ts";
import { type Pair, parseLabel, parsePair } from "../../parse/pairs.ts";
import { forEach } from "../each.ts";
import { warn } from "../warn.ts";

interface Options {
  readonly driver: string;
  readonly subnet?: readonly string[];
  readonly gateway?: readonly string[];
  readonly ipRange?: readonly string[];
  readonly label?: readonly Pair[];
  readonly opt?: readonly Pair[];
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ingress?: boolean;
  readonly ipv6?: boolean;
}

const record = (pairs: readonly Pair[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((pairs ?? []).map(({ key, value }) => [key, value]));

/** "encrypted" alone is a switch; others have a value. */
function parseOpt(raw: string): Pair {
  const pair = raw.includes("=") ? parsePair(raw, "com.docker.network.driver.mtu=1400") : { key: raw, value: "" };
  checked(raw, () => networkOptionProblem(pair.key, pair.value, false));
  return pair;
}

const MAX_NAMED = 3;

/** Of nodes where encryption is slow, or cannot be; what cannot be asked now is no reason to fail: the network is made. */
async function costs(control: Pick<Connection["control"], "listNodes">): Promise<readonly string[]> {
  const { nodes } = await control.listNodes(newListRequest()).catch(() => ({ nodes: [] }));
  const found = nodes.filter(({ description }) => (description?.tunnelProblem ?? "") !== "");
  const told = found
    .slice(0, MAX_NAMED)
    .map(({ id, description }) => `node ${description?.hostname ?? id}: ${description?.tunnelProblem}`);
  return found.length > MAX_NAMED ? [...told, `and ${found.length - MAX_NAMED} more: skep network check`] : told;
}

export function define(command: Command, context: CommandContext): void {
  command
    .argument("<network>", "the new network's name")
    .addOption(
      valueOption("-d, --driver <driver>", "overlay: all of the swarm's nodes", choice("overlay")).default("overlay"),
    )
    .addOption(
      listOption(
        "--subnet <cidr>",
        "10.1.0.0/24 (default: one from the swarm's pool); two for dual stack",
        (raw) => raw,
      ),
    )
    .addOption(listOption("--gateway <ip>", "of a subnet (default: its first address)", (raw) => raw))
    .addOption(listOption("--ip-range <cidr>", "part of a subnet that tasks' addresses come from", (raw) => raw))
    .addOption(listOption("--label <key=value>", "label of the network", parseLabel))
    .addOption(listOption("-o, --opt <key=value>", "encrypted; com.docker.network.driver.mtu=1400", parseOpt))
    .addOption(valueOption("--scope <scope>", "swarm is the only one", choice("swarm")));
  booleanOption(command, "--internal", "no way out of it, and no published ports into it");
  booleanOption(command, "--attachable", "kept for `network inspect`; skep runs services only, no single containers");
  booleanOption(command, "--ipv6", "an IPv6 subnet too (--ingress has one unless --ipv6=false)");
  booleanOption(command, "--ingress", "the network of published ports, in place of the one that was removed");
  teach(
    command,
    [
      ["skep network create front", "services on it find each other by name, on all nodes"],
      ["skep network create --subnet 10.20.0.0/16 --ip-range 10.20.4.0/22 back", "with addresses of your choice"],
      ["skep network create --opt encrypted --internal vault", "encrypted between nodes, no way out"],
    ],
    "skep network ls, skep service create --network",
  );
  command.action((name: string, options: Options) =>
    context.action(async () => {
      const spec = newNetworkSpec({
        name,
        driver: options.driver,
        labels: record(options.label),
        driverOpts: record(options.opt),
        internal: options.internal === true,
        attachable: options.attachable === true,
        ingress: options.ingress === true,
        // As the one that `swarm init` makes.
        ipv6Enabled: options.ipv6 ?? options.ingress === true,
        ipam: ipamOf(options.subnet ?? [], options.gateway ?? [], options.ipRange ?? []),
      });
      const { control } = await context.connect();
      return await forEach([name], context, async () => {
        const network = await control.createNetwork({ spec });
        context.terminal.out(`${network.id}\n`);
        if (isEncrypted(spec)) warn(context, await costs(control));
      });
    }),
  );
}
