// Writes one task's output to its log: lines get their times as they come, everything that queues behind a write goes out
// with the next one, and a file that is full is followed by a new one. Nothing is synced: the page cache outlives the
// daemon, and after a power cut a few last lines are the smaller loss.
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import type { Env, Timer } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { encodeRecord, LineCutter, type Part, type Stream } from "./record.ts";
import { listSegments, segmentPath } from "./segments.ts";
import { laterOrEqual, nextStamp, type Stamp } from "./timestamp.ts";

export interface LogWriterOptions {
  readonly env: Env;
  readonly log: Log;
  readonly dir: string;
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  /** Called after each write: there is something new to read. */
  readonly onWritten: () => void;
}

/** An unfinished line is written after this time, as a part: a prompt is seen, and a crash loses next to nothing. */
const UNFINISHED_MS = 200;
/** A clock set back by more than this is believed; by less, lines keep their order instead. */
const CLOCK_STEP_MS = 1_000;

interface OpenFile {
  readonly handle: FileHandle;
  readonly number: number;
  size: number;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #cutters: Readonly<Record<Stream, LineCutter>> = { stdout: new LineCutter(), stderr: new LineCutter() };
  /** Bounded by its callers: each stream waits for its chunk before it brings the next. */
  #queued: Buffer[] = [];
  #flushing: Promise<void> | undefined;
  #file: OpenFile | undefined;
  /** By stream: for the line that waits for its end. */
  readonly #unfinished = new Map<Stream, Timer>();
  #last: Stamp = { ms: 0, ns: 0 };
  #lostBytes = 0;
  #ended = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** Resolves when the chunk is in the page cache. Never throws: what cannot be written is counted and told in the log. */
  async write(stream: Stream, data: Uint8Array): Promise<void> {
    if (this.#ended) return;
    const parts = this.#cutters[stream].push(data);
    this.#queue(stream, parts);
    if (parts.length > 0) this.#finished(stream); // what waits now is another line, or the rest of one
    if (this.#cutters[stream].unfinished && !this.#unfinished.has(stream)) {
      this.#unfinished.set(
        stream,
        this.#options.env.timer(UNFINISHED_MS, () => this.#flushUnfinished(stream)),
      );
    }
    await this.#flush();
  }

  /** No more will come: writes what is left and closes. Idempotent, never throws. */
  async end(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      for (const stream of ["stdout", "stderr"] as const) {
        this.#finished(stream);
        this.#queue(stream, this.#cutters[stream].end());
      }
    }
    await this.#flush();
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  #finished(stream: Stream): void {
    this.#unfinished.get(stream)?.cancel();
    this.#unfinished.delete(stream);
  }

  #flushUnfinished(stream: Stream): void {
    this.#unfinished.delete(stream);
    this.#queue(stream, this.#cutters[stream].flush());
    this.#flush().catch(() => undefined);
  }

  #queue(stream: Stream, parts: readonly Part[]): void {
    for (const part of parts) this.#queued.push(encodeRecord({ stamp: this.#stamp(), stream, ...part }));
  }

  /** Strictly growing within a task, so that lines sort back into the order in which they came. */
  #stamp(): Stamp {
    const ms = this.#options.env.wallMs();
    const now = { ms, ns: 0 };
    const keep = laterOrEqual(this.#last, now) && this.#last.ms - ms < CLOCK_STEP_MS;
    this.#last = keep ? nextStamp(this.#last) : now;
    return this.#last;
  }

  async #flush(): Promise<void> {
    while (this.#queued.length > 0 || this.#flushing !== undefined) {
      this.#flushing ??= this.#writeQueued().finally(() => {
        this.#flushing = undefined;
      });
      await this.#flushing;
    }
  }

  async #writeQueued(): Promise<void> {
    const batch = this.#queued;
    this.#queued = [];
    const length = batch.reduce((sum, record) => sum + record.length, 0);
    try {
      if (this.#lostBytes > 0) await this.#tellLoss();
      for (let from = 0; from < batch.length; ) from = await this.#writeSome(batch, from);
    } catch (error) {
      if (this.#lostBytes === 0)
        this.#options.log.error({ err: error }, "cannot write a task's log; its output is lost");
      this.#lostBytes += length;
      await this.#reopenNext();
    }
    this.#options.onWritten();
  }

  /** Writes as many records as the file takes (one at least), and returns the index of the next. */
  async #writeSome(batch: readonly Buffer[], from: number): Promise<number> {
    const file = await this.#room(batch[from]?.length ?? 0);
    let to = from;
    let bytes = 0;
    while (to < batch.length) {
      const next = batch[to]?.length ?? 0;
      if (to > from && file.size + bytes + next > this.#options.maxSizeBytes) break;
      bytes += next;
      to++;
    }
    await writeAll(file, Buffer.concat(batch.slice(from, to), bytes));
    return to;
  }

  async #room(bytes: number): Promise<OpenFile> {
    this.#file ??= await this.#openLast();
    if (this.#file.size > 0 && this.#file.size + bytes > this.#options.maxSizeBytes) {
      const { handle, number } = this.#file;
      this.#file = undefined;
      await handle.close();
      this.#file = await this.#open(number + 1);
      const old = (await listSegments(this.#options.dir)).slice(0, -this.#options.maxFiles);
      for (const gone of old) await rm(segmentPath(this.#options.dir, gone), { force: true });
    }
    return this.#file;
  }

  /** Goes on where an earlier life of the daemon stopped. */
  async #openLast(): Promise<OpenFile> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    const last = (await listSegments(this.#options.dir)).at(-1);
    return this.#open(last ?? 1);
  }

  async #open(number: number): Promise<OpenFile> {
    const handle = await open(segmentPath(this.#options.dir, number), "a+", 0o600);
    try {
      const { size } = await handle.stat();
      const file = { handle, number, size };
      if (size > 0) {
        const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
        if (buffer[0] !== 0x0a) await writeAll(file, Buffer.from("\n")); // a torn record ends here, not in the next one
      }
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** After a failed write nobody knows what the file holds: the next attempt opens it anew and mends its end. */
  async #reopenNext(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  async #tellLoss(): Promise<void> {
    const text = `skep: ${this.#lostBytes} bytes of output could not be written to this log`;
    const record = encodeRecord({ stamp: this.#stamp(), stream: "stderr", partial: false, data: Buffer.from(text) });
    await writeAll(await this.#room(record.length), record);
    this.#lostBytes = 0;
  }
}

async function writeAll(file: OpenFile, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.handle.write(bytes, at);
    if (bytesWritten === 0) throw new SkepError("resource_exhausted", "the log file takes no more bytes");
    at += bytesWritten;
    file.size += bytesWritten;
  }
}
