// What a line of a task's log may be at most: who writes and who reads it agree on it here.

/** A longer line is sent in parts of this size, all but the last marked partial. */
export const MAX_LOG_PART_BYTES = 16 * 1024;

/** 9999-12-31T23:59:59.999Z: no line is from later, as its time is written with a year of four digits. */
export const MAX_LOG_TIME_MS = 253_402_300_799_999;
export const MAX_LOG_TIME_NS = 999_999;
