// Statuses that the managers do not yet have: the latest per task, so it never holds more than the node has tasks. A status
// stays until the store has it; what was sent and not acknowledged is sent again, in a new session or after a while.
import type { TaskStatusUpdate } from "../../proto/gen/dispatcher.ts";
import type { TaskStatus } from "../../proto/gen/objects.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import { rank } from "../../shared/model/tasks.ts";

interface Entry {
  readonly status: TaskStatus;
  /** Env.nowMs; undefined: not sent in this session. */
  sentAtMs: number | undefined;
}

export class Outbox {
  readonly #entries = new Map<TaskId, Entry>();
  readonly #unsent = new Set<TaskId>();
  /** Of each task that is still there. */
  readonly #last = new Map<TaskId, Pick<TaskStatus, "state" | "timestampMs">>();

  get size(): number {
    return this.#entries.size;
  }

  get unsent(): number {
    return this.#unsent.size;
  }

  /**
   * Of two statuses in one state managers take the one with the later time, and forget the other. So what is said later gets a later
   * time, also within one millisecond, and when the host's clock was set back.
   */
  put(id: TaskId, said: TaskStatus): void {
    const last = this.#last.get(id);
    const isLater = last === undefined || last.state !== said.state || said.timestampMs > last.timestampMs;
    const status = isLater ? said : { ...said, timestampMs: last.timestampMs + 1 };
    this.#last.set(id, { state: status.state, timestampMs: status.timestampMs });
    this.#entries.set(id, { status, sentAtMs: undefined });
    this.#unsent.add(id);
  }

  /** The task is gone: nobody waits for its status. */
  drop(id: TaskId): void {
    this.#settle(id);
    this.#last.delete(id);
  }

  /** Drops the statuses of all other tasks. */
  retain(ids: ReadonlySet<TaskId>): void {
    for (const id of this.#last.keys()) if (!ids.has(id)) this.drop(id);
  }

  #settle(id: TaskId): void {
    this.#entries.delete(id);
    this.#unsent.delete(id);
  }

  /** Up to `limit` statuses to send now, oldest change first; they count as sent. */
  take(limit: number, nowMs: number): TaskStatusUpdate[] {
    const updates: TaskStatusUpdate[] = [];
    for (const id of this.#unsent) {
      if (updates.length >= limit) break;
      this.#unsent.delete(id);
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      entry.sentAtMs = nowMs;
      updates.push({ taskId: id, status: entry.status });
    }
    return updates;
  }

  /** The store has these, or later ones. */
  stored(updates: readonly TaskStatusUpdate[]): void {
    for (const { taskId, status } of updates) {
      const entry = this.#entries.get(taskId);
      if (entry === undefined || status === undefined) continue;
      const stored = rank(status.state) - rank(entry.status.state);
      if (stored > 0 || (stored === 0 && status.timestampMs >= entry.status.timestampMs)) this.#settle(taskId);
    }
  }

  /** A new session, which knows nothing of what went before. */
  resendAll(): void {
    for (const id of this.#entries.keys()) this.#unsent.add(id);
  }

  /** What was sent before `beforeMs` and is not stored is to be sent again. */
  resendOld(beforeMs: number): void {
    for (const [id, entry] of this.#entries) {
      if (entry.sentAtMs !== undefined && entry.sentAtMs <= beforeMs) this.#unsent.add(id);
    }
  }
}
