import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLog } from "../../../manager/api/event-log.ts";
import { eventsOf } from "../../../manager/api/event-of.ts";
import type { Change } from "../../../manager/store/types.ts";
import { type Event, newEventsRequest, newUpdateNodeRequest } from "../../../proto/gen/control.ts";
import {
  newCluster,
  newClusterSpec,
  newContainerStatus,
  newJoinTokens,
  newNodeSpec,
  newNodeStatus,
  newRootCA,
  newService,
  newTask,
  newTaskStatus,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { context, createTestApi, errorOf, nodeIdOf, serviceSpec, testNode } from "../../support/test-api.ts";
import { createTestStore, createTestStores, leads } from "../../support/test-store.ts";

const random = seededRandom(5);
const service = newService({ id: newId<ServiceId>(random), spec: serviceSpec("web") });
const task = newTask({
  id: newId<TaskId>(random),
  serviceId: service.id,
  serviceName: "web",
  slot: 2,
  nodeId: nodeIdOf(1),
  desiredState: "running",
  status: newTaskStatus({ state: "running" }),
});
const node = testNode(1);
const cluster = newCluster({
  spec: newClusterSpec({ name: "default" }),
  rootCa: newRootCA({ joinTokens: newJoinTokens({ worker: "a", manager: "b" }) }),
});
type Update = Extract<Change, { readonly action: "update" }>;
type Parts<U = Update> = U extends Update ? Omit<U, "action"> : never;
const update = (parts: Parts): Change => ({ action: "update", ...parts }) as Update;

const cases: readonly (readonly [name: string, change: Change, attributes: Record<string, string> | undefined])[] = [
  ["a node appears", { table: "node", action: "create", object: node }, { name: "host1" }],
  [
    "a node goes down",
    update({
      table: "node",
      old: node,
      object: { ...node, status: newNodeStatus({ state: "down", message: "heartbeat failure" }) },
    }),
    { name: "host1", "state.old": "ready", "state.new": "down", message: "heartbeat failure" },
  ],
  [
    "a node is drained",
    update({ table: "node", old: node, object: { ...node, spec: newNodeSpec({ availability: "drain" }) } }),
    { name: "host1", "availability.old": "active", "availability.new": "drain" },
  ],
  [
    "a node is labelled",
    update({ table: "node", old: node, object: { ...node, spec: newNodeSpec({ labels: { a: "b" } }) } }),
    { name: "host1" },
  ],
  ["a node describes itself again", update({ table: "node", old: node, object: { ...node, addr: "x" } }), undefined],
  [
    "a service is scaled",
    update({
      table: "service",
      old: service,
      object: { ...service, spec: serviceSpec("web", { mode: { kind: "replicated", replicas: 7 } }) },
    }),
    { name: "web", "replicas.old": "2", "replicas.new": "7" },
  ],
  [
    "a service gets an image",
    update({ table: "service", old: service, object: { ...service, spec: serviceSpec("web", {}, "nginx:2") } }),
    { name: "web", "image.old": "nginx:1.27", "image.new": "nginx:2" },
  ],
  ["a service is removed", { table: "service", action: "remove", object: service }, { name: "web" }],
  [
    "a task starts",
    update({ table: "task", old: { ...task, status: newTaskStatus({ state: "starting" }) }, object: task }),
    {
      name: "web.2",
      service: service.id,
      node: task.nodeId,
      "node.name": "host1",
      "state.old": "starting",
      "state.new": "running",
    },
  ],
  [
    "a task fails",
    update({
      table: "task",
      old: task,
      object: {
        ...task,
        status: newTaskStatus({
          state: "failed",
          err: "task: non-zero exit (7)",
          containerStatus: newContainerStatus({ exitCode: 7 }),
        }),
      },
    }),
    {
      name: "web.2",
      service: service.id,
      node: task.nodeId,
      "node.name": "host1",
      "state.old": "running",
      "state.new": "failed",
      err: "task: non-zero exit (7)",
      exitCode: "7",
    },
  ],
  [
    "a task that failed is not wanted any more: why it failed was told",
    update({
      table: "task",
      old: { ...task, status: newTaskStatus({ state: "failed", err: "exit 1" }) },
      object: { ...task, desiredState: "shutdown", status: newTaskStatus({ state: "failed", err: "exit 1" }) },
    }),
    {
      name: "web.2",
      service: service.id,
      node: task.nodeId,
      "node.name": "host1",
      "desiredstate.old": "running",
      "desiredstate.new": "shutdown",
    },
  ],
  [
    "a task says something else",
    update({
      table: "task",
      old: task,
      object: { ...task, status: newTaskStatus({ state: "running", message: "started" }) },
    }),
    undefined,
  ],
  [
    "a token is rotated",
    update({
      table: "cluster",
      old: cluster,
      object: { ...cluster, rootCa: newRootCA({ joinTokens: newJoinTokens({ worker: "c", manager: "b" }) }) },
    }),
    { name: "default", "jointoken.worker": "rotated" },
  ],
];
for (const [name, change, attributes] of cases) {
  test(`event: ${name}`, () => {
    const hostname = (id: string): string => (id === nodeIdOf(1) ? "host1" : "");
    const events = eventsOf({ version: 4, timeMs: 9, changes: [change] }, hostname);
    const { table: type, action, object } = change;
    assert.deepEqual(
      events,
      attributes === undefined ? [] : [{ type, action, id: object.id, attributes, timeMs: 9, version: 4, index: 1 }],
    );
  });
}

test("since, live, filter, and the end of the caller", async () => {
  const { api, stores, env, close } = await createTestApi();
  const [store] = stores;
  const startMs = env.wallMs();
  await env.advance(1000);
  await store?.update((tx) => tx.put("service", service));
  await env.breathe();
  const abort = new AbortController();
  const request = newEventsRequest({ filters: [{ key: "service", values: ["web"] }], sinceMs: startMs + 500 });
  const events = api.events(request, context({ signal: abort.signal }))[Symbol.asyncIterator]();
  const next = async (): Promise<Event> => {
    const { value, done } = await events.next();
    assert.ok(done !== true);
    return value;
  };
  assert.deepEqual([(await next()).action, startMs + 1000], ["create", env.wallMs()]);
  const waiting = next();
  await store?.update((tx) => {
    tx.put("node", testNode(7)); // not asked for
    tx.put("task", { ...task, meta: undefined });
  });
  assert.equal((await waiting).type, "task");
  const last = events.next();
  abort.abort();
  assert.equal((await last).done, true);
  close();
});

test("until: in the past it ends after what is kept, in the future at that time", async () => {
  const { api, stores, env, close } = await createTestApi();
  const [store] = stores;
  await env.advance(1000);
  await store?.update((tx) => tx.put("service", service));
  await env.advance(1000);
  const collect = async (untilMs: number): Promise<string[]> => {
    const types: string[] = [];
    for await (const event of api.events(newEventsRequest({ sinceMs: 1, untilMs }), context())) types.push(event.type);
    return types;
  };
  const now = collect(env.wallMs());
  await env.advance(0);
  assert.ok((await now).includes("service"));
  const early = collect(env.wallMs() - 1500);
  await env.advance(0);
  assert.ok(!(await early).includes("service"));
  const later = collect(env.wallMs() + 5000);
  await env.breathe();
  await store?.update((tx) => tx.put("task", task));
  await env.advance(5000);
  assert.ok((await later).includes("task"));
  close();
});

test("an end that is past comes after all that is kept, however slowly it is read", async () => {
  const { api, stores, env, close } = await createTestApi();
  for (let i = 0; i < 50; i++) await stores[0]?.update((tx) => tx.put("task", newTask({ id: newId<TaskId>(random) })));
  await env.advance(1000);
  const request = newEventsRequest({
    sinceMs: 1,
    untilMs: env.wallMs(),
    filters: [{ key: "type", values: ["task"] }],
  });
  const events = api.events(request, context())[Symbol.asyncIterator]();
  let seen = 0;
  for (;;) {
    const next = events.next();
    await env.advance(10);
    if ((await next).done === true) break;
    seen++;
  }
  assert.equal(seen, 50);
  close();
});

test("a change of leadership is an event of both nodes, on every manager", async () => {
  const { handlers, raft, env, close } = await createTestApi({ managers: 3 });
  await env.breathe();
  raft.elect(1);
  await env.breathe();
  const request = newEventsRequest({ filters: [{ key: "type", values: ["node"] }], sinceMs: 1, untilMs: env.wallMs() });
  const seen = async (index: number): Promise<readonly (readonly string[])[]> => {
    const changes: string[][] = [];
    const api = handlers[index];
    assert.ok(api !== undefined);
    for await (const { attributes } of api.events(request, context())) {
      if (attributes["leader.new"] !== undefined) changes.push([attributes["name"] ?? "", attributes["leader.new"]]);
    }
    return changes;
  };
  const [a, c] = [seen(0), seen(2)];
  await env.advance(0);
  for (const changes of [await a, await c]) {
    assert.deepEqual(changes.slice(-2), [
      ["host1", "false"],
      ["host2", "true"],
    ]);
  }
  close();
});

test("an unknown filter is refused", async () => {
  const { api, close } = await createTestApi();
  const events = api.events(newEventsRequest({ filters: [{ key: "colour", values: ["red"] }] }), context());
  await assert.rejects(events[Symbol.asyncIterator]().next(), errorOf("invalid_argument", /"colour" for events/));
  close();
});

test("who does not read is told; the log keeps the last events only", async () => {
  const { store, env, close } = await createTestStore();
  const log = new EventLog({ env, store });
  const abort = new AbortController();
  const running = log.collect(abort.signal);
  await env.breathe();
  const slow = log.listen({ sinceMs: 0 }, abort.signal);
  const first = slow.next();
  const ids = Array.from({ length: 11_000 }, () => newId<TaskId>(random));
  await store.batch(ids, (tx, id) => tx.put("task", newTask({ id })));
  await env.breathe();
  assert.ok((await first).done !== true);
  assert.ok(log.last(1_000_000).length < 9_000);
  assert.equal(log.last(3).length, 3);
  const drain = async (): Promise<void> => {
    for await (const _ of slow);
  };
  await assert.rejects(drain(), errorOf("resource_exhausted", /wait to be read/));
  abort.abort();
  await running;
  close();
});

test("resumes after any event, on any manager, with neither a gap nor a repeat", async () => {
  const { handlers, stores, env, close } = await createTestApi({ managers: 3 });
  const [store] = stores;
  for (let i = 0; i < 4; i++) {
    await store?.update((tx) => {
      for (let j = 0; j < 3; j++) tx.put("task", newTask({ id: newId<TaskId>(random) }));
    });
  }
  await env.breathe();
  const place = ({ version, index }: Event): string => `${version}.${index}`;
  const listen = (manager: number, after: Partial<Event>, signal: AbortSignal): AsyncIterator<Event> => {
    const api = handlers[manager];
    assert.ok(api !== undefined);
    const filters = [{ key: "type", values: ["task"] }];
    const { version: afterVersion = 0, index: afterIndex = 0 } = after;
    return api
      .events(newEventsRequest({ filters, afterVersion, afterIndex }), context({ signal }))
      [Symbol.asyncIterator]();
  };
  const take = async (events: AsyncIterator<Event>, count: number): Promise<Event[]> => {
    const taken: Event[] = [];
    while (taken.length < count) {
      const { value, done } = await events.next();
      assert.ok(done !== true);
      taken.push(value);
    }
    return taken;
  };
  const abort = new AbortController();
  const lastVersion = store?.view((view) => view.version) ?? 0;
  const all = await take(listen(0, { version: lastVersion - 4 }, abort.signal), 12);
  assert.deepEqual(
    all.map(place),
    [3, 2, 1, 0].flatMap((back) => [1, 2, 3].map((index) => `${lastVersion - back}.${index}`)),
  );
  for (const [seen, event] of all.slice(0, -1).entries()) {
    const rest = await take(listen(seen % 3, event, abort.signal), all.length - seen - 1);
    assert.deepEqual(rest.map(place), all.slice(seen + 1).map(place));
  }
  // What a manager that is behind has yet to apply, and the listener saw elsewhere, is not told again.
  const ahead = listen(1, { version: lastVersion + 1, index: 2 }, abort.signal);
  const next = take(ahead, 1);
  await store?.update((tx) => {
    for (let j = 0; j < 3; j++) tx.put("task", newTask({ id: newId<TaskId>(random) }));
  });
  assert.deepEqual((await next).map(place), [`${lastVersion + 1}.3`]);
  abort.abort();
  close();
});

test("resuming after what is not kept any more is refused", async () => {
  const { store, env, close } = await createTestStore();
  const log = new EventLog({ env, store });
  const abort = new AbortController();
  const running = log.collect(abort.signal);
  await env.breathe();
  for (let i = 0; i < 9; i++) {
    await store.update((tx) => {
      for (let j = 0; j < 1000; j++) tx.put("task", newTask({ id: newId<TaskId>(random) }));
    });
  }
  await env.breathe();
  const resume = (version: number, index: number): Promise<unknown> =>
    log.listen({ sinceMs: 0, after: { version, index } }, abort.signal).next();
  await assert.rejects(resume(1, 0), errorOf("failed_precondition", /does not keep all events after version 1, only/));
  const { version } = log.last(4096)[0] ?? {};
  assert.ok(version !== undefined);
  await assert.rejects(resume(version - 1, 0), errorOf("failed_precondition", /list again/));
  await assert.rejects(resume(version, 1), errorOf("failed_precondition", /list again/));
  await resume(version, 0);
  abort.abort();
  await running;
  close();
});

test("a manager that received a snapshot tells its listeners that it missed changes", async () => {
  const { env, raft, stores, close } = createTestStores(3);
  raft.elect(0);
  const [leader, , behind] = stores;
  const node = raft.nodes[2];
  assert.ok(leader !== undefined && behind !== undefined && node !== undefined);
  await leads(leader);
  const log = new EventLog({ env, store: behind });
  const abort = new AbortController();
  const running = log.collect(abort.signal);
  const put = (): Promise<undefined> => leader.update((tx) => tx.put("task", newTask({ id: newId<TaskId>(random) })));
  await put();
  await env.breathe();
  const listening = assert.rejects(
    log.listen({ sinceMs: 0, after: { version: 1, index: 0 } }, abort.signal).next(),
    errorOf("unavailable", /does not know the changes that led to it/),
  );
  node.isolate();
  await put();
  await put();
  node.restore(0);
  await env.breathe();
  await listening;
  const resume = (version: number): Promise<unknown> =>
    log.listen({ sinceMs: 0, after: { version, index: 0 } }, abort.signal).next();
  await assert.rejects(resume(1), errorOf("failed_precondition", /only those after 3/));
  const next = resume(3);
  await put();
  await env.breathe();
  await next;
  abort.abort();
  await running;
  close();
});

test("an update through the API is told with the leader's time", async () => {
  const { api, stores, env, close } = await createTestApi();
  await stores[0]?.update((tx) => tx.put("node", testNode(4)));
  await env.advance(777);
  const atMs = env.wallMs();
  const version = stores[0]?.view((view) => view.get("node", nodeIdOf(4))?.meta?.version) ?? 0;
  await api.updateNode(
    newUpdateNodeRequest({ id: nodeIdOf(4), version, spec: newNodeSpec({ availability: "pause" }) }),
    context(),
  );
  await env.breathe();
  const found: Event[] = [];
  const all = (async () => {
    const request = newEventsRequest({ sinceMs: atMs, untilMs: atMs, filters: [{ key: "node", values: ["host4"] }] });
    for await (const event of api.events(request, context())) found.push(event);
  })();
  await env.advance(0);
  await all;
  assert.deepEqual(
    found.map(({ timeMs, attributes }) => [timeMs, attributes["availability.new"]]),
    [[atMs, "pause"]],
  );
  close();
});
