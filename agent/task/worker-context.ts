// What all workers of a node share.
import type { PortConfig, Task, TaskStatus } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import type { TaskOutputs } from "../logs/log-store.ts";
import type { TaskNetworks } from "../network/room.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { NodeIdentity } from "./container-config.ts";
import type { Gate } from "./gate.ts";
import type { TaskFiles } from "./task-files.ts";

export interface WorkerContext {
  readonly env: Env;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly outputs: TaskOutputs;
  readonly files: TaskFiles;
  readonly networks: TaskNetworks;
  readonly node: NodeIdentity;
  /** Bounds containers made, started and removed at once. */
  readonly work: Gate;
  /** Bounds pulls at once; apart, so that a slow registry holds up nobody who needs none. */
  readonly pulls: Gate;
  /** Managers hear this node, and tell when a task is drained. */
  readonly inSession: () => boolean;
  readonly insecureRegistries: () => readonly string[];
  /**
   * Ports that the task's service publishes, and at which its process listens not yet; of a service that publishes none, those that
   * its image exposes, until it listens at one of them.
   * @param exposed by the image: "8080/tcp".
   */
  readonly awaitedPorts: (task: Task, pid: number, exposed: readonly string[]) => Promise<readonly PortConfig[]>;
  /** Told of every observation, in order. Must not throw. */
  readonly onStatus: (id: TaskId, status: TaskStatus) => void;
}
