// What containerd tells of our tasks. Events come as they happen and are not replayed, so after every (re)connection, and
// at long intervals, `onResync` asks for the whole truth: an event only makes it faster. While nothing happens this costs
// one idle stream for all containers together.
import type { EventEnvelope } from "../../../proto/gen/containerd_events.ts";
import { decodeTaskExitEvent, decodeTaskOomEvent, EventsService } from "../../../proto/gen/containerd_events.ts";
import type { Env } from "../../../shared/env/env.ts";
import type { Log } from "../../../shared/log.ts";
import { backoffMs } from "./backoff.ts";
import type { ContainerdClient } from "./client.ts";
import { DEFAULT_NAMESPACE } from "./client.ts";
import { timestampMs } from "./timestamp.ts";

const FIRST_RESYNC_MS = 1_000;
const RESYNC_MS = 60_000;

export interface TaskEvents {
  readonly onExit: (exit: { readonly id: string; readonly exitCode: number; readonly exitedAtMs: number }) => void;
  readonly onOom: (id: string) => void;
  /** Looks at every task there is. May throw: the next one comes. */
  readonly onResync: () => Promise<void>;
}

/** Runs until the signal aborts; never throws. */
export async function followTaskEvents(options: {
  readonly env: Env;
  readonly log: Log;
  readonly client: ContainerdClient;
  readonly events: TaskEvents;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { env, log, client, events, signal } = options;
  const filters = ["exit", "oom"].map((topic) => `namespace==${DEFAULT_NAMESPACE},topic=="/tasks/${topic}"`);
  const resync = (): Promise<void> =>
    events.onResync().catch((error: unknown) => log.debug({ error: String(error) }, "cannot list tasks yet"));

  const resyncing = async (connected: AbortSignal): Promise<void> => {
    // The first look may come before the subscription has taken effect; the second cannot.
    for (const waitMs of [0, FIRST_RESYNC_MS]) {
      if (waitMs > 0) await env.sleep(waitMs, connected);
      await resync();
    }
    for (;;) {
      await env.sleep(RESYNC_MS, connected);
      await resync();
    }
  };

  for (let failures = 0; !signal.aborted; failures++) {
    const connection = new AbortController();
    const both = AbortSignal.any([signal, connection.signal]);
    resyncing(both).catch(() => undefined); // ends with the connection
    try {
      for await (const envelope of client.stream(EventsService.subscribe, { filters }, signal)) {
        failures = 0;
        dispatch(envelope, events);
      }
    } catch (error) {
      if (signal.aborted) break;
      log.debug({ error: String(error) }, "containerd's events broke off");
    } finally {
      connection.abort();
    }
    await env.sleep(backoffMs(failures + 1), signal).catch(() => undefined);
  }
}

function dispatch(envelope: EventEnvelope, events: TaskEvents): void {
  const bytes = envelope.event?.value;
  if (bytes === undefined) return;
  if (envelope.topic === "/tasks/oom") {
    events.onOom(decodeTaskOomEvent(bytes).containerId);
    return;
  }
  const exit = decodeTaskExitEvent(bytes);
  if (exit.id !== exit.containerId) return; // a process beside the main one
  events.onExit({ id: exit.containerId, exitCode: exit.exitStatus, exitedAtMs: timestampMs(exit.exitedAt) });
}
