// Limits, placement, restart and update policies.
import type {
  LogDriver,
  Placement,
  ResourceRequirements,
  Resources,
  RestartPolicy,
  UpdateConfig,
} from "../../../proto/gen/objects.ts";
import { parseConstraints } from "../../../shared/model/constraints.ts";
import { checkNotNegative, invalid, notYet } from "./problem.ts";

const MIN_NANO_CPUS = 1_000_000;
const MIN_MEMORY_BYTES = 4 * 1024 * 1024;

export function checkResources(resources: ResourceRequirements | undefined): void {
  checkAmounts("limit", resources?.limits);
  checkAmounts("reservation", resources?.reservations);
  if ((resources?.limits?.genericResources.length ?? 0) > 0) {
    throw invalid("limit", "generic resources are reserved, not limited");
  }
}

function checkAmounts(where: string, amounts: Resources | undefined): void {
  if (amounts === undefined) return;
  const { nanoCpus, memoryBytes, pids, genericResources } = amounts;
  if (nanoCpus !== 0 && nanoCpus < MIN_NANO_CPUS) {
    throw invalid(`cpu ${where}`, `invalid cpu value ${nanoCpus / 1e9}: must be at least 0.001`);
  }
  if (memoryBytes !== 0 && memoryBytes < MIN_MEMORY_BYTES) {
    throw invalid(`memory ${where}`, `invalid memory value ${memoryBytes}: must be at least 4MiB`);
  }
  checkNotNegative(`pids ${where}`, { "the number": pids });
  for (const { kind, amount } of genericResources) {
    if (kind === "" || amount < 1)
      throw invalid(`generic resource ${kind}`, "needs a kind and an amount of at least 1");
  }
}

export function checkPlacement(placement: Placement | undefined): void {
  parseConstraints(placement?.constraints ?? []);
  for (const { spread } of placement?.preferences ?? []) {
    const descriptor = spread?.spreadDescriptor ?? "";
    if (!/^(node|engine)\.labels\..+$/i.test(descriptor)) {
      throw invalid(
        "placement preference",
        `spread over node.labels.LABEL or engine.labels.LABEL, not ${JSON.stringify(descriptor)}`,
      );
    }
  }
}

export function checkRestart(policy: RestartPolicy | undefined): void {
  checkNotNegative("restart policy", {
    "the delay": policy?.delayMs,
    "the window": policy?.windowMs,
    "the number of attempts": policy?.maxAttempts,
  });
}

/** Now: one task at a time, stop-first, pause on failure. */
export function checkUpdateConfig(which: "update" | "rollback", config: UpdateConfig | undefined): void {
  if (config === undefined) return;
  checkNotNegative(which, { "the delay": config.delayMs, "the monitor time": config.monitorMs });
  if (!(config.maxFailureRatio >= 0 && config.maxFailureRatio <= 1))
    throw invalid(which, "the failure ratio is from 0 to 1");
  if (which === "rollback" && config.failureAction === "rollback") {
    throw invalid(which, "a rollback that fails cannot be rolled back: use pause or continue");
  }
  if (config.parallelism !== 1) throw notYet(`${which} parallelism other than 1`);
  if (config.delayMs > 0) throw notYet(`${which} delay`);
  if (config.order === "start_first") throw notYet(`${which} order start-first`);
  if (config.failureAction !== "pause") throw notYet(`${which} failure action ${config.failureAction}`);
  if (config.maxFailureRatio > 0) throw notYet(`${which} failure ratio`);
}

const LOG_DRIVERS = ["", "json-file", "local", "none"];

export function checkLogDriver(driver: LogDriver | undefined): void {
  if (driver !== undefined && !LOG_DRIVERS.includes(driver.name)) {
    throw invalid("log driver", `${JSON.stringify(driver.name)} is unknown; there are json-file, local and none`);
  }
}
