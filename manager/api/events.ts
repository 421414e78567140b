import type { ControlService, Event, EventsRequest } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { EventLog } from "./event-log.ts";
import { compileFilters, type FilterKeys } from "./filters.ts";

const isObject =
  (type: string) =>
  (event: Event, value: string): boolean =>
    (event.type === type && (event.id === value || event.attributes["name"] === value)) ||
    event.attributes[type] === value;

const EVENT_FILTERS: FilterKeys<Event> = {
  type: {
    matches: (event, value) => event.type === value,
    values: ["node", "service", "task", "network", "secret", "config", "cluster"],
  },
  action: { matches: (event, value) => event.action === value, values: ["create", "update", "remove"] },
  event: { matches: (event, value) => event.action === value, values: ["create", "update", "remove"] },
  id: { matches: (event, value) => event.id.startsWith(value) },
  name: { matches: (event, value) => event.attributes["name"] === value },
  node: { matches: (event, value) => isObject("node")(event, value) || event.attributes["node.name"] === value },
  service: { matches: isServiceEvent },
  task: { matches: isObject("task") },
  network: { matches: isObject("network") },
  secret: { matches: isObject("secret") },
  config: { matches: isObject("config") },
  scope: { matches: (_event, value) => value === "swarm", values: ["swarm", "local"] },
};

// A task's events name its service by id; by name it is the first part of the task's name.
function isServiceEvent(event: Event, value: string): boolean {
  if (isObject("service")(event, value)) return true;
  return event.type === "task" && event.attributes["name"]?.startsWith(`${value}.`) === true;
}

export function createEventsHandler(env: Env, log: EventLog): Pick<Handlers<typeof ControlService>, "events"> {
  return { events: (request, { signal }) => events(env, log, request, signal) };
}

async function* events(
  env: Env,
  log: EventLog,
  { filters, sinceMs, untilMs, afterVersion, afterIndex }: EventsRequest,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const matches = compileFilters("events", filters, EVENT_FILTERS);
  const end = new AbortController();
  const remainingMs = untilMs - env.wallMs();
  // An end that is past: what is kept up to it, and no waiting.
  const timer = untilMs === 0 ? undefined : env.timer(Math.max(0, remainingMs), () => end.abort());
  try {
    const after = afterVersion === 0 ? undefined : { version: afterVersion, index: afterIndex };
    for await (const event of log.listen({ sinceMs, after }, AbortSignal.any([signal, end.signal]))) {
      if (signal.aborted) return;
      if (untilMs !== 0 && event.timeMs > untilMs) {
        if (remainingMs <= 0) continue;
        return;
      }
      if (matches(event)) yield event;
    }
  } finally {
    timer?.cancel();
  }
}
