// Reservable resources as plain numbers: nano CPUs, bytes, and generic kinds. Only reservations count; what a task really
// uses does not.
import type { Resources, Task } from "../../proto/gen/objects.ts";

export interface Amounts {
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  /** Amount by kind. */
  readonly generic: ReadonlyMap<string, number>;
}

export interface Used {
  nanoCpus: number;
  memoryBytes: number;
  readonly generic: Map<string, number>;
}

const NOTHING: Amounts = { nanoCpus: 0, memoryBytes: 0, generic: new Map() };

export const nothingUsed = (): Used => ({ nanoCpus: 0, memoryBytes: 0, generic: new Map() });

/** A named resource (`gpu=UUID`) counts as one of its kind. A node that has not described itself has nothing to reserve. */
export function amountsOf(resources: Resources | undefined): Amounts {
  if (resources === undefined) return NOTHING;
  const { nanoCpus, memoryBytes, genericResources } = resources;
  if (genericResources.length === 0) return { nanoCpus, memoryBytes, generic: NOTHING.generic };
  const generic = new Map<string, number>();
  for (const { kind, amount, value } of genericResources) {
    generic.set(kind, (generic.get(kind) ?? 0) + (value === "" ? amount : 1));
  }
  return { nanoCpus, memoryBytes, generic };
}

export const reservationOf = (task: Task): Amounts => amountsOf(task.spec?.resources?.reservations);

/** What is not asked for always fits, also where more is reserved than there is. */
export function fits(capacity: Amounts, used: Used, wanted: Amounts): boolean {
  if (wanted.nanoCpus > 0 && wanted.nanoCpus + used.nanoCpus > capacity.nanoCpus) return false;
  if (wanted.memoryBytes > 0 && wanted.memoryBytes + used.memoryBytes > capacity.memoryBytes) return false;
  for (const [kind, amount] of wanted.generic) {
    if (amount > 0 && amount + (used.generic.get(kind) ?? 0) > (capacity.generic.get(kind) ?? 0)) return false;
  }
  return true;
}

export function addUse(used: Used, amounts: Amounts, sign: 1 | -1): void {
  used.nanoCpus += sign * amounts.nanoCpus;
  used.memoryBytes += sign * amounts.memoryBytes;
  for (const [kind, amount] of amounts.generic) used.generic.set(kind, (used.generic.get(kind) ?? 0) + sign * amount);
}
