import type { Command } from "commander";
import { newClusterSpec } from "../../../proto/gen/objects.ts";
import type { CommandContext } from "../../context.ts";
import { teach } from "../../options.ts";
import { UsageError } from "../../usage-error.ts";
import { retryConflict } from "../retry-conflict.ts";
import { addSettings, applySettings, type SettingsOptions } from "./settings.ts";
import { unlockText } from "./words.ts";

export function define(command: Command, context: CommandContext): void {
  addSettings(command, "update");
  teach(
    command,
    [
      ["skep swarm update --task-history-limit 2", "keep less history"],
      ["skep swarm update --insecure-registry-add 10.0.0.9:5000", "a registry without TLS"],
    ],
    "skep swarm init, skep info",
  );
  command.action((options: SettingsOptions) =>
    context.action(async () => {
      if (Object.keys(options).length === 0) throw new UsageError("nothing to change: see `skep swarm update --help`");
      const { control } = await context.connect();
      let wasLocking = false;
      await retryConflict(context, async () => {
        const cluster = await control.getCluster({});
        wasLocking = cluster.spec?.encryption?.autoLockManagers === true;
        await control.updateCluster({
          version: cluster.meta?.version ?? 0,
          spec: applySettings(cluster.spec ?? newClusterSpec(), options),
          rotateWorkerToken: false,
          rotateManagerToken: false,
        });
      });
      context.terminal.out("Swarm updated.\n");
      if (options.autolock === true && !wasLocking) {
        context.terminal.out(`\n${unlockText((await control.getUnlockKey({})).unlockKey)}`);
      }
      return 0;
    }),
  );
}
