// What happened last, for a screen: of thousands of events those that a person wants. A task's way up is one entry and its
// end another, each at the time of its newest step; what only prepares or clears away (a wish that changed, history that
// was dropped) is none. Pure.
import { type Event, newEvent } from "../../proto/gen/control.ts";
import { isTaskState, isTerminal } from "../../shared/model/tasks.ts";

const FAILURES: ReadonlySet<string> = new Set(["failed", "rejected", "orphaned"]);

/** @param events oldest first. @returns at most `limit` entries, oldest first. */
export function recentEvents(events: readonly Event[], limit: number): readonly Event[] {
  const newestFirst: Event[] = [];
  // By task: where in the list its way up stands, and whether it ended, and how.
  const wayAt = new Map<string, number>();
  const endOf = new Map<string, string>();
  for (const event of events.toReversed()) {
    if (newestFirst.length >= limit) break;
    if (event.type !== "task") {
      if (isWorthTelling(event)) newestFirst.push(event);
      continue;
    }
    const { "state.new": state = "", "state.old": before, err = "" } = event.attributes;
    if (event.action !== "update" || (state === "" && err === "")) continue;
    if (isTaskState(state) && isTerminal(state)) {
      if (endOf.has(event.id)) continue;
      endOf.set(event.id, state);
      newestFirst.push(event);
      continue;
    }
    // How far a task came that failed afterwards is no news.
    if (FAILURES.has(endOf.get(event.id) ?? "")) continue;
    const at = wayAt.get(event.id);
    const later = at === undefined ? undefined : newestFirst[at];
    if (at === undefined || later === undefined) {
      wayAt.set(event.id, newestFirst.length);
      newestFirst.push(event);
    } else if (before !== undefined && later.attributes["state.new"] !== undefined) {
      newestFirst[at] = newEvent({ ...later, attributes: { ...later.attributes, "state.old": before } });
    }
  }
  return newestFirst.reverse();
}

/** Whoever leads now is told; that another one does no longer follows from it. */
const isWorthTelling = ({ attributes }: Event): boolean => attributes["leader.new"] !== "false";
