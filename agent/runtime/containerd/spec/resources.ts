// cgroup limits from a service's limits and reservations. The same values serve cgroup v1 and v2: runc translates.
//
// memory   limit; memory plus swap is twice the limit, Docker's default, where this kernel counts swap
// cpu      quota in a period of 100 ms
// pids     limit
// A reservation only guides the scheduler in Swarm. Here the kernel hears of it too: memory below the reservation is taken
// last under pressure, and more than one reserved CPU gives more than the default weight (never less than a task without).
import type { Resources, Ulimit } from "../../../../proto/gen/objects.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { ulimitProblem } from "../../../../shared/model/ulimits.ts";
import type { OciResources, OciRlimit } from "./oci.ts";

const CPU_PERIOD_US = 100_000;
/** The kernel's smallest quota. */
const MIN_QUOTA_US = 1_000;
const DEFAULT_SHARES = 1024;
const MAX_SHARES = 262_144;
const NANO = 1_000_000_000;

export function resources(limits: Resources, reservations: Resources, swapAccounting: boolean): OciResources {
  const { memoryBytes } = limits;
  const shares = Math.min(MAX_SHARES, Math.floor((reservations.nanoCpus * DEFAULT_SHARES) / NANO));
  const reservation = memoryBytes > 0 ? Math.min(reservations.memoryBytes, memoryBytes) : reservations.memoryBytes;
  const memory = {
    ...(memoryBytes > 0 ? { limit: memoryBytes } : {}),
    ...(memoryBytes > 0 && swapAccounting ? { swap: memoryBytes * 2 } : {}),
    ...(reservation > 0 ? { reservation } : {}),
  };
  const cpu = {
    ...(limits.nanoCpus > 0 ? { quota: quotaOf(limits.nanoCpus), period: CPU_PERIOD_US } : {}),
    ...(shares > DEFAULT_SHARES ? { shares } : {}),
  };
  return {
    devices: [{ allow: false, access: "rwm" }], // runc adds the usual ones: null, zero, full, random, tty, pts
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(limits.pids > 0 ? { pids: { limit: limits.pids } } : {}),
  };
}

const quotaOf = (nanoCpus: number): number =>
  Math.max(MIN_QUOTA_US, Math.floor((nanoCpus / NANO) * CPU_PERIOD_US + 1e-6));

/** What Docker's service unit gave for years; the kernel's default ceiling. Inherited limits vary with how we were started. */
const DEFAULT_NOFILE = 1_048_576;

/**
 * @param nofileHard our own hard limit of open files: the default is not above it
 * @throws {SkepError} `invalid_argument`: no such limit, or soft above hard.
 */
export function rlimits(ulimits: readonly Ulimit[], nofileHard: number): OciRlimit[] {
  const nofile = Math.min(DEFAULT_NOFILE, nofileHard);
  const byType = new Map<string, OciRlimit>([["RLIMIT_NOFILE", { type: "RLIMIT_NOFILE", soft: nofile, hard: nofile }]]);
  for (const ulimit of ulimits) {
    const { name, soft, hard } = ulimit;
    const problem = ulimitProblem(ulimit);
    if (problem !== undefined) throw new SkepError("invalid_argument", `ulimit ${name}: ${problem}`);
    const type = `RLIMIT_${name.toUpperCase()}`;
    byType.set(type, { type, soft, hard });
  }
  return [...byType.values()];
}
