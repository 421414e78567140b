// Limits, placement, restart and update policies.
import type {
  LogDriver,
  Placement,
  ResourceRequirements,
  Resources,
  RestartPolicy,
  UpdateConfig,
} from "../../../proto/gen/objects.ts";
import { parseConstraints, spreadProblem } from "../../../shared/model/constraints.ts";
import { logDriverProblem, logOptionProblem } from "../../../shared/model/log-driver.ts";
import {
  isWithin,
  MEMORY_BYTES,
  NANO_CPUS,
  PIDS,
  REPLICAS_PER_NODE,
  RESTART_ATTEMPTS,
} from "../../../shared/model/ranges.ts";
import { checkDurations, checkRange, invalid, notYet, refuse } from "./problem.ts";

export function checkResources(resources: ResourceRequirements | undefined): void {
  checkAmounts("limit", resources?.limits);
  checkAmounts("reserve", resources?.reservations);
  checkRange("limit-pids", resources?.limits?.pids ?? 0, PIDS);
  if ((resources?.reservations?.pids ?? 0) !== 0) throw invalid("limit-pids", "processes are limited, not reserved");
  if ((resources?.limits?.genericResources.length ?? 0) > 0)
    throw invalid("generic-resource", "generic resources are reserved, not limited");
  const [generic] = resources?.reservations?.genericResources ?? [];
  if (generic !== undefined) {
    throw notYet(
      `generic-resource ${generic.kind}: no node can offer generic resources, so its tasks would wait for ever`,
    );
  }
}

function checkAmounts(which: "limit" | "reserve", amounts: Resources | undefined): void {
  const { nanoCpus = 0, memoryBytes = 0, genericResources = [] } = amounts ?? {};
  if (nanoCpus !== 0 && !isWithin(NANO_CPUS, nanoCpus)) {
    const range = `must be at least ${NANO_CPUS.least / 1e9} and at most ${NANO_CPUS.most / 1e9}`;
    throw invalid(`${which}-cpu`, `invalid cpu value ${nanoCpus / 1e9}: ${range}`);
  }
  if (memoryBytes !== 0 && !isWithin(MEMORY_BYTES, memoryBytes)) {
    throw invalid(`${which}-memory`, `invalid memory value ${memoryBytes}: must be at least 4MiB`);
  }
  for (const { kind, amount } of genericResources) {
    if (kind === "" || amount < 1) throw invalid("generic-resource", "needs a kind and an amount of at least 1");
  }
}

export function checkPlacement(placement: Placement | undefined): void {
  parseConstraints(placement?.constraints ?? []);
  for (const { spread } of placement?.preferences ?? [])
    refuse("placement-pref", spreadProblem(spread?.spreadDescriptor ?? ""));
  checkRange("replicas-max-per-node", placement?.maxReplicas ?? 0, REPLICAS_PER_NODE);
}

export function checkRestart(policy: RestartPolicy | undefined): void {
  checkDurations({ "restart-delay": policy?.delayMs, "restart-window": policy?.windowMs });
  checkRange("restart-max-attempts", policy?.maxAttempts ?? 0, RESTART_ATTEMPTS);
}

/** Now: one task at a time, stop-first, pause on failure. */
export function checkUpdateConfig(which: "update" | "rollback", config: UpdateConfig | undefined): void {
  if (config === undefined) return;
  checkDurations({ [`${which}-delay`]: config.delayMs, [`${which}-monitor`]: config.monitorMs });
  if (!(config.maxFailureRatio >= 0 && config.maxFailureRatio <= 1))
    throw invalid(`${which}-max-failure-ratio`, "the failure ratio is from 0 to 1");
  if (which === "rollback" && config.failureAction === "rollback") {
    throw invalid("rollback-failure-action", "a rollback that fails cannot be rolled back: use pause or continue");
  }
  if (config.parallelism !== 1) throw notYet(`${which}-parallelism other than 1`);
  if (config.delayMs > 0) throw notYet(`${which}-delay`);
  if (config.order === "start_first") throw notYet(`${which}-order start-first`);
  if (config.failureAction !== "pause") throw notYet(`${which}-failure-action ${config.failureAction}`);
  if (config.maxFailureRatio > 0) throw notYet(`${which}-max-failure-ratio`);
}

export function checkLogDriver(driver: LogDriver | undefined): void {
  if (driver === undefined) return;
  refuse("log-driver", logDriverProblem(driver.name));
  for (const [key, value] of Object.entries(driver.options))
    refuse("log-opt", logOptionProblem(key, value, driver.name));
}
