// A watcher as a careful program would be: it follows events, and when its connection breaks it goes on at another manager
// after the last event that it saw. When no manager can go on from there, it begins anew from now on.
import { ControlService, newEventsRequest, newFilter } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { serverStream } from "../../shared/rpc/client.ts";
import type { SeenEvent, Stream } from "./event-streams.ts";
import type { Manager } from "./workload.ts";

const RETRY_MS = 100;
/** A watcher changes managers now and then also without need: resuming is what is tested. */
const MAX_STAY_MS = 10_000;

export interface Watch {
  /** One, and another for each time that it had to begin anew. */
  readonly streams: readonly Stream[];
  reconnects: number;
  /** Why it last left a manager. */
  lastError: string;
  /** Resolves once an event of that version or a later one was seen. */
  readonly reached: (version: number) => Promise<void>;
  readonly done: Promise<void>;
}

export function startWatch(
  env: Env,
  managers: readonly Manager[],
  first: number,
  afterVersion: number,
  signal: AbortSignal,
): Watch {
  const streams: { afterVersion: number; readonly events: SeenEvent[] }[] = [{ afterVersion, events: [] }];
  const refusedBy = new Set<string>(); // managers that cannot go on from the last event
  const last = (): SeenEvent | undefined => streams.at(-1)?.events.at(-1);
  let wake: () => void = () => undefined;
  const watch = { streams, reconnects: -1, lastError: "" };

  const follow = async (manager: Manager): Promise<void> => {
    const stream = streams.at(-1);
    if (stream === undefined) return;
    const { events } = stream;
    const request = newEventsRequest({
      filters: [newFilter({ key: "type", values: ["service"] })],
      afterVersion: last()?.version ?? Math.max(0, stream.afterVersion),
      afterIndex: last()?.index ?? 0,
    });
    const stay = new AbortController();
    const timer = env.timer(env.random() * MAX_STAY_MS, () => stay.abort(new SkepError("canceled", "moves on")));
    try {
      const told = serverStream(manager.client, ControlService.events, request, {
        signal: AbortSignal.any([signal, stay.signal]),
      });
      for await (const { version, index, action, id } of told) {
        // A new stream starts in the middle: of its first version it may have seen a part.
        if (stream.afterVersion < 0) stream.afterVersion = version;
        if (version > stream.afterVersion) events.push({ version, index, action, id });
        refusedBy.clear();
        wake();
      }
    } finally {
      timer.cancel();
    }
  };

  const run = async (): Promise<void> => {
    for (let at = first; !signal.aborted; at = Math.floor(env.random() * managers.length)) {
      const manager = managers[at % managers.length];
      if (manager === undefined) return;
      watch.reconnects++;
      try {
        await follow(manager);
      } catch (error) {
        // Whatever it was: what matters is what is seen in the end.
        const { code, message } = SkepError.from(error);
        watch.lastError = `${manager.name}: ${message}`;
        if (code === "failed_precondition" && /does not keep all events/.test(message)) refusedBy.add(manager.name);
        if (refusedBy.size === managers.length) {
          refusedBy.clear();
          streams.push({ afterVersion: -1, events: [] });
        }
      }
      await env.sleep(env.random() * RETRY_MS, signal).catch(() => undefined);
    }
  };

  const reached = async (version: number): Promise<void> => {
    while ((last()?.version ?? 0) < version && !signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  };
  return Object.assign(watch, { reached, done: run() });
}
