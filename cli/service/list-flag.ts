// A list or map of the spec as flags: --NAME when creating, --NAME-add and --NAME-rm when updating. What an item is equal to is
// asked in parsed form, never by the text that was typed: "node.role == worker" is "node.role==worker". What stands in the spec
// stays as it was typed.
import type { ContainerSpec, ServiceSpec } from "../../proto/gen/objects.ts";
import { newContainerSpec } from "../../proto/gen/objects.ts";
import { parseLabel } from "../parse/pairs.ts";
import { UsageError } from "../usage-error.ts";
import { container, type Edit } from "./edit.ts";
import type { SpecFlag } from "./flag.ts";

/** Where the items stand in a spec. */
export interface Items<T> {
  readonly of: (spec: ServiceSpec) => readonly T[];
  readonly set: (items: readonly T[]) => Edit;
}

/** Items of the container's part of a spec. */
export const inContainer = <T>(
  of: (container: ContainerSpec) => readonly T[],
  set: (items: readonly T[]) => (container: ContainerSpec) => Partial<ContainerSpec>,
): Items<T> => ({
  of: (spec) => of(spec.taskTemplate?.containerSpec ?? newContainerSpec()),
  set: (items) => container(set(items)),
});

type StringMap = Readonly<Record<string, string>>;
export type Entry = readonly [key: string, value: string];

/** A map's entries as items. */
export const entries = (of: (spec: ServiceSpec) => StringMap, set: (map: StringMap) => Edit): Items<Entry> => ({
  of: (spec) => Object.entries(of(spec)),
  set: (items) => set(Object.fromEntries(items)),
});

export const keyOf = ([key]: Entry): string => key;
export const byKey =
  (raw: string) =>
  ([key]: Entry): boolean =>
    key === raw;

/** "key=value", or "key" alone for an empty value. */
export function labelEntry(raw: string): readonly Entry[] {
  const { key, value } = parseLabel(raw);
  return [[key, value]];
}

export interface ListFlag<T> {
  readonly name: string;
  readonly short?: string;
  readonly value: string;
  readonly help: string;
  readonly group: string;
  readonly items: Items<T>;
  readonly parse: (raw: string) => readonly T[];
  /** Equal for two that say the same of one thing, or of which only one can be. */
  readonly key: (item: T) => string;
  /** As errors name it. */
  readonly text: (item: T) => string;
  /**
   * What becomes of an item whose key is there already. "replace": it takes the other's place, as in Docker's maps. "keep": the
   * other stays, word for word, so that nothing changes. "both" when creating: the manager says whether both can be.
   */
  readonly double: "replace" | "keep" | "both";
  /** Two in one command cannot both be meant: the reason. */
  readonly clash?: (item: T) => string;
  /** What --NAME-rm takes, for help. */
  readonly removeValue: string;
  /** Which ones --NAME-rm means, when it is not those with the key of a value like that of --NAME-add. */
  readonly removes?: (raw: string) => (item: T) => boolean;
}

const adding =
  <T>({ items, key }: ListFlag<T>, double: ListFlag<T>["double"], values: readonly T[]): Edit =>
  (spec) => {
    const all = [...items.of(spec)];
    const at = new Map(all.map((item, index) => [key(item), index]));
    let changed = false;
    for (const value of values) {
      const found = double === "both" ? undefined : at.get(key(value));
      if (found !== undefined && double === "keep") continue;
      if (found === undefined) at.set(key(value), all.push(value) - 1);
      else all[found] = value;
      changed = true;
    }
    return changed ? items.set(all)(spec) : spec;
  };

const removing =
  <T>({ name, items, text }: ListFlag<T>, raw: string, isMeant: (item: T) => boolean): Edit =>
  (spec) => {
    const present = items.of(spec);
    const left = present.filter((item) => !isMeant(item));
    if (left.length === present.length) throw notThere(`--${name}-rm ${raw}`, present.map(text));
    return items.set(left)(spec);
  };

/** @param there what there is, as the user would write it. */
export const notThere = (flag: string, there: readonly string[]): UsageError =>
  new UsageError(`${flag}: it is not there; there is ${there.length === 0 ? "none" : there.join(", ")}`);

export function list<T>(flag: ListFlag<T>): readonly SpecFlag[] {
  const { name, value, help, group, parse, key, clash, removeValue } = flag;
  const short = flag.short === undefined ? {} : { short: flag.short };
  const clashes =
    clash === undefined
      ? {}
      : { clashes: (raw: string) => parse(raw).map((item) => ({ key: key(item), why: clash(item) })) };
  const removes =
    flag.removes ??
    ((raw: string) => {
      const keys = new Set(parse(raw).map(key));
      return (item: T) => keys.has(key(item));
    });
  const onUpdate = flag.double === "both" ? "keep" : flag.double;
  return [
    {
      ...{ name, ...short, value, help, group, on: "create", repeat: true, ...clashes },
      edit: (raw) => adding(flag, flag.double, parse(raw)),
    },
    {
      ...{ name: `${name}-add`, value, help: `Add or replace: ${help}`, group, on: "update", repeat: true, ...clashes },
      edit: (raw) => adding(flag, onUpdate, parse(raw)),
    },
    {
      ...{ name: `${name}-rm`, value: removeValue, help: `Remove by ${removeValue}`, group, on: "update" },
      repeat: true,
      first: true,
      edit: (raw) => removing(flag, raw, removes(raw)),
    },
  ];
}
