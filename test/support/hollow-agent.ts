// An agent without containers, for simulations of the control plane: it speaks the dispatcher's protocol, walks its tasks
// through their states in simulated time, and can be cut off, killed and started again.
import type { Dispatcher } from "../../manager/dispatcher/dispatcher.ts";
import {
  type AgentMessage,
  type Assignments,
  newAgentMessage,
  newTaskStatusUpdate,
  type TaskStatusUpdate,
} from "../../proto/gen/dispatcher.ts";
import {
  type NodeDescription,
  newPortConfig,
  newTaskStatus,
  type PortConfig,
  type Task,
  type TaskState,
} from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { ClusterId, NodeId, TaskId } from "../../shared/model/ids.ts";
import { isTerminal, rank } from "../../shared/model/tasks.ts";

export type Outcome =
  | { readonly kind: "run" }
  /** Ends by itself after it ran for so long. */
  | { readonly kind: "exit"; readonly afterMs: number; readonly code: number }
  /** Runs for ever, and listens where its service publishes only after a while. */
  | { readonly kind: "listen"; readonly afterMs: number }
  /** Never gets so far as to run. */
  | { readonly kind: "reject"; readonly err: string };

export interface HollowAgentOptions {
  readonly env: Env;
  readonly id: NodeId;
  readonly addr: string;
  readonly description: NodeDescription;
  readonly dispatchers: readonly { readonly addr: string; readonly dispatcher: Dispatcher }[];
  readonly outcome: (task: Task) => Outcome;
  readonly signal: AbortSignal;
}

export interface HollowAgent {
  readonly id: NodeId;
  /** Ids of the tasks that run here, whatever the managers think. */
  readonly running: () => TaskId[];
  /** The network is gone: nothing goes out or comes in; the tasks run on. */
  readonly cut: () => void;
  readonly heal: () => void;
  /** A power cut. */
  readonly kill: () => void;
  readonly start: () => void;
  readonly done: Promise<void>;
}

const STEP_MS = 10;
const STOP_MS = 50;
const RECONNECT_MS = 100;
const SILENCE_MS = 3_000;

interface Container {
  task: Task;
  state: TaskState;
  busy: boolean;
}

/** A queue that one side fills and the other iterates. */
class Requests implements AsyncIterable<AgentMessage> {
  #queue: AgentMessage[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  push(message: AgentMessage): void {
    this.#queue.push(message);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AgentMessage> {
    for (;;) {
      const batch = this.#queue;
      this.#queue = [];
      yield* batch;
      if (this.#ended) return;
      if (this.#queue.length > 0) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export function startHollowAgent(options: HollowAgentOptions): HollowAgent {
  const { env, id, signal } = options;
  const containers = new Map<TaskId, Container>();
  const unstored = new Map<TaskId, TaskStatusUpdate>();
  let life = new AbortController();
  let up = true;
  let linked = true;
  let requests: Requests | undefined;
  /** Something was lost on the way: as TCP has no gaps, the session cannot go on. */
  let broken = false;
  let reset: () => void = () => undefined;

  const report = (container: Container, state: TaskState, err = "", awaited: readonly PortConfig[] = []): void => {
    container.state = state;
    const portStatus = awaited.length === 0 ? undefined : { awaited };
    const status = newTaskStatus({ state, timestampMs: env.wallMs(), message: state, err, portStatus });
    const update = newTaskStatusUpdate({ taskId: container.task.id, status });
    unstored.set(container.task.id, update);
    send({ kind: "statuses", updates: [update] });
  };
  const send = (message: NonNullable<AgentMessage["message"]>): void => {
    if (linked && up) requests?.push(newAgentMessage({ message }));
    else broken = true;
  };

  /** One thing at a time per task; each step looks at what is wanted now. */
  const walk = async (container: Container): Promise<void> => {
    if (container.busy) return;
    container.busy = true;
    const own = AbortSignal.any([signal, life.signal]);
    try {
      while (!own.aborted && !isTerminal(container.state) && containers.get(container.task.id) === container) {
        const { task } = container;
        if (rank(task.desiredState) > rank("running")) {
          await env.sleep(container.state === "running" ? STOP_MS : STEP_MS, own);
          if (!isTerminal(container.state)) report(container, "shutdown");
          return;
        }
        const outcome = options.outcome(task);
        const next = nextState(container, outcome);
        if (next === undefined) return;
        await env.sleep(STEP_MS, own);
        if (rank(container.task.desiredState) > rank("running")) continue;
        if (next === "running" && outcome.kind === "listen") {
          report(container, next, "", [newPortConfig({ targetPort: 80 })]);
          env.timer(outcome.afterMs, () => {
            if (!own.aborted && container.state === "running") report(container, next);
          });
          continue;
        }
        report(container, next, next === "rejected" && outcome.kind === "reject" ? outcome.err : "");
        if (next === "running" && outcome.kind === "exit") {
          env.timer(outcome.afterMs, () => {
            if (own.aborted || container.state !== "running") return;
            const err = outcome.code === 0 ? "" : `task: non-zero exit (${outcome.code})`;
            report(container, outcome.code === 0 ? "complete" : "failed", err);
          });
        }
      }
    } catch (error) {
      if (!own.aborted) throw error;
    } finally {
      container.busy = false;
    }
  };

  const assign = (assignments: Assignments): void => {
    const known = new Set(assignments.tasks.map((task) => task.id));
    for (const taskId of containers.keys()) {
      const gone = assignments.type === "complete" ? !known.has(taskId) : assignments.removedTaskIds.includes(taskId);
      if (gone) {
        containers.delete(taskId);
        unstored.delete(taskId);
      }
    }
    for (const task of assignments.tasks) {
      const seen = task.status?.state ?? "assigned";
      let container = containers.get(task.id);
      if (container === undefined) {
        container = { task, state: "assigned", busy: false };
        if (isTerminal(seen)) container.state = seen;
        containers.set(task.id, container);
        // It ran in an earlier life of this host.
        if (!isTerminal(seen) && rank(seen) > rank("assigned")) report(container, "failed", "task was lost");
      }
      container.task = task;
      walk(container).catch((error: unknown) => process.emitWarning(String(error)));
    }
  };

  const converse = async (dispatcher: Dispatcher, own: AbortSignal): Promise<void> => {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    own.addEventListener("abort", end, { once: true });
    const mine = new Requests();
    requests = mine;
    broken = false;
    reset = end;
    let heardMs = env.nowMs();
    send({
      kind: "hello",
      challenge: new Uint8Array(0),
      description: options.description,
      addr: options.addr,
      networks: [],
    });
    if (unstored.size > 0) send({ kind: "statuses", updates: [...unstored.values()] });
    const beats = (async () => {
      while (!stop.signal.aborted) {
        await env.sleep(1_000, stop.signal);
        if (env.nowMs() - heardMs > SILENCE_MS) stop.abort();
        send({ kind: "beat" });
      }
    })().catch(() => undefined);
    const context = {
      peer: { kind: "node", nodeId: id, role: "worker", clusterId: "" as ClusterId },
      signal: stop.signal,
      metadata: new Map<string, string>(),
    } as const;
    try {
      for await (const { message } of dispatcher.handlers.session(mine, context)) {
        if (stop.signal.aborted) return;
        if (!linked) {
          broken = true;
          continue;
        }
        heardMs = env.nowMs();
        if (message?.kind === "assignments") assign(message);
        if (message?.kind === "stored") {
          for (const { taskId, status } of message.updates) {
            if (unstored.get(taskId)?.status?.state === status?.state) unstored.delete(taskId);
          }
        }
      }
    } finally {
      mine.end();
      stop.abort();
      own.removeEventListener("abort", end);
      await beats;
    }
  };

  const live = async (): Promise<void> => {
    let at = 0;
    while (!signal.aborted) {
      const own = AbortSignal.any([signal, life.signal]);
      const target = options.dispatchers[at % options.dispatchers.length];
      if (up && linked && target !== undefined) {
        try {
          await converse(target.dispatcher, own);
        } catch (error) {
          const { message } = SkepError.from(error);
          const leader = / leader=(\S+)$/.exec(message)?.[1];
          const found = options.dispatchers.findIndex(({ addr }) => addr === leader);
          at = found >= 0 ? found : at + 1;
        }
      }
      await env.sleep(RECONNECT_MS, signal).catch(() => undefined);
    }
  };

  return {
    id,
    running: () => [...containers.values()].filter(({ state }) => state === "running").map(({ task }) => task.id),
    cut: () => {
      linked = false;
    },
    heal: () => {
      linked = true;
      if (broken) reset();
    },
    kill: () => {
      up = false;
      linked = false; // the peer hears nothing, not even an end
      containers.clear();
      unstored.clear();
      life.abort();
      life = new AbortController();
    },
    start: () => {
      up = true;
      linked = true;
      if (broken) reset();
    },
    done: live(),
  };
}

function nextState(container: Container, outcome: Outcome): TaskState | undefined {
  switch (container.state) {
    case "assigned":
      return "accepted";
    case "accepted":
      return "preparing";
    case "preparing":
      return outcome.kind === "reject" ? "rejected" : "ready";
    case "ready":
      return container.task.desiredState === "running" ? "starting" : undefined;
    case "starting":
      return "running";
    default:
      return undefined;
  }
}
