// key=value in its many uses: labels, environment, filters, and csv lists of them.
import { SkepError } from "../../shared/errors.ts";

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** A label: "key=value", or "key" alone for an empty value. @throws {SkepError} `invalid_argument` */
export function parseLabel(raw: string): Pair {
  const at = raw.indexOf("=");
  const key = at < 0 ? raw : raw.slice(0, at);
  if (key.trim() === "") throw new SkepError("invalid_argument", "The key is missing: write it like tier=front.");
  return { key, value: at < 0 ? "" : raw.slice(at + 1) };
}

/** "key=value", both present. @throws {SkepError} `invalid_argument` */
export function parsePair(raw: string, example: string): Pair {
  const at = raw.indexOf("=");
  if (at <= 0) throw new SkepError("invalid_argument", `Not KEY=VALUE: write it like ${example}.`);
  return { key: raw.slice(0, at), value: raw.slice(at + 1) };
}

export const parseFilter = (raw: string): Pair => parsePair(raw, "name=web");

/** Pairs as the API's filters take them: values of one key together, in the order they came. */
export function groupFilters(
  pairs: readonly Pair[],
): readonly { readonly key: string; readonly values: readonly string[] }[] {
  const groups = new Map<string, string[]>();
  for (const { key, value } of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return [...groups].map(([key, values]) => ({ key, values }));
}

/** Variable names may be anything without "=", as in the kernel; only an empty one is wrong. */
export interface EnvEntry {
  readonly name: string;
  /** Undefined: `NAME` alone, to be taken from the caller's own environment. */
  readonly value: string | undefined;
}

/** @throws {SkepError} `invalid_argument` */
export function parseEnv(raw: string): EnvEntry {
  const at = raw.indexOf("=");
  const name = at < 0 ? raw : raw.slice(0, at);
  if (name.trim() === "")
    throw new SkepError("invalid_argument", "The variable's name is missing: write it like MODE=fast.");
  return { name, value: at < 0 ? undefined : raw.slice(at + 1) };
}

/** An env file's lines: NAME=value or NAME; blank lines and lines that begin with # are skipped. @throws {SkepError} `invalid_argument` */
export function parseEnvFile(text: string, path: string): readonly EnvEntry[] {
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .flatMap((raw, index) => {
      const line = raw.trimStart();
      if (line === "" || line.startsWith("#")) return [];
      const wrong = (why: string): SkepError => new SkepError("invalid_argument", `${path} line ${index + 1}: ${why}`);
      if (line.startsWith("=")) throw wrong("the variable's name is missing: write it like MODE=fast");
      const entry = parseEnv(line);
      if (/\s/.test(entry.name)) throw wrong(`variable ${JSON.stringify(entry.name)} contains white space`);
      return [entry];
    });
}

/** One line of csv, with "quoted, fields" and doubled quotes. @throws {SkepError} `invalid_argument` */
export function parseCsv(raw: string): readonly string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let i = 0; i < raw.length; i++) {
    const char = raw.charAt(i);
    if (quoted) {
      if (char !== '"') field += char;
      else if (raw[i + 1] === '"') {
        field += '"';
        i += 1;
      } else quoted = false;
    } else if (char === '"' && field === "") quoted = true;
    else if (char === ",") {
      fields.push(field);
      field = "";
    } else field += char;
  }
  if (quoted) throw new SkepError("invalid_argument", "A quote is not closed.");
  return [...fields, field];
}
