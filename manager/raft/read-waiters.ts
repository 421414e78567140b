// Who waits to read: until the leader has made sure that it still leads, and then until the machine holds what was committed by
// the time of the question.
import { SkepError } from "../../shared/errors.ts";
import type { ConfirmedRead } from "./core/read-queue.ts";

/** Each is a call of somebody who waits; without a majority they would only become more. */
const MAX_WAITING = 20_000;

export class ReadWaiters {
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #confirmed: ConfirmedRead[] = [];
  #nextToken = 1;

  /** @throws {SkepError} `resource_exhausted` when too many wait. */
  newToken(): number {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new SkepError(
        "resource_exhausted",
        `${MAX_WAITING} reads already wait for the managers: try again shortly`,
      );
    }
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
