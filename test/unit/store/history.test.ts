// Random histories of three managers against a naive model: writes (pipelined, stale, conflicting), held commits, refused
// proposals, elections that keep or lose what is in flight, members that miss entries and come back by log or by snapshot.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change, Store, TableName } from "../../../manager/store/types.ts";
import {
  decodeStoreTransaction,
  newService,
  newServiceSpec,
  newTask,
  type Service,
} from "../../../proto/gen/objects.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import { newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { createTestStores } from "../../support/test-store.ts";

const MANAGERS = 3;
/** Whoever leads, by what Raft says: the store may not have heard yet. */
const LEADER = -1;
const TABLES: readonly TableName[] = ["service", "task"];

type Step =
  | {
      readonly kind: "write";
      readonly on: number;
      readonly name: number;
      readonly remove: boolean;
      readonly stale: boolean;
    }
  | { readonly kind: "elect"; readonly on: number; readonly fate: "keep" | "lose" }
  | { readonly kind: "depose"; readonly fate: "keep" | "lose" }
  | { readonly kind: "commit"; readonly count: number }
  | { readonly kind: "isolate" | "catchUp" | "restore"; readonly on: number }
  | { readonly kind: "hold" | "release" | "refuse" | "accept" | "breathe" };

const member = fc.nat(MANAGERS - 1);
const fate = fc.constantFrom("keep" as const, "lose" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      on: fc.oneof({ weight: 3, arbitrary: fc.constant(LEADER) }, member),
      name: fc.nat(3),
      remove: fc.boolean(),
      stale: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("elect" as const), on: member, fate }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("breathe" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("depose" as const), fate }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("commit" as const), count: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("isolate", "catchUp", "restore"), on: member }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("hold", "release", "refuse", "accept", "breathe") }) },
);

type State = Map<string, { readonly id: string }>;
const key = (table: string, id: string): string => `${table}/${id}`;

function stateOf(store: Store): State {
  return store.view(
    (view) => new Map(TABLES.flatMap((table) => [...view.all(table)].map((object) => [key(table, object.id), object]))),
  );
}

/** The log, read with the generated decoder and the rule of the protocol: no code of the store. */
function modelOf(log: readonly { readonly term: number; readonly data: Uint8Array }[]): State {
  const state: State = new Map();
  let version = 0;
  for (const { term, data } of log) {
    const transaction = decodeStoreTransaction(data);
    if (data.length === 0 || transaction.term !== term || transaction.version !== version + 1) continue;
    version = transaction.version;
    for (const { action } of transaction.actions) {
      if (action?.kind === "remove") state.delete(key(action.table, action.id));
      else if (action?.object !== undefined) {
        const { kind, ...object } = action.object;
        state.set(key(kind, object.id), object);
      }
    }
  }
  return state;
}

/** Follows a store by its watch alone, viewing again when told to. */
class Follower {
  readonly #store: Store;
  readonly #signal: AbortSignal;
  state: State = new Map();
  #version = 0;

  constructor(store: Store, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const { view, commits } = this.#store.viewAndWatch((read) => read.version, { signal: this.#signal });
      this.#version = view;
      this.state = stateOf(this.#store);
      try {
        for await (const { version, changes } of commits) {
          assert.equal(version, ++this.#version, "every commit, once, in order");
          for (const change of changes) this.#apply(change);
        }
      } catch (error) {
        if (!isCode(error, "resource_exhausted")) throw error;
      }
    }
  }

  #apply(change: Change): void {
    const at = key(change.table, change.object.id);
    assert.equal(this.state.has(at), change.action !== "create");
    if (change.action === "update") assert.deepEqual(this.state.get(at), change.old);
    if (change.action === "remove") this.state.delete(at);
    else this.state.set(at, change.object);
  }
}

const COUNTER = "counter";

async function play(steps: readonly Step[], seed: number): Promise<void> {
  const { raft, stores, env, close } = createTestStores(MANAGERS, { seed });
  const abort = new AbortController();
  const followers = stores.map((store) => new Follower(store, abort.signal));
  const running = followers.map((follower) => follower.run());
  const read: Service[] = [];
  const outcomes: Promise<void>[] = [];
  const acknowledged: string[] = [];
  const undone: string[] = [];

  const write = ({ on, name, remove, stale }: Extract<Step, { readonly kind: "write" }>): void => {
    const leader = raft.nodes.findIndex((node) => node.status().state === "leader");
    const store = stores[on === LEADER ? Math.max(0, leader) : on];
    assert.ok(store !== undefined);
    const marker = newId<TaskId>(env.random);
    const outcome = store.update((tx) => {
      tx.put("task", newTask({ id: marker }));
      // Counts the transactions that happened: a lost update or one made over a state that never was shows here.
      const counter =
        tx.byName("service", COUNTER) ??
        newService({ id: newId<ServiceId>(env.random), spec: newServiceSpec({ name: COUNTER }) });
      tx.put("service", { ...counter, specVersion: counter.specVersion + 1 });
      const wanted = `s${name}`;
      const present = stale ? read.find(({ spec }) => spec?.name === wanted) : tx.byName("service", wanted);
      if (remove && present !== undefined) tx.remove("service", present.id);
      else {
        const spec = newServiceSpec({ name: wanted });
        tx.put("service", present ?? newService({ id: newId<ServiceId>(env.random), spec }));
      }
      const after = tx.byName("service", wanted);
      if (after !== undefined) read.unshift(after);
    });
    outcomes.push(
      outcome.then(
        () => void acknowledged.push(marker),
        (error: unknown) => {
          assert.ok(error instanceof SkepError && error.code !== "internal", String(error));
          if (!error.message.includes("outcome unknown")) undone.push(marker);
        },
      ),
    );
  };

  raft.elect(0);
  await env.breathe();
  for (const each of steps) {
    switch (each.kind) {
      case "write":
        write(each);
        break;
      case "elect":
        raft.elect(each.on, each.fate);
        break;
      case "depose":
        raft.depose(each.fate);
        break;
      case "commit":
        raft.commit(each.count);
        break;
      case "isolate":
        raft.nodes[each.on]?.isolate();
        break;
      case "catchUp":
        raft.nodes[each.on]?.catchUp();
        break;
      case "restore":
        raft.nodes[each.on]?.restore((each.on + 1) % MANAGERS);
        break;
      case "hold":
        raft.hold();
        break;
      case "release":
        raft.release();
        break;
      case "refuse":
        raft.refuse(new SkepError("resource_exhausted", "the queue is full"));
        break;
      case "accept":
        raft.refuse(undefined);
        break;
      case "breathe":
        await env.breathe();
        break;
    }
  }
  raft.refuse(undefined);
  raft.release();
  for (const node of raft.nodes) node.catchUp();
  raft.elect(0);
  await Promise.all(outcomes);
  await env.breathe();

  const model = modelOf(raft.log);
  for (const store of stores) assert.deepEqual(stateOf(store), model);
  for (const follower of followers) assert.deepEqual(follower.state, model);
  const applied = new Set(
    [...model.keys()].filter((at) => at.startsWith("task/")).map((at) => at.slice("task/".length)),
  );
  for (const marker of acknowledged) assert.ok(applied.has(marker), "an acknowledged write is there");
  for (const marker of undone) assert.ok(!applied.has(marker), "a write told as not done is not there");
  const counter = stores[0]?.view((view) => view.byName("service", COUNTER)?.specVersion ?? 0);
  assert.equal(counter, applied.size, "each transaction was made over the state before it");
  abort.abort();
  close();
  await Promise.all(running);
}

test("any history: all managers agree with the model, watches are gapless, acknowledged writes are kept", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(), play), { numRuns: 300 });
});
