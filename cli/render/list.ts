// One way to print every list: a table, JSON lines, the user's template, or ids alone.

import { oneLine } from "../../shared/safe-text.ts";
import { compile } from "../template/template.ts";
import { renderColumns } from "./table.ts";

export interface ListView {
  /** Every field a template may name, with the header it has in a table. */
  readonly headers: Readonly<Record<string, string>>;
  /** The fields of the table that is shown when nothing else is asked for. */
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

export interface ListOptions {
  /** "table", "table {{.ID}}\t{{.Name}}", "json", "raw", or a template. */
  readonly format?: string | undefined;
  /** Ids only. */
  readonly quiet?: boolean | undefined;
}

/** Pure. @throws {UsageError} for a template that cannot be read or names what is not there. */
export function renderList(view: ListView, options: ListOptions = {}): string {
  const format = options.format ?? "table";
  if (options.quiet === true && (options.format === undefined || format === "table")) {
    return view.rows.map((row) => `${row["ID"] ?? ""}\n`).join("");
  }
  if (format === "json" || format === "{{json .}}") return view.rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  if (format === "raw") return rawRows(view);
  if (format === "table" || format === "") {
    const rows = view.rows.map((row) => view.columns.map((column) => row[column] ?? ""));
    return renderColumns([view.columns.map((column) => view.headers[column] ?? column), ...rows]);
  }
  const table = /^table\s+/.exec(format);
  const template = compile(table === null ? format : format.slice(table[0].length));
  // A line for each row, whatever somebody has put into a name: `json` has the exact text.
  if (table === null) return view.rows.map((row) => `${template(oneLineEach(row))}\n`).join("");
  return renderColumns([view.headers, ...view.rows].map((row) => template(row).split("\t")));
}

const oneLineEach = (row: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, oneLine(value)]));

/** docker's raw: a line "desired_state: Running" for each column, an empty line after each row. */
function rawRows({ columns, rows }: ListView): string {
  const key = (column: string): string => column.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return rows
    .map((row) => `${columns.map((column) => `${key(column)}: ${oneLine(row[column] ?? "")}\n`).join("")}\n`)
    .join("");
}

/** Help for --format that names what there is. */
export const formatHelp = (view: Pick<ListView, "headers">): string =>
  `table, json, raw, or a template: "table {{.ID}}\\t{{.Name}}"; fields: ${Object.keys(view.headers).join(", ")}`;

export const shortId = (id: string, noTrunc: boolean): string => (noTrunc ? id : id.slice(0, 12));
