// The logs of this node's tasks: a folder each under `dir`. Writers come from the tasks, readers from managers; they meet
// only here, by a version that grows with each write. A task's log outlives its container, until managers forget the task.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Task } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import { isId, type TaskId } from "../../shared/model/ids.ts";
import { logKeeping } from "../../shared/model/log-driver.ts";
import type { OutputSink } from "../runtime/runtime.ts";
import type { LogSource } from "./reader.ts";
import { LogWriter } from "./writer.ts";

/** Where tasks put their output. */
export interface TaskOutputs {
  /** The task may write: who follows it waits. */
  readonly expect: (id: TaskId) => void;
  /** @throws {SkepError} `invalid_argument`: a log driver or option that this node does not have. */
  readonly check: (task: Task) => void;
  /** Where to write. The same log also when called again. */
  readonly open: (task: Task) => OutputSink;
  /** The task will write no more; resolves when all of it can be read. Idempotent, never throws. */
  readonly end: (id: TaskId) => Promise<void>;
  /** Takes the log away; who follows it comes to an end. No error when there is none. */
  readonly remove: (id: TaskId) => Promise<void>;
  /** After a restart: drops the logs of all other tasks. */
  readonly retain: (ids: ReadonlySet<TaskId>) => Promise<void>;
}

export interface LogStore extends TaskOutputs {
  readonly source: (id: TaskId) => LogSource;
  /** The task is, or was, one of this node's. */
  readonly knows: (id: TaskId) => boolean;
  /** Resolves when `expect` was called for it; rejects when aborted. */
  readonly known: (id: TaskId, signal: AbortSignal) => Promise<void>;
}

/** Keeps nothing: for simulated agents. */
export const discardOutputs: TaskOutputs = {
  expect: () => undefined,
  check: (task) => void logKeeping(task.spec?.logDriver),
  open: () => ({ write: async () => undefined }),
  end: async () => undefined,
  remove: async () => undefined,
  retain: async () => undefined,
};

class Entry {
  version = 0;
  ended = false;
  expected = false;
  writer: LogWriter | undefined;
  /** One per follower that waits; bounded by the calls the server admits. */
  readonly waiting = new Set<() => void>();

  touch(): void {
    this.version++;
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  async change(signal: AbortSignal, unchanged: () => boolean): Promise<void> {
    signal.throwIfAborted();
    if (!unchanged()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.waiting.add(resolve);
    try {
      await promise;
    } finally {
      this.waiting.delete(resolve);
      signal.removeEventListener("abort", onAbort);
    }
  }
}

/** @param options.dir made when missing; holds nothing but logs. */
export async function openLogStore(options: {
  readonly env: Env;
  readonly log: Log;
  readonly dir: string;
}): Promise<LogStore> {
  const { env, log, dir } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const entries = new Map<TaskId, Entry>();
  const onDisk = new Set((await readdir(dir)).filter(isId));

  const entryOf = (id: TaskId): Entry => {
    let entry = entries.get(id);
    if (entry === undefined) {
      entry = new Entry();
      entries.set(id, entry);
    }
    return entry;
  };

  const end = async (id: TaskId): Promise<void> => {
    const entry = entries.get(id);
    if (entry === undefined || entry.ended) return;
    await entry.writer?.end();
    entry.writer = undefined;
    entry.ended = true;
    entry.touch();
  };

  const removeFolder = async (id: string): Promise<void> => {
    onDisk.delete(id);
    await rm(join(dir, id), { recursive: true, force: true }).catch((error: unknown) =>
      log.warn({ err: error, task: id }, "cannot remove a task's log"),
    );
  };

  return {
    expect: (id) => {
      const entry = entryOf(id);
      entry.expected = true;
      entry.touch();
    },
    check: (task) => void logKeeping(task.spec?.logDriver),
    open: (task) => {
      const keeping = logKeeping(task.spec?.logDriver);
      if (keeping.kind === "none") return { write: async () => undefined };
      const entry = entryOf(task.id);
      entry.expected = true;
      entry.ended = false;
      entry.writer ??= new LogWriter({
        env,
        log: log.child({ task: task.id }),
        dir: join(dir, task.id),
        maxSizeBytes: keeping.maxSizeBytes,
        maxFiles: keeping.maxFiles,
        onWritten: () => entry.touch(),
      });
      const { writer } = entry;
      return { write: (stream, data) => writer.write(stream, data) };
    },
    end,
    remove: async (id) => {
      await end(id);
      entries.delete(id);
      await removeFolder(id);
    },
    retain: async (ids) => {
      const keep = new Set<string>(ids);
      for (const id of [...onDisk].filter((name) => !keep.has(name))) await removeFolder(id);
    },
    source: (id) => {
      const entry = entries.get(id);
      // Known by its folder only: of an earlier life, and ended.
      if (entry === undefined) {
        return { dir: join(dir, id), ended: () => true, version: () => 0, changed: async () => undefined };
      }
      return {
        dir: join(dir, id),
        ended: () => entry.ended,
        version: () => entry.version,
        changed: (seen, signal) => entry.change(signal, () => entry.version === seen && !entry.ended),
      };
    },
    knows: (id) => entries.get(id)?.expected === true || onDisk.has(id),
    known: async (id, signal) => {
      const entry = entryOf(id);
      try {
        await entry.change(signal, () => !entry.expected);
      } finally {
        if (!entry.expected && entry.waiting.size === 0) entries.delete(id);
      }
    },
  };
}
