// What managers hear of a task's container, and of what went wrong with it.
import type { ContainerStatus } from "../../proto/gen/objects.ts";
import { assertNever } from "../../shared/errors.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import type { ContainerView } from "./step.ts";

/** Many of them go into one message, and each into the managers' log; runtimes and registries can be long-winded. */
const MAX_ERR_LENGTH = 4 * 1024;

export const boundedErr = (err: string): string =>
  err.length > MAX_ERR_LENGTH ? `${err.slice(0, MAX_ERR_LENGTH)}…` : err;

/** @param before as told last: what is not known any more stays as it was. */
export function containerStatus(
  containerId: TaskId,
  container: ContainerView,
  before: ContainerStatus | undefined,
): ContainerStatus | undefined {
  const none = { containerId, pid: 0, exitCode: 0, oomKilled: false };
  switch (container.kind) {
    case "none":
    case "unknown":
      return before;
    case "created":
      return none;
    case "running":
      return { ...none, pid: container.pid };
    case "exited": {
      const { exitCode, oomKilled } = container.exit;
      return { ...none, exitCode, oomKilled };
    }
    default:
      return assertNever(container);
  }
}
