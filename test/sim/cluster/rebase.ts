// After `swarm init --force-new-cluster` the cluster goes on from one manager's disk: what that holds is what the cluster has
// committed from now on. Nothing that was committed before may be lost by it (the disk is one that had everything); what was
// under way may have come to be.
import { CommittedState } from "../../../manager/store/committed.ts";
import { openView } from "../../../manager/store/tables.ts";
import type { Change, TableName, View } from "../../../manager/store/types.ts";

export const TABLES = ["node", "service", "task", "network", "secret", "config", "cluster"] as const;

export type Objects = ReadonlyMap<string, Change>;
export const objectKey = (table: TableName, id: string): string => `${table} ${id}`;

/** Reads a store's snapshot. */
export function readSnapshot<R>(snapshot: Uint8Array, read: (view: View) => R): R {
  const state = new CommittedState();
  state.restore(snapshot);
  const view = openView(state.rows, state.version);
  try {
    return read(view);
  } finally {
    view.close();
  }
}

/**
 * What leads from one state to the other, in an order in which names and slots are free before they are taken again.
 * @param before the last change of each object that there is.
 */
export function changesSince(before: Objects, after: View): Change[] {
  const removed: Change[] = [];
  const updated: Change[] = [];
  const created: Change[] = [];
  for (const { table, object } of before.values()) {
    if (after.get(table, object.id) === undefined) removed.push({ table, action: "remove", object } as Change);
  }
  for (const table of TABLES) {
    for (const object of after.all(table)) {
      const old = before.get(objectKey(table, object.id))?.object;
      if (old === undefined) created.push({ table, action: "create", object } as Change);
      else if (old.meta?.version !== object.meta?.version)
        updated.push({ table, action: "update", object, old } as Change);
    }
  }
  return [...removed, ...updated, ...created];
}

/** What is older in `after`, or other at the same version, than it was committed: something was lost. */
export function lostSince(before: Objects, after: View, hashOf: (change: Change) => number): string | undefined {
  for (const change of before.values()) {
    const { table, object } = change;
    const now = after.get(table, object.id);
    if (now === undefined) continue;
    const committed = object.meta?.version ?? 0;
    const version = now.meta?.version ?? 0;
    const other =
      version === committed && hashOf({ table, action: "create", object: now } as Change) !== hashOf(change);
    if (version < committed || other) return `${table} ${object.id} of version ${committed}`;
  }
  return undefined;
}
