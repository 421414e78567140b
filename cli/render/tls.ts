import type { TlsStatus } from "../../proto/gen/objects.ts";

/** Docker's words. */
export const TLS_STATUS = {
  unknown: "Unknown",
  ready: "Ready",
  needs_rotation: "Needs Rotation",
} as const satisfies Record<TlsStatus, string>;
