// Columns as Docker prints them: at least ten wide, three spaces apart, the last one as it comes.
import { oneLine } from "../../shared/safe-text.ts";

const MIN_WIDTH = 10;
const GAP = 3;

/** Lines without trailing white space. Cells are one line each; what would break a line is shown as a space. */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of clean) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? MIN_WIDTH, width(cell) + GAP);
    });
  }
  return clean
    .map((row) =>
      `${row.map((cell, i) => (i === row.length - 1 ? cell : pad(cell, widths[i] ?? 0))).join("")}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

export const width = (text: string): number => [...text].length;

export const pad = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - width(text)));

/** At most `columns` characters, the cut shown by an ellipsis. */
export const ellipsis = (text: string, columns: number): string =>
  width(text) <= columns ? text : `${[...text].slice(0, Math.max(0, columns - 1)).join("")}…`;
