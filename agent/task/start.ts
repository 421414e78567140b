// Starting a container, which a stop may overtake: the start may then finish, so that the process gets its grace, but not for
// ever.
import type { Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { withDeadline } from "../deadline.ts";
import type { WorkerContext } from "./worker-context.ts";

const START_LIMIT_MS = 120_000;
const OVERTAKEN_START_LIMIT_MS = 10_000;

export type Started =
  | { readonly kind: "running"; readonly pid: number }
  /** `unknown`: nobody can say how far it came. */
  | { readonly kind: "failed"; readonly error: unknown; readonly unknown: boolean };

/** @param overtake aborts when the task shall stop. Never throws. */
export async function startContainer(
  { runtime, env, outputs }: Pick<WorkerContext, "runtime" | "env" | "outputs">,
  task: Task,
  overtake: AbortSignal,
  signal: AbortSignal,
): Promise<Started> {
  const sink = outputs.open(task);
  const overtaken = new AbortController();
  let grace: { cancel(): void } | undefined;
  const onOvertaken = (): void => {
    grace = env.timer(OVERTAKEN_START_LIMIT_MS, () => overtaken.abort(overtake.reason));
  };
  overtake.addEventListener("abort", onOvertaken, { once: true });
  try {
    const both = AbortSignal.any([signal, overtaken.signal]);
    const { pid } = await withDeadline(env, both, START_LIMIT_MS, "start the container", (limit) =>
      runtime.start(task.id, sink, limit),
    );
    return { kind: "running", pid };
  } catch (error) {
    const unknown = overtaken.signal.aborted || SkepError.from(error).code === "deadline_exceeded";
    return { kind: "failed", error, unknown };
  } finally {
    grace?.cancel();
    overtake.removeEventListener("abort", onOvertaken);
  }
}
