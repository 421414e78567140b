// The logs of many nodes as one stream, by time. Each node's own lines come in order, so the earliest of all is known once
// every node has shown its next line. A node that is slow is waited for, but not for ever: then the others go on, and its
// lines come when they come. What is written while somebody follows is passed on as it comes.
//
// Each source waits while the reader is behind: at most one message of each is held.
import { type LogLine, type LogsResponse, newLogsResponse } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { Heap } from "../../shared/heap.ts";

/** A part of one node's log. */
export interface LogPiece {
  readonly lines: readonly LogLine[];
  readonly warnings: readonly string[];
  /** From here on the node sends news, or nothing for a while: the others need not wait for its next line. */
  readonly isLive: boolean;
}

/** How long one node may keep the others waiting for its next line. Longer than connecting to it may take. */
const MAX_SILENCE_MS = 5_000;
/** And in sum, so that a node which sends a line every few seconds does not make a stream of that speed. */
const MAX_SILENCE_IN_SUM_MS = 60_000;
const MAX_LINES = 1_024;
const MAX_BYTES = 512 * 1024;

interface Source {
  readonly name: string;
  /** What of the last piece has not been given yet begins at `at`. */
  lines: readonly LogLine[];
  at: number;
  /** Of the last piece, until they are given. */
  warnings: readonly string[];
  /** Nobody waits for its next line: it sends news, was too slow once, or has ended. */
  isAwaited: boolean;
  /** Since when its next piece is awaited. */
  silentSinceMs: number;
  /** Milliseconds that it has kept the reader waiting so far. */
  silenceMs: number;
  /** Lets it fetch its next piece; undefined while it does. */
  next: (() => void) | undefined;
}

const isEarlier = (a: LogLine, b: LogLine): boolean =>
  a.timestampMs !== b.timestampMs ? a.timestampMs < b.timestampMs : a.timestampNs < b.timestampNs;

/** By the line that each has to show next. */
const isBefore = (a: Source, b: Source): boolean => {
  const [one, other] = [a.lines[a.at], b.lines[b.at]];
  return one !== undefined && other !== undefined && isEarlier(one, other);
};

export class LogMerge {
  readonly #env: Env;
  readonly #signal: AbortSignal;
  readonly #sources = new Set<Source>();
  #isHeld = false;
  #wakeReader: () => void = () => undefined;

  constructor(env: Env, signal: AbortSignal) {
    this.#env = env;
    this.#signal = signal;
    const wakeAll = (): void => {
      this.#wakeReader();
      for (const source of this.#sources) source.next?.();
    };
    signal.addEventListener("abort", wakeAll, { once: true });
  }

  /** A source that fails ends quietly: it must tell by its warnings. With `isLive` the others do not wait for its first line. */
  add(name: string, pieces: AsyncIterable<LogPiece>, isLive = false): void {
    const source: Source = {
      name,
      lines: [],
      at: 0,
      warnings: [],
      isAwaited: !isLive,
      silentSinceMs: this.#env.nowMs(),
      silenceMs: 0,
      next: undefined,
    };
    this.#sources.add(source);
    void this.#pump(source, pieces)
      .catch(() => undefined)
      .finally(() => {
        this.#sources.delete(source);
        this.#wakeReader();
      });
  }

  async #pump(source: Source, pieces: AsyncIterable<LogPiece>): Promise<void> {
    for await (const { lines, warnings, isLive } of pieces) {
      if (this.#signal.aborted) return;
      if (isLive) source.isAwaited = false;
      source.silenceMs += this.#env.nowMs() - source.silentSinceMs;
      source.lines = lines;
      source.at = 0;
      source.warnings = warnings;
      const taken = new Promise<void>((resolve) => {
        source.next = resolve;
      });
      this.#wakeReader();
      await taken;
    }
  }

  /** Until `release` is called the end of all sources is not the end: more may be added. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#wakeReader();
  }

  /** One reader. Ends when every source has, or the signal aborts. */
  async *read(): AsyncGenerator<LogsResponse> {
    while (!this.#signal.aborted) {
      // What comes between looking and waiting is not slept through: it wakes this promise.
      const news = new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      const warnings = [...this.#takeWarnings(), ...this.#passOver()];
      if (warnings.length > 0) yield newLogsResponse({ warnings });
      else if (this.#awaited().length > 0) await this.#waitFor(news);
      else {
        const lines = this.#takeLines();
        if (lines.length > 0) yield newLogsResponse({ lines });
        else if (this.#sources.size === 0 && !this.#isHeld) return;
        else await news;
      }
    }
  }

  /** Those whose next line must be seen before the earliest of all is known. */
  #awaited(): Source[] {
    return [...this.#sources].filter((source) => source.isAwaited && source.at >= source.lines.length);
  }

  #takeWarnings(): string[] {
    const taken: string[] = [];
    for (const source of this.#sources) {
      taken.push(...source.warnings);
      source.warnings = [];
      this.#letGoOn(source);
    }
    return taken;
  }

  #letGoOn(source: Source): void {
    if (source.next === undefined || source.at < source.lines.length) return;
    source.silentSinceMs = this.#env.nowMs();
    source.next();
    source.next = undefined;
  }

  /** How much longer the others wait for `source`. */
  #patienceMs(source: Source, nowMs: number): number {
    const silentMs = nowMs - source.silentSinceMs;
    return Math.min(MAX_SILENCE_MS - silentMs, MAX_SILENCE_IN_SUM_MS - source.silenceMs - silentMs);
  }

  #passOver(): string[] {
    const nowMs = this.#env.nowMs();
    const slow = this.#awaited().filter((source) => this.#patienceMs(source, nowMs) <= 0);
    for (const source of slow) source.isAwaited = false;
    return slow.map(({ name }) => `${name}: it is slow to answer; its lines come later than their time`);
  }

  async #waitFor(news: Promise<void>): Promise<void> {
    const nowMs = this.#env.nowMs();
    const ms = Math.min(...this.#awaited().map((source) => this.#patienceMs(source, nowMs)));
    const timer = this.#env.timer(Math.max(0, ms), () => this.#wakeReader());
    try {
      await news;
    } finally {
      timer.cancel();
    }
  }

  /** The next lines of all sources, by time, up to where one has no more to show. */
  #takeLines(): LogLine[] {
    const heap = new Heap(
      [...this.#sources].filter((source) => source.at < source.lines.length),
      isBefore,
    );
    const taken: LogLine[] = [];
    let bytes = 0;
    while (taken.length < MAX_LINES && bytes < MAX_BYTES) {
      const source = heap.top();
      const line = source?.lines[source.at];
      if (source === undefined || line === undefined) break;
      taken.push(line);
      bytes += line.data.length;
      source.at++;
      if (source.at >= source.lines.length) {
        this.#letGoOn(source);
        break;
      }
      heap.topChanged();
    }
    return taken;
  }
}
