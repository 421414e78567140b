// The logs of many tasks as one stream: what is already there ordered by time, what comes later as it comes. Holds at most
// one batch per task.
import type { Env } from "../../shared/env/env.ts";
import { Pulse } from "../pulse.ts";
import type { LogBatch } from "./reader.ts";
import type { LogRecord } from "./record.ts";
import { laterOrEqual } from "./timestamp.ts";

export interface NamedLog<Name> {
  readonly name: Name;
  readonly batches: AsyncGenerator<LogBatch>;
}

export interface NamedRecord<Name> {
  readonly name: Name;
  readonly record: LogRecord;
}

const MAX_LINES = 512;
const MAX_BYTES = 256 * 1024;

interface Source<Name> extends NamedLog<Name> {
  records: readonly LogRecord[];
  at: number;
  caughtUp: boolean;
  done: boolean;
}

/**
 * Ends when all sources have ended. A source that fails ends alone; `onFailed` hears why. An empty batch says once that what
 * was there when reading began has been given.
 */
export async function* mergeLogs<Name>(
  env: Env,
  logs: readonly NamedLog<Name>[],
  onFailed: (name: Name, error: unknown) => void,
  signal: AbortSignal,
): AsyncGenerator<readonly NamedRecord<Name>[]> {
  const sources = logs.map((log): Source<Name> => ({ ...log, records: [], at: 0, caughtUp: false, done: false }));
  const fill = async (source: Source<Name>): Promise<void> => {
    source.records = [];
    source.at = 0;
    try {
      const next = await source.batches.next();
      if (next.done === true) {
        source.done = true;
        return;
      }
      source.records = next.value.records;
      source.caughtUp = next.value.caughtUp;
    } catch (error) {
      source.done = true;
      if (!signal.aborted) onFailed(source.name, error);
    }
  };
  try {
    yield* history(sources, fill);
    signal.throwIfAborted();
    yield [];
    yield* news(
      env,
      sources.filter((source) => !source.done),
      fill,
      signal,
    );
    signal.throwIfAborted();
  } finally {
    await Promise.allSettled(sources.map((source) => source.batches.return(undefined)));
  }
}

async function* history<Name>(
  sources: readonly Source<Name>[],
  fill: (source: Source<Name>) => Promise<void>,
): AsyncGenerator<readonly NamedRecord<Name>[]> {
  const behind = (source: Source<Name>): boolean => !source.done && !source.caughtUp;
  const empty = (source: Source<Name>): boolean => source.at >= source.records.length;
  for (;;) {
    // The smallest of all is known only when every source that has more has shown its next.
    for (;;) {
      const waiting = sources.filter((source) => behind(source) && empty(source));
      if (waiting.length === 0) break;
      await Promise.all(waiting.map(fill));
    }
    const batch: NamedRecord<Name>[] = [];
    let bytes = 0;
    while (batch.length < MAX_LINES && bytes < MAX_BYTES) {
      const source = earliest(sources);
      const record = source?.records[source.at];
      if (source === undefined || record === undefined) break;
      batch.push({ name: source.name, record });
      bytes += record.data.length;
      source.at++;
      if (behind(source) && empty(source)) break;
    }
    if (batch.length === 0) return;
    yield batch;
  }
}

function earliest<Name>(sources: readonly Source<Name>[]): Source<Name> | undefined {
  let best: Source<Name> | undefined;
  for (const source of sources) {
    const record = source.records[source.at];
    const other = best?.records[best.at];
    if (record !== undefined && (other === undefined || !laterOrEqual(record.stamp, other.stamp))) best = source;
  }
  return best;
}

/** Each source reads its next batch only when the one before was taken. */
async function* news<Name>(
  env: Env,
  sources: readonly Source<Name>[],
  fill: (source: Source<Name>) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<readonly NamedRecord<Name>[]> {
  const ready: Source<Name>[] = [];
  const pulse = new Pulse();
  let open = sources.length;
  const next = (source: Source<Name>): void => {
    fill(source)
      .then(() => ready.push(source))
      .finally(() => pulse.fire())
      .catch(() => undefined);
  };
  sources.forEach(next);
  while (open > 0) {
    for (let source = ready.shift(); source !== undefined; source = ready.shift()) {
      const { name, records } = source;
      if (source.done) open--;
      if (records.length > 0) yield records.map((record) => ({ name, record }));
      if (!source.done) next(source);
    }
    if (open > 0 && ready.length === 0) await pulse.wait(env, signal);
  }
}
