// The allocator's loop, for what a transaction could not give when it made an object: tasks that were born without addresses
// because a network was full, and the places of nodes when the ingress network is made anew. Nearly always it has nothing to
// do: services, tasks and nodes are given what they need where they are made.
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";
import { isDead, isWanted } from "../../shared/model/tasks.ts";
import { Retries } from "../retries.ts";
import type { Change, Commit, Store, Tables, Tx, View } from "../store/types.ts";
import { runWatchLoop } from "../watch-loop.ts";
import { Cursors } from "./addresses.ts";
import { placedNode } from "./nodes.ts";
import { ingressNetwork } from "./places.ts";
import { TaskAllocator } from "./tasks.ts";
import { Waiting } from "./waiting.ts";

export interface AllocatorOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly signal: AbortSignal;
}

type Item = { readonly node: NodeId } | { readonly task: TaskId };

export async function runAllocator({ env, log, store, signal }: AllocatorOptions): Promise<void> {
  const cursors = new Cursors(env.random);
  const waiting = new Waiting();
  const nodes = new Set<NodeId>();
  /** Nodes that found the ingress network full. */
  const placeless = new Set<NodeId>();
  const retries = { nodes: new Retries<NodeId>(), tasks: new Retries<TaskId>() };
  let ingress: string | undefined;

  const start = (view: View): void => {
    ingress = ingressNetwork(view)?.id;
    for (const { id } of view.all("node")) nodes.add(id);
    for (const task of view.all("task")) if (isWaiting(task)) waiting.add(task.id);
  };

  const commit = ({ changes }: Commit): boolean => {
    for (const change of changes) mark(change);
    return nodes.size > 0 || waiting.hasWork;
  };

  const mark = (change: Change): void => {
    switch (change.table) {
      case "task":
        if (change.action !== "remove" && isWaiting(change.object)) waiting.add(change.object.id);
        else if (!waiting.isEmpty) waiting.remove(change.object.id);
        break;
      case "node":
        if (change.action === "create") nodes.add(change.object.id);
        else if (change.action === "remove") placeless.delete(change.object.id);
        break;
      case "network":
        if (change.object.spec?.ingress !== true) return;
        ingress = change.action === "remove" ? undefined : change.object.id;
        store.view((view) => {
          for (const { id } of view.all("node")) nodes.add(id);
        });
        return;
      default:
    }
    if (waiting.isEmpty && placeless.size === 0) return;
    for (const network of givenBack(change)) {
      waiting.freed(network);
      if (network !== ingress) continue;
      for (const id of placeless) nodes.add(id);
    }
  };

  const work = async (): Promise<number> => {
    for (const id of retries.nodes.take(env.nowMs())) nodes.add(id);
    for (const id of retries.tasks.take(env.nowMs())) waiting.add(id);
    while ((nodes.size > 0 || waiting.hasWork) && !signal.aborted) {
      const full = new Map<string, string>();
      const { failed } = await store.batch(items(full), (tx, item) => {
        if ("node" in item) place(tx, item.node);
        else give(tx, item.task, full);
      });
      for (const { item, error } of failed) {
        log.error({ ...item, error: error.message }, "could not give addresses; trying again");
        if ("node" in item) retries.nodes.add(item.node, env.nowMs());
        else {
          waiting.remove(item.task);
          retries.tasks.add(item.task, env.nowMs());
        }
      }
      await env.breathe();
    }
    return Math.min(retries.nodes.waitMs(env.nowMs()), retries.tasks.waitMs(env.nowMs()));
  };

  function* items(full: ReadonlyMap<string, string>): Generator<Item> {
    for (const node of [...nodes]) {
      nodes.delete(node);
      yield { node };
    }
    for (const task of waiting.take((network) => full.has(network))) yield { task };
  }

  const place = (tx: Tx, id: NodeId): void => {
    const node = tx.get("node", id);
    placeless.delete(id);
    if (node === undefined) return;
    const network = ingressNetwork(tx);
    const placed = placedNode(tx, node, network, cursors);
    if (placed !== node) tx.put("node", placed);
    if (network !== undefined && placed.attachments.length === 0) placeless.add(id);
  };

  const give = (tx: Tx, id: TaskId, full: Map<string, string>): void => {
    const task = tx.get("task", id);
    if (task === undefined || !isWaiting(task)) {
      waiting.remove(id);
      return;
    }
    const outcome = new TaskAllocator(tx, cursors, env.wallMs(), full).give(task, tx.get("service", task.serviceId));
    if (outcome.task !== task) tx.put("task", outcome.task);
    if (outcome.kind === "waits") waiting.waitsFor(id, outcome.network);
    else waiting.remove(id);
  };

  await runWatchLoop({ env, store, signal, start, commit, work });
}

const isWaiting = (task: Tables["task"]): boolean => task.status?.state === "new" && isWanted(task);

/** The networks on which the change sets an address free. */
function givenBack(change: Change): readonly string[] {
  switch (change.table) {
    case "task": {
      const held = change.action === "update" ? change.old : change.object;
      if (change.action === "create" || isDead(held)) return [];
      const freed = change.action === "remove" || isDead(change.object);
      return freed ? held.attachments.map(({ networkId }) => networkId) : [];
    }
    case "service": {
      const held = change.action === "update" ? change.old : change.object;
      const kept = change.action === "remove" ? [] : networksOf(change.object);
      return networksOf(held).filter((network) => !kept.includes(network));
    }
    case "node":
      return change.action === "remove" ? change.object.attachments.map(({ networkId }) => networkId) : [];
    default:
      return [];
  }
}

const networksOf = ({ endpoint }: Tables["service"]): readonly string[] =>
  endpoint?.virtualIps.map(({ networkId }) => networkId) ?? [];
