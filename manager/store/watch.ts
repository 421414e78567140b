// The queue between the store and one watcher. The store never waits for a watcher: one that falls too far behind loses its
// place and is told so, then it views again.
import { SkepError } from "../../shared/errors.ts";
import type { Commit } from "./types.ts";

type Waiter = {
  readonly resolve: (result: IteratorResult<Commit, undefined>) => void;
  readonly reject: (error: SkepError) => void;
};

const DONE: IteratorResult<Commit, undefined> = { done: true, value: undefined };

export class CommitQueue implements AsyncIterableIterator<Commit, undefined> {
  readonly #maxBuffered: number;
  readonly #onClose: (queue: CommitQueue) => void;
  #buffered: Commit[] = [];
  #waiters: Waiter[] = [];
  #end: SkepError | "done" | undefined;

  constructor(maxBuffered: number, onClose: (queue: CommitQueue) => void) {
    this.#maxBuffered = maxBuffered;
    this.#onClose = onClose;
  }

  push(commit: Commit): void {
    if (this.#end !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve({ done: false, value: commit });
    else if (this.#buffered.length < this.#maxBuffered) this.#buffered.push(commit);
    else {
      const behind = `this watcher is more than ${this.#maxBuffered} commits behind`;
      this.fail(new SkepError("resource_exhausted", `${behind}: view the store again`));
    }
  }

  /** What is buffered is dropped: it would lead to a state that is not the present one. */
  fail(error: SkepError): void {
    this.#finish(error);
  }

  close(): void {
    this.#finish("done");
  }

  next(): Promise<IteratorResult<Commit, undefined>> {
    const commit = this.#buffered.shift();
    if (commit !== undefined) return Promise.resolve({ done: false, value: commit });
    if (this.#end === "done") return Promise.resolve(DONE);
    if (this.#end !== undefined) {
      const error = this.#end;
      this.#end = "done";
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<Commit, undefined>> {
    this.close();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(end: SkepError | "done"): void {
    if (this.#end !== undefined) {
      if (end === "done") this.#end = end;
      return;
    }
    this.#buffered = [];
    this.#end = end;
    const [first, ...rest] = this.#waiters;
    this.#waiters = [];
    if (first !== undefined) {
      if (end === "done") first.resolve(DONE);
      else {
        this.#end = "done"; // told once
        first.reject(end);
      }
    }
    for (const waiter of rest) waiter.resolve(DONE);
    this.#onClose(this);
  }
}
