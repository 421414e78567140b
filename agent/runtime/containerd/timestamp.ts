import type { Timestamp } from "../../../proto/gen/containerd_common.ts";

/** Unix milliseconds, whole; 0 when there is none (Go's zero time lies before 1970). */
export const timestampMs = (timestamp: Timestamp | undefined): number =>
  timestamp === undefined || timestamp.seconds < 0
    ? 0
    : timestamp.seconds * 1000 + Math.floor(timestamp.nanos / 1_000_000);
