// The orchestrator: keeps a set of services and nodes that something happened to, and plans each of them again over the
// head of the store, in the transaction that writes the plan. So a plan never stands on what has changed meanwhile, and
// services behind a commit in flight make one batch.
import {
  encodeEndpointSpec,
  encodeTask,
  encodeTaskSpec,
  type Node,
  newServiceSpec,
  type Service,
  type Task,
} from "../../proto/gen/objects.ts";
import { type Env, steadyWall } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import { type NodeId, newId, type ServiceId, type TaskId } from "../../shared/model/ids.ts";
import { isDead, isUp, isWanted, stateOf } from "../../shared/model/tasks.ts";
import { Cursors } from "../allocator/addresses.ts";
import { TaskAllocator } from "../allocator/tasks.ts";
import { Retries } from "../retries.ts";
import type { Change, Commit, Store, Tx, View } from "../store/types.ts";
import { runWatchLoop } from "../watch-loop.ts";
import { enforceNode } from "./enforcer.ts";
import { planService } from "./service-plan.ts";

const DEFAULT_HISTORY_LIMIT = 5;
const PLAN_BYTES = 512 * 1024;
const TASK_OVERHEAD_BYTES = 400;
/** Of a task on one network: its ID and two addresses. */
const PLACE_BYTES = 100;
const MAX_PLAN_CHANGES = 1000;
const NO_WAITS: ReadonlyMap<TaskId, number> = new Map();

export interface LoopOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly signal: AbortSignal;
}

type Item = { readonly node: NodeId } | { readonly service: ServiceId };

export async function runOrchestrator({ env, log, store, signal }: LoopOptions): Promise<void> {
  const services = new Set<ServiceId>();
  const nodes = new Set<NodeId>();
  const cursors = new Cursors(env.random);
  const wakeAtMs = new Map<ServiceId, number>();
  const waits = new Map<ServiceId, ReadonlyMap<TaskId, number>>();
  const retries = { services: new Retries<ServiceId>(), nodes: new Retries<NodeId>() };
  const clock = steadyWall(env);

  const work = async (): Promise<number> => {
    for (const id of retries.services.take(env.nowMs())) services.add(id);
    for (const id of retries.nodes.take(env.nowMs())) nodes.add(id);
    const nowMs = clock();
    for (const [id, atMs] of wakeAtMs) if (atMs <= nowMs) services.add(id);
    while (services.size + nodes.size > 0 && !signal.aborted) {
      await round();
      await env.breathe();
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const atMs of wakeAtMs.values()) nextMs = Math.min(nextMs, atMs);
    const retryMs = Math.min(retries.services.waitMs(env.nowMs()), retries.nodes.waitMs(env.nowMs()));
    return Math.min(retryMs, Math.max(0, nextMs - clock()));
  };

  // Nodes first: what the enforcer rejects is replaced in the same batch.
  function* items(): Generator<Item> {
    for (const node of nodes) {
      nodes.delete(node);
      yield { node };
    }
    for (const service of [...services]) {
      services.delete(service);
      yield { service };
    }
  }

  const round = async (): Promise<void> => {
    const { failed } = await store.batch(items(), (tx, item) => {
      if ("node" in item) enforce(tx, item.node);
      else plan(tx, item.service);
    });
    for (const { item, error } of failed) {
      log.error({ ...item, error: error.message }, "could not write a plan; trying again");
      if ("node" in item) retries.nodes.add(item.node, env.nowMs());
      else {
        retries.services.add(item.service, env.nowMs());
        wakeAtMs.delete(item.service); // said again by the plan that can be written
      }
    }
  };

  const enforce = (tx: Tx, id: NodeId): void => {
    const node = tx.get("node", id);
    if (node === undefined) return;
    let bytes = 0;
    for (const task of enforceNode(node, tx.tasksOfNode(id), clock())) {
      tx.put("task", task);
      services.add(task.serviceId);
      bytes += TASK_OVERHEAD_BYTES + (task.spec === undefined ? 0 : encodeTaskSpec(task.spec).length);
      if (bytes < PLAN_BYTES) continue;
      nodes.add(id); // the others in a next transaction
      return;
    }
  };

  const plan = (tx: Tx, serviceId: ServiceId): void => {
    const service = tx.get("service", serviceId);
    const tasks = [...tx.tasksOfService(serviceId)];
    const { puts, removals, updateStatus, ...next } = planService({
      serviceId,
      service,
      tasks,
      node: (id) => tx.get("node", id),
      nodes: () => tx.all("node"),
      historyLimit: tx.cluster()?.spec?.orchestration?.taskHistoryRetentionLimit ?? DEFAULT_HISTORY_LIMIT,
      nowMs: clock(),
      waits: waits.get(serviceId) ?? NO_WAITS,
      newTaskId: () => newId(env.random),
      maxChanges: maxChanges(service, tasks),
    });
    // A new task gets its addresses here, over the head, or waits for them as `new`.
    const allocator = new TaskAllocator(tx, cursors, env.wallMs());
    for (const task of puts) tx.put("task", task.meta === undefined ? allocator.give(task, service).task : task);
    for (const id of removals) tx.remove("task", id);
    if (updateStatus !== undefined && service !== undefined) tx.put("service", { ...service, updateStatus });
    if (Number.isFinite(next.wakeAtMs)) wakeAtMs.set(serviceId, next.wakeAtMs);
    else wakeAtMs.delete(serviceId);
    if (next.waits.size > 0) waits.set(serviceId, next.waits);
    else waits.delete(serviceId);
    // Over the head: what this transaction changes may make more to do, and its commit will say so; a bound will not.
    if (next.more) services.add(serviceId);
  };

  const start = (view: View): void => {
    for (const { id } of view.all("service")) services.add(id);
    for (const task of view.all("task"))
      if (view.get("service", task.serviceId) === undefined) services.add(task.serviceId);
    for (const { id } of view.all("node")) nodes.add(id);
  };

  const commit = ({ changes }: Commit): boolean => {
    for (const change of changes) mark(change);
    return services.size + nodes.size > 0;
  };

  const mark = (change: Change): void => {
    if (change.table === "service") {
      services.add(change.object.id);
    } else if (change.table === "task") {
      if (taskMatters(change, isUpdating)) services.add(change.object.serviceId);
    } else if (change.table === "node") {
      if (change.action === "update" && !nodeMatters(change.old, change.object)) return;
      if (change.action === "update" && describesDifferently(change.old, change.object)) nodes.add(change.object.id);
      store.view((view) => {
        for (const task of view.tasksOfNode(change.object.id)) services.add(task.serviceId);
        for (const service of view.all("service")) if (service.spec?.mode?.kind === "global") services.add(service.id);
      });
    } else if (change.table === "cluster" && historyLimitChanged(change)) {
      store.view((view) => {
        for (const { id } of view.all("service")) services.add(id);
      });
    }
  };

  const isUpdating = (id: ServiceId): boolean =>
    store.view((view) => view.get("service", id)?.updateStatus?.state === "updating");

  await runWatchLoop({ env, store, signal, start, commit, work });
}

/** So many tasks of a service go into one transaction; large ones make it fewer. */
function maxChanges(service: Service | undefined, tasks: readonly Task[]): number {
  let bytes = TASK_OVERHEAD_BYTES;
  if (service !== undefined) {
    const { taskTemplate, endpointSpec } = service.spec ?? newServiceSpec();
    if (taskTemplate !== undefined) {
      bytes += encodeTaskSpec(taskTemplate).length + taskTemplate.networks.length * PLACE_BYTES;
    }
    // Ports in mode host are in every task.
    if (endpointSpec !== undefined) bytes += encodeEndpointSpec(endpointSpec).length;
  }
  // Of a service that is removed there are only the tasks; of one that was changed, those may be larger than its new ones.
  const [any] = tasks;
  if (any !== undefined) bytes = Math.max(bytes, encodeTask(any).length);
  return Math.max(4, Math.min(MAX_PLAN_CHANGES, Math.floor(PLAN_BYTES / bytes)));
}

/**
 * Most writes of a task are its steps towards running, and nothing follows from them: leaving those out keeps a service of
 * a hundred thousand tasks from being planned with each of them.
 */
function taskMatters(change: Extract<Change, { table: "task" }>, isUpdating: (id: ServiceId) => boolean): boolean {
  const { object: task } = change;
  if (change.action === "create") return true;
  if (change.action === "remove") return isWanted(task) || !isDead(task);
  if (change.old.desiredState !== task.desiredState) return true;
  // An update goes on when the new task is up, which may be later than that it runs.
  if (isUp(task) && !isUp(change.old)) return isUpdating(task.serviceId);
  return isDead(task) && stateOf(task) !== stateOf(change.old);
}

const nodeMatters = (old: Node, node: Node): boolean =>
  old.status?.state !== node.status?.state ||
  old.spec?.availability !== node.spec?.availability ||
  describesDifferently(old, node);

/** Anything that a constraint, a platform or a reservation reads. */
const describesDifferently = (old: Node, node: Node): boolean => traits(old) !== traits(node);

const traits = ({ spec, role, description, status }: Node): string =>
  JSON.stringify([spec?.labels, role, description, status?.addrs]);

const historyLimitChanged = (change: Extract<Change, { table: "cluster" }>): boolean =>
  change.action !== "update" ||
  change.old.spec?.orchestration?.taskHistoryRetentionLimit !==
    change.object.spec?.orchestration?.taskHistoryRetentionLimit;
