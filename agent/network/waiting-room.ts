// Those who wait for the kernel: each for a run that began after it asked. A run that fails tells everybody whom it was for;
// a task that cannot have its network yet waits a little for what is missing, since it mostly is under way.
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { TaskId } from "../../shared/model/ids.ts";

export type Wanted =
  | { readonly kind: "ready"; readonly taskId: TaskId }
  | { readonly kind: "gone"; readonly taskId: TaskId }
  /** Everything is gone. */
  | { readonly kind: "bare" };

interface Waiter {
  readonly wanted: Wanted;
  readonly end: (error?: SkepError) => void;
  /** Why the last run could not do it. */
  reason: string;
  patient: boolean;
}

/** Whom a run is for. */
export type Served = ReadonlySet<object>;

const PATIENCE_MS = 3_000;

export class WaitingRoom {
  readonly #env: Pick<Env, "timer">;
  readonly #waiters = new Set<Waiter>();

  constructor(env: Pick<Env, "timer">) {
    this.#env = env;
  }

  /** @throws {SkepError} as the run failed. @throws `signal.reason` when aborted. */
  wait(wanted: Wanted, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiter.end(SkepError.from(signal.reason));
      const timer = this.#env.timer(PATIENCE_MS, () => {
        waiter.patient = false;
        if (waiter.reason !== "") waiter.end(new SkepError("unavailable", waiter.reason));
      });
      const waiter: Waiter = {
        wanted,
        reason: "",
        patient: true,
        end: (error) => {
          this.#waiters.delete(waiter);
          timer.cancel();
          signal.removeEventListener("abort", onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#waiters.add(waiter);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Nobody needs the task's network any more. */
  forget(taskId: TaskId): void {
    for (const { wanted, end } of this.#waiters) {
      if (wanted.kind === "ready" && wanted.taskId === taskId) {
        end(new SkepError("canceled", "the task needs its network no more"));
      }
    }
  }

  /** A run begins. */
  enter(): Served {
    return new Set(this.#waiters);
  }

  /** It went well. @param unready tasks that cannot have their network yet, and why. @param failed tasks that it went wrong for, and how. */
  settle(served: Served, unready: ReadonlyMap<TaskId, string>, failed: ReadonlyMap<TaskId, string>): void {
    for (const waiter of this.#waiters) {
      if (!served.has(waiter)) continue;
      const { wanted } = waiter;
      const failure = wanted.kind === "bare" ? [...failed.values()][0] : failed.get(wanted.taskId);
      if (failure !== undefined) {
        waiter.end(new SkepError("unavailable", failure));
        continue;
      }
      const reason = wanted.kind === "ready" ? unready.get(wanted.taskId) : undefined;
      if (reason === undefined) waiter.end();
      else if (waiter.patient) waiter.reason = reason;
      else waiter.end(new SkepError("unavailable", reason));
    }
  }

  fail(served: Served, { code, message, cause }: SkepError): void {
    // What is missing on this node stays missing; all else may pass.
    const passes = code === "failed_precondition" ? code : "unavailable";
    for (const waiter of this.#waiters) if (served.has(waiter)) waiter.end(new SkepError(passes, message, { cause }));
  }
}
