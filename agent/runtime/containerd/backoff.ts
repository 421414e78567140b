const FIRST_MS = 100;
const LIMIT_MS = 10_000;

/** 100 ms after the first failure, doubling up to 10 s. */
export const backoffMs = (failures: number): number =>
  Math.min(LIMIT_MS, FIRST_MS * 2 ** Math.max(0, Math.min(failures, 20) - 1));
