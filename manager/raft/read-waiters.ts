// Who waits to read: until the leader has made sure that it still leads, and then until the machine holds what was committed by
// the time of the question.
import type { SkepError } from "../../shared/errors.ts";
import type { ConfirmedRead } from "./core/read-queue.ts";

export class ReadWaiters {
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #confirmed: ConfirmedRead[] = [];
  #nextToken = 1;

  newToken(): number {
    return this.#nextToken++;
  }

  /** @throws `signal.reason` when aborted before; what `abandon` says. */
  async wait(token: number, signal: AbortSignal): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(token, waiting);
    const onAbort = (): void => {
      this.#waiting.delete(token);
      waiting.reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await waiting.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Serves those that are confirmed, these and earlier ones, as far as the machine has come. */
  serve(reads: readonly ConfirmedRead[], appliedIndex: number): void {
    this.#confirmed.push(...reads);
    if (this.#confirmed.length === 0) return;
    this.#confirmed = this.#confirmed.filter(({ token, index }) => {
      if (index > appliedIndex) return true;
      this.#waiting.get(token)?.resolve();
      this.#waiting.delete(token);
      return false;
    });
  }

  abandon(error: SkepError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#confirmed = [];
  }
}
