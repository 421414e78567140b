import type { Command } from "commander";
import type { Connection } from "../../connection.ts";
import type { CommandContext } from "../../context.ts";
import { choice, teach, valueOption } from "../../options.ts";
import { warn } from "../warn.ts";

interface Options {
  readonly token: string;
  readonly advertiseAddr?: string;
  readonly listenAddr?: string;
  readonly dataPathAddr?: string;
  readonly availability?: "active" | "pause" | "drain";
}

// The CSR, and for a manager its place in Raft, are waited for.
const TIMEOUT_MS = 120_000;

/** The daemon waits for 15 s at most. */
const FINDINGS_TIMEOUT_MS = 20_000;
const NOT_TESTED =
  "whether this node and the others reach one another is not known yet: run `skep network check` on a manager";

export function define(command: Command, context: CommandContext): void {
  command
    .argument("<host:port...>", "managers, tried in this order")
    .requiredOption("--token <token>", "from `skep swarm join-token`: it decides the role")
    .option(
      "--advertise-addr <ip|interface[:port]>",
      "the address told to other nodes; needed when this host has several",
    )
    .option("--listen-addr <ip|interface[:port]>", "the address to listen on (default: 0.0.0.0:7377)")
    .option(
      "--data-path-addr <ip|interface>",
      "where this node takes the packets of overlay networks (default: the advertised address)",
    )
    .addOption(
      valueOption(
        "--availability <state>",
        "active, pause or drain (default active)",
        choice("active", "pause", "drain"),
      ),
    );
  teach(
    command,
    [["skep swarm join --token SWMTKN-1-… 10.0.0.1:7377", "as the token's role"]],
    "skep swarm join-token, skep swarm leave",
  );
  command.action((remoteAddrs: readonly string[], options: Options) =>
    context.action(async () => {
      const { local } = await context.connect();
      const { role } = await local.join(
        {
          token: options.token,
          remoteAddrs,
          advertiseAddr: options.advertiseAddr ?? "",
          listenAddr: options.listenAddr ?? "",
          dataPathAddr: options.dataPathAddr ?? "",
          availability: options.availability ?? "active",
        },
        { timeoutMs: TIMEOUT_MS },
      );
      context.terminal.out(`This node joined a swarm as a ${role}.\n`);
      await warnOfNetwork(context, local);
      return 0;
    }),
  );
}

/** What the check of the new node's network finds. It has joined, whatever is found, and whether or not anything is. */
async function warnOfNetwork(context: CommandContext, local: Connection["local"]): Promise<void> {
  try {
    const { state, problems } = await local.networkFindings({}, { timeoutMs: FINDINGS_TIMEOUT_MS });
    warn(context, state === "tested" ? problems : [NOT_TESTED, ...problems]);
  } catch {
    warn(context, [NOT_TESTED]);
  }
}
