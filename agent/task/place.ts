// A task's place in the network, from when it is first needed until it is given back; and until when new connections may come
// to it from elsewhere.
import type { Task } from "../../proto/gen/objects.ts";
import { withDeadline } from "../deadline.ts";
import { taskNetwork } from "../network/local-task.ts";
import { RESOLVER } from "../network/plan/task-rules.ts";
import type { ContainerNetwork } from "../runtime/runtime.ts";
import { DRAIN_LIMIT_MS } from "./step.ts";
import type { WorkerContext } from "./worker-context.ts";

const RELEASE_LIMIT_MS = 60_000;

export class Place {
  readonly #context: Pick<WorkerContext, "env" | "networks" | "inSession">;
  #held: boolean;
  /** Under way or done; undefined before it is needed, and after it failed. */
  #network: Promise<ContainerNetwork> | undefined;
  /** When the task was first told to stop (Env.nowMs). */
  #stopToldAtMs: number | undefined;
  #drained = false;

  /** @param held it was adopted from an earlier life. */
  constructor(context: Pick<WorkerContext, "env" | "networks" | "inSession">, held: boolean) {
    this.#context = context;
    this.#held = held;
  }

  /** There is something to give back. */
  get held(): boolean {
    return this.#held;
  }

  /** Made once; after a failure it is made again. @throws {SkepError} as TaskNetworks.prepare. */
  prepared(task: Task, signal: AbortSignal): Promise<ContainerNetwork> {
    this.#network ??= this.#prepare(task, signal).catch((error: unknown) => {
      this.#network = undefined;
      throw error;
    });
    return this.#network;
  }

  async release(task: Task, signal: AbortSignal): Promise<void> {
    const { env, networks } = this.#context;
    await withDeadline(env, signal, RELEASE_LIMIT_MS, "remove the network of the task", (limit) =>
      networks.release(task.id, limit),
    );
    this.#network = undefined;
    this.#held = false;
  }

  toldToStop(): void {
    this.#stopToldAtMs ??= this.#context.env.nowMs();
  }

  drained(): void {
    this.#drained = true;
  }

  /** Env.nowMs; undefined: nobody sends it new connections, or nobody would tell when that ends. */
  drainUntilMs(task: Task): number | undefined {
    const nobody = this.#drained || task.attachments.length === 0 || !this.#context.inSession();
    return nobody || this.#stopToldAtMs === undefined ? undefined : this.#stopToldAtMs + DRAIN_LIMIT_MS;
  }

  async #prepare(task: Task, signal: AbortSignal): Promise<ContainerNetwork> {
    const network = taskNetwork(task);
    if (network.kind !== "own") return network;
    this.#held = true;
    const made = await this.#context.networks.prepare(network.task, signal);
    return { kind: "path", ...made, resolvers: [RESOLVER] };
  }
}
