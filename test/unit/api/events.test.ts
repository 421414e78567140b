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
import { createTestStore } from "../../support/test-store.ts";

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
    update({ table: "node", old: node, object: { ...node, status: newNodeStatus({ state: "down" }) } }),
    { name: "host1", "state.old": "ready", "state.new": "down" },
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
    { name: "web.2", service: service.id, node: task.nodeId, "state.old": "starting", "state.new": "running" },
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
      "state.old": "running",
      "state.new": "failed",
      err: "task: non-zero exit (7)",
      exitCode: "7",
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
    const events = eventsOf({ version: 4, timeMs: 9, changes: [change] });
    const { table: type, action, object } = change;
    assert.deepEqual(
      events,
      attributes === undefined ? [] : [{ type, action, id: object.id, attributes, timeMs: 9, version: 4 }],
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
  const { store, env, node: raft, close } = await createTestStore();
  const log = new EventLog({ env, store, raft });
  const abort = new AbortController();
  const running = log.run(abort.signal);
  await env.breathe();
  const slow = log.listen(0, abort.signal);
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
