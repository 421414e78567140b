import {
  type ContainerSpec,
  newContainerSpec,
  newTask,
  newTaskSpec,
  type Task,
  type TaskSpec,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";
import { newId } from "../../../shared/model/ids.ts";

const random = seededRandom(7);

export const nodeId = newId<NodeId>(random);
export const newTaskId = (): TaskId => newId<TaskId>(random);

export interface TaskInit {
  readonly id?: TaskId;
  readonly image?: string;
  readonly container?: Partial<ContainerSpec>;
  readonly spec?: Partial<TaskSpec>;
  readonly desired?: TaskState;
  readonly state?: TaskState;
  readonly slot?: number;
}

export function task(init: TaskInit = {}): Task {
  return newTask({
    id: init.id ?? newTaskId(),
    serviceId: "service000000000000000000" as ServiceId,
    serviceName: "web",
    slot: init.slot ?? 1,
    nodeId,
    desiredState: init.desired ?? "running",
    status: { timestampMs: 1, state: init.state ?? "assigned", message: "", err: "" },
    spec: newTaskSpec({
      containerSpec: newContainerSpec({ image: init.image ?? "hollow/sleep", ...init.container }),
      ...init.spec,
    }),
  });
}
