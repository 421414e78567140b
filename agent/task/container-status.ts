// What managers hear of a task's container.
import type { ContainerStatus } from "../../proto/gen/objects.ts";
import { assertNever } from "../../shared/errors.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import type { ContainerView } from "./step.ts";

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
