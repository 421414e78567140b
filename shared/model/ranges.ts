// Ranges of numbers in a service's spec: beyond them the wire has no room, the kernel refuses, or somebody's finger slipped.

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** Tasks of one service: a slip of the finger must not make the cluster's state a hundred times larger. */
export const REPLICAS: Range = { least: 0, most: 100_000 };
/** 0 is without limit. The wire has 32 bits. */
export const REPLICAS_PER_NODE: Range = { least: 0, most: 2 ** 32 - 1 };
export const RESTART_ATTEMPTS: Range = { least: 0, most: 2 ** 32 - 1 };
/** 0 is without limit; the kernel refuses more (PID_MAX_LIMIT). */
export const PIDS: Range = { least: 0, most: 4_194_304 };
/** The kernel's smallest quota, and more than any machine has. */
export const NANO_CPUS: Range = { least: 1_000_000, most: 65_536 * 1_000_000_000 };
export const MEMORY_BYTES: Range = { least: 4 * 1024 * 1024, most: 2 ** 53 - 1 };
export const OOM_SCORE: Range = { least: -1000, most: 1000 };
export const HEALTH_RETRIES: Range = { least: 0, most: 2 ** 31 - 1 };
/** A hundred years: a time that is longer is no plan. */
export const DURATION_MS: Range = { least: 0, most: 100 * 365 * 24 * 60 * 60 * 1000 };
/** Permission bits, octal 0 to 7777. */
export const FILE_MODE: Range = { least: 0, most: 0o7777 };

export const isWithin = ({ least, most }: Range, value: number): boolean => value >= least && value <= most;
