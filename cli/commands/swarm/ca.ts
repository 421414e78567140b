import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach, valueOption } from "../../options.ts";
import { parseDuration } from "../../parse/duration.ts";
import { waitForRotation } from "../../progress/root-rotation.ts";
import { UsageError } from "../../usage-error.ts";
import { retryConflict } from "../retry-conflict.ts";
import { applySettings } from "./settings.ts";

interface Options {
  readonly rotate?: boolean;
  readonly caCert?: string;
  readonly caKey?: string;
  readonly certExpiry?: number;
  readonly detach?: boolean;
  readonly quiet?: boolean;
}

export function define(command: Command, context: CommandContext): void {
  booleanOption(command, "--rotate", "replace the root CA: every node gets a new certificate, nothing stops");
  command.option("--ca-cert <file>", "with --rotate: PEM of the root to take, instead of a new one");
  command.option("--ca-key <file>", "with --rotate: PEM of its key, ECDSA P-256");
  command.addOption(
    valueOption("--cert-expiry <duration>", "with --rotate: lifetime of a node's certificate", parseDuration),
  );
  booleanOption(command, "-d, --detach", "do not wait for the nodes");
  booleanOption(command, "-q, --quiet", "no progress");
  teach(
    command,
    [
      ["skep swarm ca", "the root certificate, PEM"],
      ["skep swarm ca --rotate", "another root; waits until every node has followed"],
    ],
    "skep swarm join-token, skep node ls --format '{{.Hostname}} {{.TLSStatus}}'",
  );
  command.action((options: Options) =>
    context.action(async () => {
      if (options.rotate !== true) {
        const given = Object.entries({
          "--ca-cert": options.caCert,
          "--ca-key": options.caKey,
          "--cert-expiry": options.certExpiry,
          "--detach": options.detach,
        }).find(([, value]) => value !== undefined);
        if (given !== undefined) throw new UsageError(`${given[0]} goes with --rotate`);
      }
      if ((options.caCert === undefined) !== (options.caKey === undefined)) {
        throw new UsageError("--ca-cert and --ca-key belong together: give both");
      }
      const { control } = await context.connect();
      if (options.rotate === true) {
        const [caCert, caKey] = await Promise.all([pem(context, options.caCert), pem(context, options.caKey)]);
        const { certExpiry } = options;
        if (certExpiry !== undefined) {
          await retryConflict(context, async () => {
            const { meta, spec } = await control.getCluster({});
            if (spec === undefined) return;
            await control.updateCluster({
              version: meta?.version ?? 0,
              spec: applySettings(spec, { certExpiry }),
              rotateWorkerToken: false,
              rotateManagerToken: false,
            });
          });
        }
        const { rootCa } = await control.rotateCA({ caCert, caKey });
        if (options.detach === true) return 0;
        const status = await waitForRotation(context, {
          digest: rootCa?.rotation?.caCertHash ?? "",
          quiet: options.quiet === true,
        });
        if (status !== 0 || options.quiet === true) return status;
      }
      const { rootCa } = await (await context.connect()).control.getCluster({});
      context.terminal.out(Buffer.from(rootCa?.caCert ?? []).toString());
      return 0;
    }),
  );
}

async function pem(context: CommandContext, path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return new Uint8Array(0);
  try {
    return await context.files.readBytes(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
