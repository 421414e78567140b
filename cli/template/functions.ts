// The functions of a template: Go's own that make sense here, and Docker's (json, join, split, lower, upper, title, pad,
// truncate, println).
import { UsageError } from "../usage-error.ts";

export type Value = unknown;
export type TemplateFunction = (...args: readonly Value[]) => Value;

/** Go's truth: the zero value of every type is false. */
export function truthy(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return true;
}

export const isMap = (value: Value): value is Readonly<Record<string, Value>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How Go prints a value: maps and slices in its own brackets. */
export function print(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(print).join(" ")}]`;
  if (isMap(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${print(value[key])}`).join(" ")}]`;
  }
  return String(value);
}

function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw new UsageError(`template: cannot compare ${print(a)} with ${print(b)}`);
}

function index(...[from, ...keys]: readonly Value[]): Value {
  let value = from;
  for (const key of keys) {
    if (Array.isArray(value)) {
      if (typeof key !== "number" || key < 0 || key >= value.length) {
        throw new UsageError(`template: index ${print(key)} is out of range: there are ${value.length} elements`);
      }
      value = value[key];
    } else if (isMap(value)) value = Object.hasOwn(value, String(key)) ? value[String(key)] : "";
    else if (typeof value === "string" && typeof key === "number") value = value.charCodeAt(key);
    else if (value === undefined || value === null) return "";
    else throw new UsageError(`template: cannot index ${print(value)}`);
  }
  return value;
}

function slice(...[value, from, to]: readonly Value[]): Value {
  const [begin, end] = [typeof from === "number" ? from : 0, typeof to === "number" ? to : undefined];
  if (typeof value === "string" || Array.isArray(value)) return value.slice(begin, end);
  throw new UsageError(`template: cannot slice ${print(value)}`);
}

function length(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new UsageError(`template: ${print(value)} has no length`);
}

/** %s %v %d %q %x %t %% with width and "-" or "0", which is what people use. */
function printf(format: string, args: readonly Value[]): string {
  let next = 0;
  return format.replace(
    /%(-|0)?(\d+)?(?:\.(\d+))?([svdqxtf%])/g,
    (_, flag?: string, width?: string, precision?: string, verb?: string) => {
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const value = args[next++];
      let text =
        verb === "q"
          ? JSON.stringify(print(value))
          : verb === "x" && typeof value === "number"
            ? value.toString(16)
            : print(value);
      if (verb === "f" && typeof value === "number")
        text = value.toFixed(precision === undefined ? 6 : Number(precision));
      else if (precision !== undefined) text = text.slice(0, Number(precision));
      if (width === undefined) return text;
      if (flag === "-") return text.padEnd(Number(width));
      return text.padStart(Number(width), flag === "0" ? "0" : " ");
    },
  );
}

const text = (value: Value): string => (typeof value === "string" ? value : print(value));

/** Go's json keeps < and > escaped off, as Docker sets it. */
const json = (value: Value): string => JSON.stringify(value ?? null);

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json,
  join: (list, separator) => (Array.isArray(list) ? list.map(print).join(text(separator)) : text(list)),
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title: (value) => text(value).replace(/(^|\s)(\S)/g, (_, space: string, char: string) => space + char.toUpperCase()),
  pad: (value, before, after) =>
    text(value) === "" ? "" : " ".repeat(Number(before)) + text(value) + " ".repeat(Number(after)),
  truncate: (value, most) => text(value).slice(0, Number(most)),
  index,
  slice,
  len: length,
  print: (...args) => args.map(print).join(""),
  println: (...args) => `${args.map(print).join(" ")}\n`,
  printf: (format, ...args) => printf(text(format), args),
  not: (value) => !truthy(value),
  and: (...args) => args.find((value) => !truthy(value)) ?? args.at(-1),
  or: (...args) => args.find(truthy) ?? args.at(-1),
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
};
