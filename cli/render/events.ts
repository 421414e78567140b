// One event a line, in docker's form: time, type, action, id, attributes.
import type { Event } from "../../proto/gen/control.ts";
import { formatTimestamp } from "../parse/time.ts";
import { compare } from "./tasks.ts";

export function eventLine(event: Event): string {
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
