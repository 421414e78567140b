// What a line of a task's log may be at most, and how a reader that was cut off knows which lines it has.
import type { LogLine } from "../../proto/gen/control.ts";

/** A longer line is sent in parts of this size, all but the last marked partial. */
export const MAX_LOG_PART_BYTES = 16 * 1024;

export const MAX_LOG_TIME_NS = 999_999;

interface LogTime {
  readonly ms: number;
  readonly ns: number;
}

/** Where each task's log was read to: a line at or before it has been told. */
export class LogCursor {
  readonly #last = new Map<string, LogTime>();
  /** For tasks that gave nothing yet. */
  readonly #start: LogTime;

  /** @param startMs what was written before it is not wanted, of any task; 0 is nothing. */
  constructor(startMs: number) {
    this.#start = { ms: startMs, ns: -1 };
  }

  isNew(line: LogLine): boolean {
    const last = this.#last.get(line.taskId) ?? this.#start;
    return line.timestampMs > last.ms || (line.timestampMs === last.ms && line.timestampNs > last.ns);
  }

  advance(line: LogLine): void {
    if (this.isNew(line)) this.#last.set(line.taskId, { ms: line.timestampMs, ns: line.timestampNs });
  }

  /** From here all tasks must be read again, so that none loses a line: the earliest of where they are. */
  sinceMs(taskIds: Iterable<string>): number {
    let since = Number.POSITIVE_INFINITY;
    for (const id of taskIds) since = Math.min(since, (this.#last.get(id) ?? this.#start).ms);
    return since;
  }
}
