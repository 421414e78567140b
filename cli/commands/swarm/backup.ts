import type { Command } from "commander";
import { type Backup, parseBackup } from "../../../shared/backup/file.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { UsageError } from "../../usage-error.ts";
import { warn } from "../warn.ts";

export function define(command: Command, context: CommandContext): void {
  command.argument("<file>", "where to write it; replaced once the new one is whole and verified");
  teach(
    command,
    [
      ["skep swarm backup /backup/swarm.skep", "on any manager, while everything runs"],
      ["skep swarm restore /backup/swarm.skep", "later, on a host in no swarm"],
    ],
    "skep swarm restore, skep swarm init --force-new-cluster",
  );
  command.action((path: string) =>
    context.action(async () => {
      const { control } = await context.connect();
      let backup: Backup | undefined;
      try {
        await context.files.writeSecret(path, pieces(control.backup({})), (written) => {
          backup = parseBackup(written);
        });
      } catch (error) {
        if (!(error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error))
          throw error;
        throw new UsageError(`cannot write ${path}: ${error.message}`);
      }
      if (backup === undefined) return 1;
      const { raftIndex, snapshotBytes } = backup.header;
      context.terminal.out(`${path}: the swarm as of log entry ${raftIndex}, ${snapshotBytes} bytes, verified.\n`);
      warn(context, ["the file holds the CA's key and all secrets: whoever reads it owns the swarm. Keep it so"]);
      return 0;
    }),
  );
}

async function* pieces(chunks: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { data } of chunks) yield data;
}
