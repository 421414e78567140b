// What sessions say, on its way into the store: nodes and task statuses, each in a queue that writes at once when it is idle. What
// the store does not take (not yet, or no longer) is tried again until the leadership is over.
import type { TaskStatusUpdate } from "../../proto/gen/dispatcher.ts";
import { type Env, steadyWall } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";
import type { Store } from "../store/types.ts";
import { changedNode, type NodeChange, reportedTask } from "./records.ts";
import { WriteQueue } from "./write-queue.ts";

const RETRY_MS = 200;

interface Report {
  readonly node: NodeId;
  readonly update: TaskStatusUpdate;
}

export interface WriterOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  /** Aborts when the leadership is over. */
  readonly signal: AbortSignal;
  /** A status is in the store, or is no news, and the node that reported it can forget it. */
  readonly onStored: (node: NodeId, update: TaskStatusUpdate) => void;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #nodes: WriteQueue<NodeId, NodeChange>;
  readonly #statuses: WriteQueue<TaskId, Report>;
  /** A task's start is compared with the orchestrator's clock, which does not jump either. */
  readonly #clock: () => number;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#clock = steadyWall(options.env);
    this.#nodes = new WriteQueue(
      (queued, next) => ({ ...queued, ...next }),
      (batch) => this.#writeNodes(batch),
    );
    this.#statuses = new WriteQueue(
      (_queued, next) => next,
      (batch) => this.#writeStatuses(batch),
    );
  }

  /** Statuses that wait for the write after the one in flight. */
  get queuedStatuses(): number {
    return this.#statuses.size;
  }

  node(node: NodeId, change: NodeChange): void {
    this.#nodes.add(node, change);
  }

  status(node: NodeId, update: TaskStatusUpdate): void {
    this.#statuses.add(update.taskId, { node, update });
  }

  async #writeStatuses(batch: readonly (readonly [TaskId, Report])[]): Promise<"done" | "again" | "over"> {
    const { log, store, onStored } = this.#options;
    const lost = new Set<TaskId>();
    const outcome = await this.#write("task statuses", async () => {
      const { failed } = await store.batch(batch, (tx, [id, { node, update }]) => {
        const task = tx.get("task", id);
        if (task === undefined || task.nodeId !== node) return;
        const next = reportedTask(task, update, this.#clock());
        if (next !== undefined) tx.put("task", next);
      });
      for (const { item, error } of failed) {
        lost.add(item[0]);
        log.error({ task: item[0], error: error.message }, "could not store a status");
      }
    });
    if (outcome !== "done") return outcome;
    for (const [id, { node, update }] of batch) if (!lost.has(id)) onStored(node, update);
    return "done";
  }

  #writeNodes(batch: readonly (readonly [NodeId, NodeChange])[]): Promise<"done" | "again" | "over"> {
    const { env, log, store } = this.#options;
    return this.#write("node states", async () => {
      const { failed } = await store.batch(batch, (tx, [id, change]) => {
        const node = tx.get("node", id);
        const next = node === undefined ? undefined : changedNode(node, change, env.wallMs());
        if (next !== undefined) tx.put("node", next);
      });
      for (const { item, error } of failed)
        log.error({ node: item[0], error: error.message }, "could not store a node");
    });
  }

  async #write(what: string, write: () => Promise<void>): Promise<"done" | "again" | "over"> {
    const { env, log, signal } = this.#options;
    if (signal.aborted) return "over";
    try {
      await write();
      return "done";
    } catch (error) {
      log.info({ error: SkepError.from(error).message }, `could not store ${what}`);
      await env.sleep(RETRY_MS, signal).catch(() => undefined);
      return signal.aborted ? "over" : "again";
    }
  }
}
