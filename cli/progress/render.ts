// A view as lines, in docker's words. Pure.
import type { Node } from "../../proto/gen/objects.ts";
import { oneLine } from "../../shared/safe-text.ts";
import { ellipsis, pad } from "../render/table.ts";
import { LAST_STEP, type Place, type View } from "./view.ts";

const BAR_COLUMNS = 50;
const MAX_PLACES = 20;
const STATE_COLUMNS = "preparing".length;

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

export const overall = (view: View): string => `overall progress: ${view.running} out of ${view.total} tasks`;

/** "[=====>    ]" as docker draws it. */
function bar(step: number, columns: number): string {
  const inner = Math.max(4, Math.min(BAR_COLUMNS, columns));
  const done = Math.round((step / LAST_STEP) * inner);
  if (done >= inner) return `[${"=".repeat(inner)}>]`;
  return `[${"=".repeat(Math.max(0, done - 1))}${done > 0 ? ">" : ""}${" ".repeat(inner - done + 1)}]`;
}

/** The whole picture for a terminal: what is not yet there first when not all places fit. */
export function progressLines(view: View, nodes: ReadonlyMap<string, Node>, screen: Screen): readonly string[] {
  const limit = Math.min(MAX_PLACES, Math.max(1, screen.rows - 4));
  const labels = new Map(view.places.map((place, i) => [place, labelOf(place, i, view, nodes)]));
  const shown =
    view.places.length <= limit
      ? view.places
      : view.places.toSorted((a, b) => Number(a.running) - Number(b.running)).slice(0, limit);
  const width = Math.max(0, ...shown.map((place) => (labels.get(place) ?? "").length));
  const lines = shown.map((place) => {
    const head = `${pad(labels.get(place) ?? "", width)} ${pad(place.state, STATE_COLUMNS)} `;
    const tail = place.error === "" ? bar(place.step, screen.columns - head.length - 4) : oneLine(place.error);
    return ellipsis(head + tail, screen.columns).trimEnd();
  });
  const hidden = view.places.length - shown.length;
  return [overall(view), ...lines, ...(hidden > 0 ? [`… and ${hidden} more`] : [])];
}

function labelOf(place: Place, index: number, view: View, nodes: ReadonlyMap<string, Node>): string {
  const task = place.task;
  if (task !== undefined && task.slot === 0)
    return `${oneLine(nodes.get(task.nodeId)?.description?.hostname ?? task.nodeId.slice(0, 12))}:`;
  return `${index + 1}/${view.total}:`;
}

/** For logs and pipes: what has changed since `before`, one line each. */
export function changedLines(before: View | undefined, view: View): readonly string[] {
  const lines: string[] = [];
  if (before === undefined || overall(before) !== overall(view)) lines.push(overall(view));
  const known = new Map(before?.places.map((place) => [place.name, place.error]));
  for (const place of view.places) {
    if (place.error !== "" && known.get(place.name) !== place.error)
      lines.push(`${place.name}: ${oneLine(place.error)}`);
  }
  return lines;
}
