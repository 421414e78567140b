// One event a line: in words, or in docker's form.
import type { Event } from "../../proto/gen/control.ts";
import { formatTimestamp } from "../parse/time.ts";
import { eventWords } from "./event-words.ts";
import { compare } from "./tasks.ts";

/** "2026-11-22T03:36:07Z  node5: ready → down (heartbeat failure)" */
export const spokenLine = (event: Event): string =>
  `${formatTimestamp(Math.floor(event.timeMs / 1_000) * 1_000)}  ${eventWords(event)}`;

/** docker's: time, type, action, id, attributes. */
export function rawLine(event: Event): string {
  const attributes = Object.entries(event.attributes)
    .sort(([a], [b]) => compare(a, b))
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
  return `${formatTimestamp(event.timeMs)} ${event.type} ${event.action} ${event.id}${attributes === "" ? "" : ` (${attributes})`}`;
}

/** Docker's names, for --format. */
export const eventFields = (event: Event): Readonly<Record<string, unknown>> => ({
  Type: event.type,
  Action: event.action,
  Actor: { ID: event.id, Attributes: event.attributes },
  ID: event.id,
  scope: "swarm",
  time: Math.floor(event.timeMs / 1_000),
  timeNano: event.timeMs * 1_000_000,
  Time: formatTimestamp(event.timeMs),
});
