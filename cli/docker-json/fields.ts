// Our objects in the shape and spelling of Docker's Engine API, which scripts and templates know: PascalCase, times as
// RFC 3339, durations in nanoseconds, absent where nothing is set. What Docker has no name for keeps ours.
import type { Meta } from "../../proto/gen/objects.ts";
import { formatTimestamp } from "../parse/time.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Fields = { readonly [key: string]: Json };
export type Draft = Readonly<Record<string, Json | undefined>>;

const NS_PER_MS = 1_000_000;

/** Without what is undefined. */
export function object(draft: Draft): Fields {
  return Object.fromEntries(Object.entries(draft).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

export const ns = (ms: number): number => ms * NS_PER_MS;
export const nsOr = (ms: number): number | undefined => (ms === 0 ? undefined : ns(ms));
export const text = (value: string): string | undefined => (value === "" ? undefined : value);
export const list = (value: readonly Json[]): readonly Json[] | undefined => (value.length === 0 ? undefined : value);
export const positive = (value: number): number | undefined => (value === 0 ? undefined : value);
export const yes = (value: boolean): boolean | undefined => (value ? true : undefined);
export const map = (value: Readonly<Record<string, string>>): Fields | undefined =>
  Object.keys(value).length === 0 ? undefined : value;
/** stop_first is stop-first on Docker's wire. */
export const dashed = (value: string): string => value.replaceAll("_", "-");
export const when = (ms: number): string | undefined => (ms === 0 ? undefined : formatTimestamp(ms));

export const meta = (value: Meta | undefined): Draft => ({
  Version: { Index: value?.version ?? 0 },
  CreatedAt: formatTimestamp(value?.createdAtMs ?? 0),
  UpdatedAt: formatTimestamp(value?.updatedAtMs ?? 0),
});
