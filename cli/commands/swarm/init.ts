import type { Command } from "commander";
import { newClusterSpec } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { choice, teach, valueOption } from "../../options.ts";
import { addSettings, applySettings, type SettingsOptions } from "./settings.ts";
import { joinText } from "./words.ts";

interface Options extends SettingsOptions {
  readonly advertiseAddr?: string;
  readonly listenAddr?: string;
  readonly availability?: "active" | "pause" | "drain";
}

export function define(command: Command, context: CommandContext): void {
  command
    .option(
      "--advertise-addr <ip|interface[:port]>",
      "the address told to other nodes; needed when this host has several",
    )
    .option("--listen-addr <ip|interface[:port]>", "the address to listen on (default: 0.0.0.0:7377)")
    .addOption(
      valueOption(
        "--availability <state>",
        "active, pause or drain (default active)",
        choice("active", "pause", "drain"),
      ),
    );
  addSettings(command, "init");
  teach(
    command,
    [
      ["skep swarm init", "on the first host"],
      ["skep swarm init --advertise-addr 10.0.0.1", "on a host with several addresses"],
    ],
    "skep swarm join, skep swarm join-token, skep node ls",
  );
  command.action((options: Options) =>
    context.action(async () => {
      const { local } = await context.connect();
      const { nodeId, joinTokens, addr } = await local.init({
        advertiseAddr: options.advertiseAddr ?? "",
        listenAddr: options.listenAddr ?? "",
        availability: options.availability ?? "active",
        spec: applySettings(newClusterSpec(), options),
      });
      context.terminal.out(
        `Swarm initialized: current node (${nodeId}) is now a manager.\n\n` +
          `${joinText("worker", joinTokens?.worker ?? "", addr)}\n` +
          "To add a manager to this swarm, run 'skep swarm join-token manager' and follow the instructions.\n",
      );
      return 0;
    }),
  );
}
