import type { Command } from "commander";
import { newRestoreOptions, newRestoreRequest, type RestoreRequest } from "../../../proto/gen/local.ts";
import { parseBackup } from "../../../shared/backup/file.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { UsageError } from "../../usage-error.ts";

interface Options {
  readonly advertiseAddr?: string;
  readonly listenAddr?: string;
}

const PIECE_BYTES = 1 << 20;
const TIMEOUT_MS = 120_000;

export function define(command: Command, context: CommandContext): void {
  command
    .argument("<file>", "what `skep swarm backup` wrote")
    .option(
      "--advertise-addr <ip|interface[:port]>",
      "the address told to other nodes; needed when this host has several",
    )
    .option("--listen-addr <ip|interface[:port]>", "the address to listen on (default: 0.0.0.0:7377)");
  teach(
    command,
    [["skep swarm restore --advertise-addr 10.0.0.9 swarm.skep", "a new host takes the swarm up, as its only manager"]],
    "skep swarm backup, skep node promote, skep swarm join-token",
  );
  command.action((path: string, options: Options) =>
    context.action(async () => {
      const file = await context.files.readBytes(path).catch((error: unknown) => {
        throw new UsageError(`cannot read ${path}: ${SkepError.from(error).message}`);
      });
      parseBackup(file); // before anything is asked: a damaged file changes nothing
      const { local } = await context.connect();
      const request = { advertiseAddr: options.advertiseAddr ?? "", listenAddr: options.listenAddr ?? "" };
      const { nodeId, notes } = await local.restore(upload(file, request), { timeoutMs: TIMEOUT_MS });
      context.terminal.out(`Swarm restored: current node (${nodeId}) is now its manager.\n\n`);
      context.terminal.out(notes.map((note) => `${note}\n`).join(""));
      return 0;
    }),
  );
}

async function* upload(
  file: Uint8Array,
  options: { readonly advertiseAddr: string; readonly listenAddr: string },
): AsyncGenerator<RestoreRequest> {
  yield newRestoreRequest({ options: newRestoreOptions(options) });
  for (let at = 0; at < file.length; at += PIECE_BYTES) {
    yield newRestoreRequest({ data: file.subarray(at, at + PIECE_BYTES) });
  }
}
