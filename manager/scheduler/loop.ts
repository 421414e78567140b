// The scheduler's loop: commits feed the planner, its decisions go to the store in batches. A placement is checked again over
// the head: the task must still wait, and the node still take tasks and be one that the task's placement, as it is then, allows.
import type { Task } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import { Retries } from "../retries.ts";
import type { Commit, Store, Tx } from "../store/types.ts";
import { runWatchLoop } from "../watch-loop.ts";
import { isReady } from "./filters.ts";
import { chooseHostPorts } from "./host-ports.ts";
import { placementOf } from "./placement.ts";
import { type Decision, isPending, Planner } from "./planner.ts";

/** Decisions per round: some transactions' worth, small enough to let the process breathe between. */
const ROUND = 2_000;

export interface SchedulerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly signal: AbortSignal;
}

export async function runScheduler({ env, log, store, signal }: SchedulerOptions): Promise<void> {
  const planner = new Planner();
  /** Their places are held until then. */
  const retries = new Retries<TaskId>();

  const commit = ({ changes }: Commit): boolean => {
    for (const { table, action, object } of changes) {
      if (table === "node") {
        if (action === "remove") planner.removeNode(object.id);
        else planner.setNode(object);
      } else if (table === "task") {
        if (action === "remove") planner.removeTask(object.id);
        else planner.setTask(object);
      }
    }
    return true;
  };

  const work = async (): Promise<number> => {
    for (const id of retries.take(env.nowMs())) planner.refuse(id);
    while (!signal.aborted) {
      const decisions = planner.decide(ROUND, env.wallMs());
      if (decisions.length === 0) break;
      const refused: TaskId[] = [];
      const { failed } = await store.batch(decisions, (tx, decision) => {
        if (!write(tx, decision, env)) refused.push(decision.task);
      });
      for (const id of refused) planner.refuse(id);
      for (const { item, error } of failed) {
        log.error({ ...item, error: error.message }, "could not write a placement; trying again");
        retries.add(item.task, env.nowMs());
      }
      await env.breathe();
    }
    return retries.waitMs(env.nowMs());
  };

  await runWatchLoop({
    env,
    store,
    signal,
    start: (view) => {
      for (const node of view.all("node")) planner.setNode(node);
      for (const task of view.all("task")) planner.setTask(task);
    },
    commit,
    work,
  });
}

/** False: the world has moved on, decide again. */
function write(tx: Tx, decision: Decision, env: Env): boolean {
  const nowMs = env.wallMs();
  const task = tx.get("task", decision.task);
  if (task === undefined || !isPending(task)) return false;
  if (decision.kind === "explain") {
    if (task.status?.err !== decision.err) {
      tx.put("task", withStatus(task, "pending", "pending task scheduling", decision.err, nowMs));
    }
    return true;
  }
  const node = tx.get("node", decision.node);
  if (node === undefined || !isReady(node) || (task.nodeId !== "" && task.nodeId !== node.id)) return false;
  if (!placementOf(task.spec)(node)) return false;
  const message =
    task.nodeId === "" ? "scheduler assigned task to node" : "scheduler confirmed task can run on preassigned node";
  const ports = chooseHostPorts(tx, task, node, env.random);
  tx.put("task", { ...withStatus(task, "assigned", message, "", nowMs), nodeId: node.id, ports });
  return true;
}

const withStatus = (task: Task, state: "pending" | "assigned", message: string, err: string, nowMs: number): Task => ({
  ...task,
  status: { ...task.status, state, message, err, timestampMs: nowMs },
});
