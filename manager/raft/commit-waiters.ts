// Who waits for which entry of this leadership, within bounds: what is proposed and not yet applied is held in memory.
import { SkepError } from "../../shared/errors.ts";

const MAX_ENTRY_BYTES = 4 << 20;
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 64 << 20;

interface Waiter {
  readonly term: number;
  readonly bytes: number;
  readonly resolve: (value: { readonly index: number }) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitWaiters {
  readonly #waiters = new Map<number, Waiter>();
  #bytes = 0;

  /** @throws {SkepError} `resource_exhausted` when one more of `bytes` is too large or too many. */
  admit(bytes: number): void {
    if (bytes > MAX_ENTRY_BYTES) {
      throw new SkepError(
        "resource_exhausted",
        `a change of ${bytes} bytes is larger than the limit of ${MAX_ENTRY_BYTES}`,
      );
    }
    if (this.#waiters.size >= MAX_WAITING || this.#bytes + bytes > MAX_WAITING_BYTES) {
      throw new SkepError(
        "resource_exhausted",
        `${this.#waiters.size} changes (${this.#bytes} bytes) already wait for commit: try again shortly`,
      );
    }
  }

  add(index: number, term: number, bytes: number, { resolve, reject }: Pick<Waiter, "resolve" | "reject">): void {
    this.#waiters.set(index, { term, bytes, resolve, reject });
    this.#bytes += bytes;
  }

  applied(index: number, term: number): void {
    const waiter = this.#waiters.get(index);
    if (waiter === undefined) return;
    this.#waiters.delete(index);
    this.#bytes -= waiter.bytes;
    if (waiter.term === term) waiter.resolve({ index });
    else waiter.reject(new SkepError("unavailable", "another leader's entry took its place: not committed"));
  }

  abandon(error: SkepError): void {
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
    this.#bytes = 0;
  }
}
