// One flag of `service create` and `service update` that ends up in the spec, and the two shapes that most flags have.
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

export interface ListFlag {
  readonly name: string;
  readonly short?: string;
  readonly value: string;
  readonly help: string;
  readonly group: string;
  readonly add: (raw: string) => Edit;
  readonly remove: (raw: string) => Edit;
  /** What --NAME-rm takes, when it is not what --NAME-add takes. */
  readonly removeValue?: string;
}

/** One list in its three spellings. */
export function list(flag: ListFlag): readonly SpecFlag[] {
  const { name, value, help, group, add, remove, removeValue = "name" } = flag;
  const short = flag.short === undefined ? {} : { short: flag.short };
  return [
    { name, ...short, value, help, group, on: "create", repeat: true, edit: add },
    { name: `${name}-add`, value, help: `Add or replace: ${help}`, group, on: "update", repeat: true, edit: add },
    {
      name: `${name}-rm`,
      value: removeValue,
      help: `Remove by ${removeValue}`,
      group,
      on: "update",
      repeat: true,
      first: true,
      edit: remove,
    },
  ];
}

export const both = { on: "both" } as const;
