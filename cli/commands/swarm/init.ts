import type { Command } from "commander";
import { newClusterSpec } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, choice, teach, valueOption } from "../../options.ts";
import { UsageError } from "../../usage-error.ts";
import { addSettings, applySettings, type SettingsOptions } from "./settings.ts";
import { joinText, unlockText } from "./words.ts";

interface Options extends SettingsOptions {
  readonly advertiseAddr?: string;
  readonly listenAddr?: string;
  readonly dataPathAddr?: string;
  readonly availability?: "active" | "pause" | "drain";
  readonly forceNewCluster?: boolean;
  readonly force?: boolean;
}

export function define(command: Command, context: CommandContext): void {
  command
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
  booleanOption(
    command,
    "--force-new-cluster",
    "on a manager that survived: go on with the swarm as its only manager, the others being lost for good",
  );
  booleanOption(command, "-f, --force", "with --force-new-cluster: though a quorum of managers still answers");
  addSettings(command, "init");
  teach(
    command,
    [
      ["skep swarm init", "on the first host"],
      ["skep swarm init --advertise-addr 10.0.0.1", "on a host with several addresses"],
      ["skep swarm init --force-new-cluster", "the quorum is lost for good, and this manager is left"],
    ],
    "skep swarm join, skep swarm join-token, skep node ls",
  );
  command.action((options: Options) =>
    context.action(async () => {
      const { local } = await context.connect();
      if (options.force === true && options.forceNewCluster !== true)
        throw new UsageError("--force goes with --force-new-cluster only");
      const { nodeId, joinTokens, addr, notes, unlockKey } = await local.init({
        advertiseAddr: options.advertiseAddr ?? "",
        listenAddr: options.listenAddr ?? "",
        dataPathAddr: options.dataPathAddr ?? "",
        availability: options.availability ?? "active",
        spec: applySettings(newClusterSpec(), options),
        forceNewCluster: options.forceNewCluster === true,
        force: options.force === true,
      });
      if (options.forceNewCluster === true) {
        context.terminal.out(notes.map((note) => `${note}\n`).join(""));
        return 0;
      }
      context.terminal.out(
        `Swarm initialized: current node (${nodeId}) is now a manager.\n\n` +
          `${joinText("worker", joinTokens?.worker ?? "", addr)}\n` +
          "To add a manager to this swarm, run 'skep swarm join-token manager' and follow the instructions.\n" +
          (unlockKey === "" ? "" : `\n${unlockText(unlockKey)}`),
      );
      return 0;
    }),
  );
}
