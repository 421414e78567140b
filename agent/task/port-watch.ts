// From a task's start until its program listens at the ports that its service publishes, or else at one that its image exposes: so
// long it gets no connections, and an update does not go on to the next task. A program that never listens where it should is not waited for without limit: what
// it is asked then, it refuses by itself.
import type { PortConfig, Task } from "../../proto/gen/objects.ts";
import type { WorkerContext } from "./worker-context.ts";

export const PORTS_LIMIT_MS = 15_000;
const FIRST_LOOK_MS = 5;
const MAX_LOOK_MS = 100;

export class PortWatch {
  readonly #context: Pick<WorkerContext, "env" | "awaitedPorts">;
  readonly #onChange: () => void;
  #awaited: readonly PortConfig[] = [];
  #late = false;
  #exposed: readonly string[] = [];

  constructor(context: Pick<WorkerContext, "env" | "awaitedPorts">, onChange: () => void) {
    this.#context = context;
    this.#onChange = onChange;
  }

  /** At which nothing listens; empty once the wait is over, however it ended. */
  get awaited(): readonly PortConfig[] {
    return this.#late ? [] : this.#awaited;
  }

  /** What is going on, for the task's status: "started, and more". */
  get words(): string {
    const ports = this.#awaited.map(({ targetPort, protocol }) => `${targetPort}/${protocol}`).join(", ");
    if (ports === "") return "started";
    return this.#late ? `started; nothing listens at ${ports}` : `started; waits until it listens at ${ports}`;
  }

  /** @param exposed by the image. Resolves after the first look; looks on until the wait is over or `signal` aborts. Never throws. */
  async begin(task: Task, pid: number, exposed: readonly string[], signal: AbortSignal): Promise<void> {
    this.#exposed = exposed;
    await this.#look(task, pid);
    if (this.#awaited.length > 0) void this.#lookOn(task, pid, signal);
  }

  async #lookOn(task: Task, pid: number, signal: AbortSignal): Promise<void> {
    const { env } = this.#context;
    const untilMs = env.nowMs() + PORTS_LIMIT_MS;
    for (let pauseMs = FIRST_LOOK_MS; this.awaited.length > 0; pauseMs = Math.min(MAX_LOOK_MS, pauseMs * 2)) {
      await env.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#look(task, pid);
      this.#late = env.nowMs() >= untilMs;
    }
    this.#onChange();
  }

  async #look(task: Task, pid: number): Promise<void> {
    this.#awaited = await this.#context.awaitedPorts(task, pid, this.#exposed).catch(() => []);
  }
}
