// What a task needs next, as a pure function: from what managers want, what was last reported, and what is known of the
// container, to one operation or one report. The worker (worker.ts) does it, looks again, and asks again: so a repeat, a
// restart of the daemon and a change of mind in the middle all lead through the same few lines.
//
// Two rules hold whatever happens. The observed state only grows. And a task is never started twice: one that was
// `starting` or `running` and whose container is gone has failed; its replacement is a new task.
import type { TaskState } from "../../proto/gen/objects.ts";
import { assertNever, type Code } from "../../shared/errors.ts";
import { isTerminal, rank } from "../../shared/model/tasks.ts";
import type { ContainerExit } from "../runtime/runtime.ts";

export type ContainerView =
  | { readonly kind: "none" }
  | { readonly kind: "created" }
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "exited"; readonly exit: ContainerExit }
  /** An operation was given up half-way: only `remove` is safe. */
  | { readonly kind: "unknown" };

export type StopView =
  | { readonly kind: "none" }
  /** The stop signal was sent at this time (Env.nowMs). */
  | { readonly kind: "signalled"; readonly atMs: number }
  | { readonly kind: "killed" };

export interface TaskView {
  readonly desired: TaskState;
  /** The dispatcher says that the task is no longer this node's business. */
  readonly removed: boolean;
  /** As last observed and reported. */
  readonly state: TaskState;
  /** It was reported that the task awaits ports, and it does so no more. */
  readonly portsNews: boolean;
  /** The image is here and its configuration is known. */
  readonly imageReady: boolean;
  /** The task comes from a record, which leaves registry credentials out: managers have yet to send them again. */
  readonly credentialsWithheld: boolean;
  readonly container: ContainerView;
  readonly stop: StopView;
  /** It has a network namespace of its own, or a part of one. */
  readonly namespace: boolean;
  /** Other nodes may send it new connections until then (Env.nowMs); undefined: none does, or nobody would tell. */
  readonly drainUntilMs: number | undefined;
  readonly stopGraceMs: number;
  readonly memoryLimitBytes: number;
  readonly nowMs: number;
}

export interface Report {
  readonly kind: "report";
  readonly state: TaskState;
  readonly message: string;
  readonly err: string;
}

export type Operation = "pull" | "create" | "start" | "signal" | "kill" | "remove" | "release";

export type Step =
  | Report
  | { readonly kind: Operation }
  /** Until something changes: an exit, a new assignment, or `forMs` passed. */
  | { readonly kind: "wait"; readonly forMs?: number }
  /** Nothing is left of it but its record and logs: those go too. */
  | { readonly kind: "forget" };

const report = (state: TaskState, message: string, err = ""): Report => ({ kind: "report", state, message, err });

export function nextStep(view: TaskView): Step {
  const ended = isTerminal(view.state);
  if (ended || view.removed || rank(view.desired) >= rank("shutdown")) return windDown(view, ended);
  return advance(view);
}

function windDown(view: TaskView, ended: boolean): Step {
  const { container } = view;
  switch (container.kind) {
    case "running":
      return stop(view);
    case "unknown":
      return { kind: "remove" };
    case "exited":
      if (ended) return { kind: "remove" };
      return view.stop.kind === "none"
        ? exitReport(container.exit, view.memoryLimitBytes)
        : report("shutdown", "shutdown");
    case "created":
      return ended ? { kind: "remove" } : report("shutdown", "shutdown");
    case "none":
      if (!ended) return report("shutdown", "shutdown");
      if (view.namespace) return { kind: "release" };
      return view.removed ? { kind: "forget" } : { kind: "wait" };
    default:
      return assertNever(container);
  }
}

function stop(view: TaskView): Step {
  switch (view.stop.kind) {
    case "none": {
      const forMs = (view.drainUntilMs ?? 0) - view.nowMs;
      if (forMs > 0 && !view.removed && view.state === "running") return { kind: "wait", forMs };
      return view.stopGraceMs > 0 ? { kind: "signal" } : { kind: "kill" };
    }
    case "signalled": {
      const forMs = view.stop.atMs + view.stopGraceMs - view.nowMs;
      return forMs > 0 ? { kind: "wait", forMs } : { kind: "kill" };
    }
    case "killed":
      return { kind: "wait" };
    default:
      return assertNever(view.stop);
  }
}

function advance(view: TaskView): Step {
  const { container, state } = view;
  switch (container.kind) {
    case "exited":
      return exitReport(container.exit, view.memoryLimitBytes);
    case "running":
      return rank(state) < rank("running") || view.portsNews ? report("running", "started") : { kind: "wait" };
    case "unknown":
      return { kind: "remove" };
    case "created":
      if (rank(state) < rank("ready")) return report("ready", "prepared");
      if (rank(state) < rank("starting")) {
        return rank(view.desired) < rank("running") ? { kind: "wait" } : report("starting", "starting");
      }
      return state === "starting" ? { kind: "start" } : gone(state);
    case "none":
      if (rank(state) < rank("accepted")) return report("accepted", "accepted");
      if (rank(state) < rank("preparing")) return report("preparing", "preparing");
      if (rank(state) < rank("starting")) {
        if (view.imageReady) return { kind: "create" };
        return { kind: view.credentialsWithheld ? "wait" : "pull" };
      }
      return gone(state);
    default:
      return assertNever(container);
  }
}

/**
 * The longest that a task waits for its last new connection after it was told to stop: as long as it takes that every node
 * hears it, and no longer, since a stop must not depend on nodes that are far or slow.
 */
export const DRAIN_LIMIT_MS = 2_000;

const GONE = "task: the container is gone: its host was restarted, or it was removed behind the agent's back";

const UNSEEN = {
  rebooted: "task: its host lost power or was restarted; how it ended is not known",
  vanished: "task: ended while nobody watched: its host lost power, or it was killed behind the agent's back",
} as const satisfies Record<NonNullable<ContainerExit["unseen"]>, string>;

const gone = (state: TaskState): Report => report("failed", state === "running" ? "started" : "starting", GONE);

/** How a container's end is told, in Swarm's words where Swarm has words. */
export function exitReport(exit: ContainerExit, memoryLimitBytes: number): Report {
  if (exit.unseen !== undefined && !exit.oomKilled) return report("failed", "started", UNSEEN[exit.unseen]);
  if (exit.exitCode === 0) return report("complete", "finished");
  const limit = memoryLimitBytes > 0 ? ` (limit ${formatBytes(memoryLimitBytes)})` : "";
  const why = exit.oomKilled ? `: killed by the kernel: out of memory${limit}` : "";
  return report("failed", "started", `task: non-zero exit (${exit.exitCode})${why}`);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 67108864 → "64MiB", as Docker writes sizes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${UNITS[unit]}`;
}

// ------------------------------------------------------------------------------------------------------- failures

export type Verdict =
  /** Try the same operation again after `afterMs`; `tries` of `ofTries` are done. */
  { readonly kind: "retry"; readonly afterMs: number; readonly tries: number; readonly ofTries: number } | Report;

/** Times in all, for an error that may pass: the registry or the runtime cannot be reached now. */
const TRIES = { pull: 4, create: 6, start: 6 } as const;
/**
 * As shared/image/http.ts words what took the network seconds to say: it has tried several times by itself. The next attempt is
 * the next task's, which may be on another node.
 */
const TRIED_LONG =
  /no route to the host|the network is unreachable|the connection timed out|could not be connected within/;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 4_000;

/** Doubling from a quarter of a second: 0.25, 0.5, 1, 2, 4, 4 … seconds. `failures` counts from 1. */
export const retryDelayMs = (failures: number): number =>
  Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));

/**
 * What a failed operation means for the task. `rejected`: it cannot be run as specified, here and now; `failed`: the
 * start itself went wrong. Errors that may pass are tried a few times first.
 * @param failures of this operation in a row, this one included.
 */
export function afterFailure(
  operation: "pull" | "create" | "start",
  error: { readonly code: Code; readonly message: string },
  failures: number,
  image: string,
): Verdict {
  // A start that took too long may have started after all: it is not repeated.
  const passing = error.code === "unavailable" || (error.code === "deadline_exceeded" && operation !== "start");
  const ofTries = operation === "pull" && TRIED_LONG.test(error.message) ? 1 : TRIES[operation];
  if (passing && failures < ofTries) {
    return { kind: "retry", afterMs: retryDelayMs(failures), tries: failures, ofTries };
  }
  const said = diskFirst(error.message);
  switch (operation) {
    case "pull":
      return report("rejected", "preparing", pullError({ ...error, message: said }, image));
    case "create":
      return report("rejected", "preparing", said);
    case "start":
      return report(error.code === "invalid_argument" ? "rejected" : "failed", "starting", said);
    default:
      return assertNever(operation);
  }
}

const DISK_FULL = "no space left on this node's disk";

/** A full disk is said first: what was being written is a detail, which a narrow column may cut. */
function diskFirst(message: string): string {
  if (!/\bENOSPC\b|no space left on/i.test(message) || message.startsWith(DISK_FULL)) return message;
  return `${DISK_FULL}: ${message.replace(`: ${DISK_FULL}`, "")}`;
}

/** Swarm says "No such image: X" and hides why; here the registry's own words follow. */
function pullError(error: { readonly code: Code; readonly message: string }, image: string): string {
  if (error.code !== "not_found" || /^no such image/i.test(error.message)) return error.message;
  return `No such image: ${image}: ${error.message}`;
}
