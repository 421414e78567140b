// What clients called, when, and what came back. Clients of one recorder share a clock.
import { isCode, SkepError } from "../../shared/errors.ts";
import type { Acknowledged } from "./event-streams.ts";
import type { Operation } from "./linearizability.ts";
import type { RegisterInput, RegisterOutput, SetInput, SetOutput } from "./models.ts";

/** The API promises that these took no effect; everything else that is `unavailable` may have. */
const NOTHING_DONE = /does not lead|was not done|has no leader now|No connection established/;

/** A call came back without an answer: what is known of its effect. */
export type Unanswered = "nothing-done" | "unknown";

/** @throws `error` itself when it is an answer, which the caller then has to understand. */
export function unanswered(error: unknown): Unanswered {
  const { code, message } = SkepError.from(error);
  switch (code) {
    case "unavailable":
      return NOTHING_DONE.test(message) && !/outcome unknown/.test(message) ? "nothing-done" : "unknown";
    case "deadline_exceeded":
    case "canceled":
    case "internal":
    case "resource_exhausted":
      return "unknown";
    case "failed_precondition":
      // A daemon that has just been started and has not read its state, or cannot write it.
      if (/not part of a cluster|this node cannot run/.test(message)) return "nothing-done";
      throw error;
    default:
      throw error;
  }
}

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>;
export type NameOperation = Operation<SetInput, SetOutput>;

export interface Counts {
  answered: number;
  nothingDone: number;
  unknown: number;
}

export class Recorder<Input, Output> {
  readonly operations: Operation<Input, Output>[] = [];
  readonly counts: Counts = { answered: 0, nothingDone: 0, unknown: 0 };

  /**
   * Records one call. A read without an answer tells nothing and is left out, as is what took no effect for certain.
   * Resolves with the answer; undefined without one.
   */
  async record(
    process: number,
    key: string,
    input: Input,
    isRead: boolean,
    call: () => Promise<Output>,
  ): Promise<Output | undefined> {
    const calledAt = performance.now();
    try {
      const output = await call();
      this.operations.push({ process, key, input, output, calledAt, returnedAt: performance.now() });
      this.counts.answered++;
      return output;
    } catch (error) {
      const outcome = unanswered(error);
      if (outcome === "nothing-done" || isRead) this.counts.nothingDone++;
      else {
        this.counts.unknown++;
        const returnedAt = Number.POSITIVE_INFINITY;
        this.operations.push({ process, key, input, output: undefined, calledAt, returnedAt });
      }
      return undefined;
    }
  }
}

/** Everything that a campaign writes down. */
export class History {
  readonly registers = new Recorder<RegisterInput, RegisterOutput>();
  readonly names = new Recorder<SetInput, SetOutput>();
  readonly acknowledged: Acknowledged[] = [];
}

/** The answer of `call`, or `otherwise` when it is refused with one of `codes`. */
export async function orRefused<R>(
  call: () => Promise<R>,
  codes: readonly ("conflict" | "not_found" | "already_exists")[],
  otherwise: R,
): Promise<R> {
  try {
    return await call();
  } catch (error) {
    if (codes.some((code) => isCode(error, code))) return otherwise;
    throw error;
  }
}
