// The last events in few lines: what happened to many tasks of a service at about the same time is one line with a count,
// and so is what happened again and again. Pure.
import type { Event } from "../../proto/gen/control.ts";
import { because, eventWords, outcomeWords, placeOf } from "./event-words.ts";

export interface StoryLine {
  /** Of the newest event told here. */
  readonly timeMs: number;
  readonly text: string;
}

/** Alike, and not further apart than this: told together. A task that fails at once is started again every 5 s. */
const TOGETHER_MS = 15_000;

interface Group {
  readonly newest: Event;
  readonly events: Event[];
  oldestMs: number;
}

/** @param events oldest first. @returns at most `limit` lines, the newest last. */
export function storyOf(events: readonly Event[], limit: number): readonly StoryLine[] {
  const groups: Group[] = [];
  const open = new Map<string, Group>();
  for (const event of events.toReversed()) {
    const key = kindOf(event);
    const group = open.get(key);
    if (group !== undefined && group.oldestMs - event.timeMs <= TOGETHER_MS) {
      group.events.push(event);
      group.oldestMs = event.timeMs;
      continue;
    }
    // Older ones may still belong to a group that is shown: only new groups are cut.
    if (groups.length >= limit) continue;
    const made = { newest: event, events: [event], oldestMs: event.timeMs };
    groups.push(made);
    open.set(key, made);
  }
  return groups.reverse().map((group) => ({ timeMs: group.newest.timeMs, text: textOf(group.events) }));
}

/** What makes two events alike. */
function kindOf(event: Event): string {
  // A service that was removed and made again is another one.
  if (event.type !== "task") return `${event.id}\n${eventWords(event)}`;
  const { "state.new": state = "", err = "" } = event.attributes;
  return [placeOf(event.id, event.attributes).service, state, err].join("\n");
}

function textOf(events: readonly Event[]): string {
  const [newest] = events;
  if (newest === undefined) return "";
  if (events.length === 1) return eventWords(newest);
  if (newest.type !== "task") return `${eventWords(newest)} (${events.length} times)`;
  const places = events.map(({ id, attributes }) => placeOf(id, attributes));
  const tasks = new Set(places.map(({ task, node }) => `${task}@${task.includes(".") ? "" : node}`));
  const nodes = new Set(places.map(({ node }) => node).filter((node) => node !== ""));
  const [place] = places;
  const { "state.new": state = "", err = "" } = newest.attributes;
  const where = nodes.size === 0 ? "" : nodes.size === 1 ? ` on ${[...nodes][0]}` : ` on ${nodes.size} nodes`;
  const isFailure = outcomeWords(newest.attributes, "") !== undefined;
  if (tasks.size === 1) {
    const times = `${events.length} times`;
    return isFailure ? `${place?.task} ${state} ${times}${where}${because(err)}` : `${eventWords(newest)} (${times})`;
  }
  const who = `${place?.service}: ${tasks.size} tasks`;
  const times = events.length === tasks.size ? "" : ` ${events.length} times`;
  if (isFailure) return `${who} ${state}${times}${where}${because(err)}`;
  if (state === "") return `${who} wait${because(err)}`;
  const before = new Set(events.map(({ attributes }) => attributes["state.old"] ?? ""));
  return `${who}${where}: ${before.size === 1 ? `${[...before][0]} →` : "now"} ${state}`;
}
