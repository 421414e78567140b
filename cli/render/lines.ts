// "Label: value" lines, as every --pretty writes them.
import { oneLine } from "../../shared/safe-text.ts";

export type Line = readonly [depth: number, label: string, value?: string | undefined];

/** Lines "Label: value", indented by depth. A line with an empty value is left out, and so is a heading with nothing under it. */
export function renderLines(lines: readonly Line[]): string {
  const kept: Line[] = [];
  for (const line of lines.toReversed()) {
    const [depth, , value] = line;
    if (value === "" || (value === undefined && (kept.at(-1)?.[0] ?? 0) <= depth)) continue;
    kept.push(line);
  }
  return kept
    .reverse()
    .map(
      ([depth, label, value]) =>
        `${" ".repeat(depth)}${oneLine(label)}:${value === undefined ? "" : `\t${oneLine(value)}`}\n`,
    )
    .join("");
}
