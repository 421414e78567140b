// Stores for tests: a whole group of managers' stores over one memory Raft, or just one that leads.
import assert from "node:assert/strict";
import { createStore, type StoreParts } from "../../manager/store/store.ts";
import type { Store } from "../../manager/store/types.ts";
import { createSimEnv, type SimEnv } from "../../shared/env/sim-env.ts";
import { isCode } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import { createMemoryRaft, type MemoryRaft, type MemoryRaftNode } from "./memory-raft.ts";

export interface TestStores {
  readonly env: SimEnv;
  readonly raft: MemoryRaft;
  readonly parts: readonly StoreParts[];
  readonly stores: readonly Store[];
  readonly close: () => void;
}

export interface TestStore {
  readonly env: SimEnv;
  readonly raft: MemoryRaft;
  readonly node: MemoryRaftNode;
  readonly store: Store;
  readonly close: () => void;
}

/** `count` managers, none of which leads: `raft.elect(0)`, then `await leads(stores[0])`. */
export function createTestStores(
  count: number,
  options: { readonly env?: SimEnv; readonly seed?: number } = {},
): TestStores {
  const env = options.env ?? createSimEnv(options.seed ?? 1);
  const raft = createMemoryRaft(count);
  const abort = new AbortController();
  const parts = raft.nodes.map((node) => {
    const made = createStore({ env, log: silentLog });
    node.bind(made.machine);
    void made.attach(node, abort.signal);
    return made;
  });
  return { env, raft, parts, stores: parts.map(({ store }) => store), close: () => abort.abort() };
}

/** Resolves once `store` takes writes. */
export async function leads(store: Store): Promise<void> {
  for (let turns = 0; turns < 1000; turns++) {
    try {
      await store.update(() => undefined);
      return;
    } catch (error) {
      if (!isCode(error, "unavailable")) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  assert.fail("the store never took a write");
}

/** One manager that leads and commits at once. `raft.hold()` and `raft.commit()` give control over commits. */
export async function createTestStore(
  options: { readonly env?: SimEnv; readonly seed?: number } = {},
): Promise<TestStore> {
  const { env, raft, stores, close } = createTestStores(1, options);
  const [store] = stores;
  const [node] = raft.nodes;
  assert.ok(store !== undefined && node !== undefined);
  raft.elect(0);
  await leads(store);
  return { env, raft, node, store, close };
}
