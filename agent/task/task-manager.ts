// All tasks of this node: one worker each. Takes assignments, and after a restart brings together what the disk remembers
// and what the runtime still has. Keeps running what it has when no manager can be reached: nothing here asks them.
import type { Task, TaskStatus } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { isId, type TaskId } from "../../shared/model/ids.ts";
import { rank } from "../../shared/model/tasks.ts";
import type { TaskOutputs } from "../logs/log-store.ts";
import { taskNetwork } from "../network/local-task.ts";
import type { NetworkRoom, TaskPlace } from "../network/room.ts";
import type { ContainerState, Runtime } from "../runtime/runtime.ts";
import type { NodeIdentity } from "./container-config.ts";
import { carriesCredentials } from "./credentials.ts";
import { createGate } from "./gate.ts";
import { type ContainerView, retryDelayMs } from "./step.ts";
import type { TaskFiles } from "./task-files.ts";
import { TaskWorker, type WorkerStart } from "./worker.ts";
import type { WorkerContext } from "./worker-context.ts";

export interface TaskManagerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly outputs: TaskOutputs;
  readonly files: TaskFiles;
  readonly networks: Pick<NetworkRoom, "adopt" | "prepare" | "release">;
  readonly inSession: () => boolean;
  readonly node: NodeIdentity;
  /** Containers made, started or removed at once, and as many pulls. */
  readonly parallel: number;
  readonly insecureRegistries: () => readonly string[];
  /** Unset: tasks await none. */
  readonly awaitedPorts?: WorkerContext["awaitedPorts"];
  readonly onStatus: (id: TaskId, status: TaskStatus) => void;
}

export class TaskManager {
  readonly #options: TaskManagerOptions;
  readonly #context: WorkerContext;
  readonly #workers = new Map<TaskId, TaskWorker>();
  readonly #running = new Set<Promise<void>>();
  /** Containers without a task that are being removed; never rejects. */
  readonly #strays = new Map<TaskId, Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: TaskManagerOptions) {
    this.#options = options;
    this.#context = {
      awaitedPorts: async () => [],
      ...options,
      work: createGate(options.parallel),
      pulls: createGate(options.parallel),
    };
  }

  /**
   * Brings back the tasks of the daemon's earlier life; must resolve before the first `apply`. Asks the runtime until it
   * answers: a node that cannot say what runs on it takes no tasks.
   * @param signal ends all workers when it aborts; their containers live on.
   * @throws `signal.reason` when aborted before.
   */
  async recover(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const { files, outputs, networks } = this.#options;
    const records = await files.load();
    const containers = new Map((await this.#listContainers(signal)).map((container) => [container.id, container]));
    const known = new Set<TaskId>(records.map((record) => record.task.id));
    const found = records.map(({ task, imageStopSignal }) => {
      const container = viewOf(containers.get(task.id));
      // An exited one needs its network no more.
      const place = container.kind === "running" || container.kind === "created" ? placeOf(task) : undefined;
      return { task, imageStopSignal, container, place };
    });
    networks.adopt(
      found.flatMap(({ place, container }) =>
        place === undefined ? [] : [{ place, pid: container.kind === "running" ? container.pid : undefined }],
      ),
    );
    for (const { place, ...start } of found) {
      // A record of an earlier version that still holds credentials is written anew, without them.
      const recorded = !carriesCredentials(start.task);
      this.#add({ ...start, namespace: place !== undefined, recorded });
    }
    for (const id of containers.keys()) {
      if (known.has(id)) continue;
      const gone = this.#removeStray(id, signal).finally(() => this.#strays.delete(id));
      this.#strays.set(id, gone);
      this.#track(gone);
    }
    await outputs.retain(known);
  }

  /** Makes the node's tasks what managers say: `complete` names all of them, otherwise others stay as they are. */
  apply(assignments: {
    readonly complete: boolean;
    readonly tasks: readonly Task[];
    readonly removed: readonly TaskId[];
  }): void {
    if (assignments.complete) {
      const assigned = new Set(assignments.tasks.map((task) => task.id));
      for (const [id, worker] of this.#workers) if (!assigned.has(id)) worker.remove();
    }
    for (const task of assignments.tasks) {
      const worker = this.#workers.get(task.id);
      if (worker !== undefined) {
        worker.assign(task);
        // Managers that know less than this node are told again: a restart of the daemon forgets what was unsent.
        const behind = rank(worker.status.state) > rank(task.status?.state ?? "new");
        if (assignments.complete && behind) this.#options.onStatus(task.id, worker.status);
      } else if (isId(task.id))
        this.#add({ task, imageStopSignal: "", container: { kind: "none" }, namespace: false, recorded: false });
      else this.#options.log.error({ task: task.id }, "ignored an assigned task: its id is malformed");
    }
    for (const id of assignments.removed) this.#workers.get(id)?.remove();
  }

  /** No node sends new connections to these any more. */
  drained(ids: readonly TaskId[]): void {
    for (const id of ids) this.#workers.get(id)?.drained();
  }

  /** Managers are not heard any more: nobody waits for them. */
  sessionEnded(): void {
    for (const worker of this.#workers.values()) worker.lookAgain();
  }

  /** The last observation of every task: what a manager should know. */
  statuses(): ReadonlyMap<TaskId, TaskStatus> {
    return new Map([...this.#workers].map(([id, worker]) => [id, worker.status]));
  }

  task(id: TaskId): Task | undefined {
    return this.#workers.get(id)?.task;
  }

  counts(): { readonly total: number; readonly running: number } {
    let running = 0;
    for (const worker of this.#workers.values()) if (worker.status.state === "running") running++;
    return { total: this.#workers.size, running };
  }

  /** Resolves when every worker has ended: after the signal of `recover` aborted, or when all tasks are forgotten. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #add(start: WorkerStart): void {
    const signal = this.#signal;
    if (signal === undefined) throw new SkepError("internal", "tasks were assigned before the node had recovered");
    if (signal.aborted) return;
    const worker = new TaskWorker(this.#context, start);
    this.#workers.set(start.task.id, worker);
    const run = async (): Promise<void> => {
      // A stray may turn out to be a task whose record was lost, and that is assigned again: not both at once.
      await this.#strays.get(start.task.id);
      await worker.run(signal);
      if (!signal.aborted) this.#workers.delete(start.task.id);
    };
    this.#track(run());
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#options.log.error({ err: error }, "a task's worker ended by an error"))
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  async #listContainers(signal: AbortSignal): Promise<readonly ContainerState[]> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#options.runtime.list(signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#options.log.error({ err: error, failures }, "the container runtime does not answer; trying again");
        await this.#options.env.sleep(retryDelayMs(failures), signal);
      }
    }
  }

  /** A container without a task: a crash left it between two steps. */
  async #removeStray(id: TaskId, signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await this.#context.work.run(signal, () => this.#options.runtime.remove(id, signal));
        this.#options.log.info({ container: id }, "removed a container that belongs to no task");
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn({ err: error, container: id }, "cannot remove a container that belongs to no task");
        await this.#options.env.sleep(retryDelayMs(failures), signal).catch(() => undefined);
      }
    }
  }
}

function placeOf(task: Task): TaskPlace | undefined {
  try {
    const network = taskNetwork(task);
    return network.kind === "own" ? network.task : undefined;
  } catch {
    return undefined; // it never came so far as to have one
  }
}

function viewOf(container: ContainerState | undefined): ContainerView {
  switch (container?.state) {
    case undefined:
      return { kind: "none" };
    case "created":
      return { kind: "created" };
    case "running":
      return { kind: "running", pid: container.pid };
    case "exited":
      return { kind: "exited", exit: container.exit };
  }
}
