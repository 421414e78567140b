// One flag of `service create` and `service update` that ends up in the spec.
import type { Edit } from "./edit.ts";

export interface SpecFlag {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** The value's name in help; none for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly group: string;
  readonly on: "create" | "update" | "both";
  readonly repeat?: boolean;
  /** Removals go first: what one update takes away and adds is there afterwards, in whatever order it was written. */
  readonly first?: boolean;
  readonly edit: (raw: string) => Edit;
  /** Values of one command line with one key cannot both be meant; `why` says so to the user. */
  readonly clashes?: (raw: string) => readonly { readonly key: string; readonly why: string }[];
}

/** Help shows flags under these headings, in this order. */
export const GROUP = {
  general: "Service:",
  placement: "Placement:",
  resources: "Resources:",
  restart: "Restart policy:",
  update: "Updates and rollback:",
  network: "Network:",
  container: "Container:",
  health: "Health check:",
  security: "Security and kernel:",
  logging: "Logging:",
} as const;

export const both = { on: "both" } as const;
