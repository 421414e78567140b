import type { Command } from "commander";
import { SkepError } from "../../../shared/errors.ts";
import { oneLine } from "../../../shared/safe-text.ts";
import { VERSION } from "../../../shared/version.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { compile } from "../../template/template.ts";

export function define(command: Command, context: CommandContext): void {
  command.option("-f, --format <format>", 'json, or a template: "{{.Server.Version}}"');
  teach(command, [["skep version --format '{{.Client.Version}}'", "the client's alone"]], "skep info");
  command.action((options: { readonly format?: string }) =>
    context.action(async () => {
      const template =
        options.format === undefined || options.format === "json"
          ? undefined
          : compile(options.format, { absent: "no value" });
      const client = { Version: VERSION, NodeVersion: process.version, Os: process.platform, Arch: process.arch };
      let server: { readonly Version: string } | undefined;
      let trouble = "";
      try {
        const { local } = await context.connect();
        server = { Version: (await local.info({})).version };
      } catch (error) {
        trouble = SkepError.from(error).message;
      }
      const all = server === undefined ? { Client: client } : { Client: client, Server: server };
      const { terminal } = context;
      if (template !== undefined) terminal.out(`${template(all)}\n`);
      else if (options.format === "json") terminal.out(`${JSON.stringify(all)}\n`);
      else {
        terminal.out(
          `Client:\n Version:   ${client.Version}\n Node.js:   ${client.NodeVersion}\n OS/Arch:   ${client.Os}/${client.Arch}\n`,
        );
        if (server !== undefined) terminal.out(`\nServer:\n Version:   ${oneLine(server.Version)}\n`);
      }
      if (trouble !== "") terminal.err(`error: ${oneLine(trouble)}\n`);
      return trouble === "" ? 0 : 1;
    }),
  );
}
