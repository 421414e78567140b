import assert from "node:assert/strict";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { FanIn } from "../../../manager/api/fan-in.ts";
import { AgentService, type TaskLogsRequest } from "../../../proto/gen/agent.ts";
import {
  type LogsResponse,
  newLogLine,
  newLogOptions,
  newLogsRequest,
  newLogsResponse,
} from "../../../proto/gen/control.ts";
import { newService, newTask, type Service, type Task } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { type NodeId, newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import {
  context,
  createTestApi,
  errorOf,
  eventually,
  type Loopback,
  nodeIdOf,
  serveLoopback,
  serviceSpec,
  type TestApi,
  testNode,
} from "../../support/test-api.ts";

const random = seededRandom(11);
/** Pauses between tries are as good as none. */
const impatient: Env = { ...realEnv, sleep: (_ms, signal) => realEnv.sleep(1, signal) };

/** An agent whose tasks each have some lines; with follow, the stream stays open until `end`. */
interface FakeAgent extends Loopback {
  readonly requests: TaskLogsRequest[];
  readonly end: () => void;
  /** Ends the open streams with an error, once. */
  readonly fail: () => void;
}

async function fakeAgent(nodeId: NodeId, linesOf: (task: string) => readonly string[]): Promise<FakeAgent> {
  const requests: TaskLogsRequest[] = [];
  let over = Promise.withResolvers<"end" | "fail">();
  const server = await serveLoopback(AgentService, {
    taskLogs: async function* (request): AsyncGenerator<LogsResponse> {
      requests.push(request);
      for (const taskId of request.taskIds) {
        const lines = linesOf(taskId).map((text, i) =>
          newLogLine({ taskId, nodeId, stream: "stdout", timestampMs: 1000 + i, data: Buffer.from(text) }),
        );
        yield newLogsResponse({ lines, warnings: lines.length === 0 ? ["nothing kept"] : [] });
      }
      if (request.options?.follow === true && (await over.promise) === "fail")
        throw new SkepError("unavailable", "the agent restarts");
    },
    meetManagers: async () => ({}),
    // biome-ignore lint/correctness/useYield: it is never asked
    probeNetwork: async function* () {
      throw new SkepError("unimplemented", "nobody tests the network");
    },
  });
  return {
    ...server,
    requests,
    end: () => over.resolve("end"),
    fail: () => {
      over.resolve("fail");
      over = Promise.withResolvers();
    },
  };
}

interface Stage extends TestApi {
  readonly service: Service;
  readonly task: (node: number | undefined, slot: number) => Promise<Task>;
  readonly agents: Map<NodeId, FakeAgent>;
}

async function stage(
  nodes: number,
  linesOf: (task: string) => readonly string[] = (id) => [`${id} one`, `${id} two`],
): Promise<Stage> {
  const agents = new Map<NodeId, FakeAgent>();
  for (let number = 2; number < 2 + nodes; number++)
    agents.set(nodeIdOf(number), await fakeAgent(nodeIdOf(number), linesOf));
  // Where nobody listens.
  const nobody = new grpc.Client("127.0.0.1:1", grpc.credentials.createInsecure());
  const api = await createTestApi({
    env: impatient,
    dialAgent: (_addr, nodeId) => agents.get(nodeId)?.client ?? nobody,
  });
  const service = newService({ id: newId<ServiceId>(random), spec: serviceSpec("web") });
  const [store] = api.stores;
  assert.ok(store !== undefined);
  await store.update((tx) => {
    tx.put("service", service);
    for (const nodeId of agents.keys()) tx.put("node", { ...testNode(Number(/\d+/.exec(nodeId)?.[0])), id: nodeId });
  });
  return {
    ...api,
    service,
    agents,
    task: async (node, slot) => {
      const made = newTask({
        id: newId<TaskId>(random),
        serviceId: service.id,
        serviceName: "web",
        slot,
        ...(node === undefined ? {} : { nodeId: nodeIdOf(node) }),
      });
      await store.update((tx) => tx.put("task", made));
      return made;
    },
    close: () => {
      for (const agent of agents.values()) agent.stop();
      nobody.close();
      api.close();
    },
  };
}

class Reader {
  readonly texts: string[] = [];
  readonly warnings: string[] = [];
  readonly #abort = new AbortController();
  readonly done: Promise<void>;

  constructor({ api }: Stage, refs: readonly string[], options: Parameters<typeof newLogOptions>[0] = {}) {
    const request = newLogsRequest({
      refs,
      options: newLogOptions({ tail: -1, stdout: true, stderr: true, ...options }),
    });
    this.done = this.#read(api.logs(request, context({ signal: this.#abort.signal })));
    this.done.catch(() => undefined);
  }

  async #read(responses: AsyncIterable<LogsResponse>): Promise<void> {
    for await (const { lines, warnings } of responses) {
      this.warnings.push(...warnings);
      for (const line of lines) this.texts.push(Buffer.from(line.data).toString());
    }
  }

  stop(): void {
    this.#abort.abort(new SkepError("canceled", "enough"));
  }
}

test("a service's logs come from all its nodes, one call each", async () => {
  const at = await stage(2);
  const tasks = [await at.task(2, 1), await at.task(3, 2), await at.task(2, 3), await at.task(undefined, 4)];
  const [store] = at.stores;
  assert.ok(store !== undefined);
  Object.assign(store, { viewAndWatch: () => assert.fail("what is not followed is not watched") });
  const reader = new Reader(at, ["web"], { tail: 7, sinceMs: 5 });
  await reader.done;
  const want = tasks.slice(0, 3).flatMap(({ id }) => [`${id} one`, `${id} two`]);
  assert.deepEqual([...reader.texts].sort(), want.sort());
  assert.deepEqual(reader.warnings, []);
  for (const { requests } of at.agents.values()) {
    assert.equal(requests.length, 1);
    assert.deepEqual([requests[0]?.options?.tail, requests[0]?.options?.sinceMs], [7, 5], "passed down");
  }
  at.close();
});

test("tasks by their own ID, and references that are nobody's", async () => {
  const at = await stage(1);
  const [one] = [await at.task(2, 1), await at.task(2, 2)];
  const reader = new Reader(at, [one.id]);
  await reader.done;
  assert.deepEqual(reader.texts, [`${one.id} one`, `${one.id} two`]);
  await assert.rejects(new Reader(at, ["nothere"]).done, errorOf("not_found", /no such service or task: nothere/));
  await assert.rejects(new Reader(at, []).done, errorOf("invalid_argument", /whose logs/));
  at.close();
});

test("what cannot be read is told, the rest is read", async () => {
  const at = await stage(1, () => []);
  await at.task(2, 1);
  await at.stores[0]?.update((tx) => {
    tx.put("node", testNode(8, { state: "down" }));
  });
  await at.task(8, 2);
  await at.task(9, 3);
  const reader = new Reader(at, ["web"]);
  await reader.done;
  const warnings = [...reader.warnings].sort();
  assert.match(warnings[0] ?? "", /^host2: nothing kept/);
  assert.match(warnings[1] ?? "", /^host8: the node is down; its lines are missing/);
  assert.match(warnings[2] ?? "", /^node9x+: the node is not in the cluster any more/);
  at.close();
});

test("follow: a new task of the service is read from its first line, and the end of the service is the end", async () => {
  const at = await stage(2);
  const first = await at.task(2, 1);
  const reader = new Reader(at, ["web"], { follow: true, tail: 1 });
  await eventually("the first task is read", () => reader.texts.length === 2);
  const late = await at.task(3, 2);
  const unplaced = await at.task(undefined, 3);
  await eventually("the late task is read", () => reader.texts.length === 4);
  await at.stores[0]?.update((tx) => {
    const present = tx.get("task", unplaced.id);
    if (present !== undefined) tx.put("task", { ...present, nodeId: nodeIdOf(2) });
  });
  await eventually("the placed task is read", () => reader.texts.length === 6);
  assert.deepEqual(
    reader.texts,
    [first, late, unplaced].flatMap(({ id }) => [`${id} one`, `${id} two`]),
  );
  assert.equal(at.agents.get(nodeIdOf(3))?.requests[0]?.options?.tail, -1, "all of it is new");
  await at.stores[0]?.update((tx) => tx.remove("service", at.service.id));
  for (const agent of at.agents.values()) agent.end();
  await reader.done;
  at.close();
});

test("follow: a lost agent is told once and read again from where it was", async () => {
  const lines = ["a", "b"];
  const at = await stage(1, () => lines);
  const task = await at.task(2, 1);
  const reader = new Reader(at, [task.id], { follow: true, tail: 5 });
  await eventually("two lines", () => reader.texts.length === 2);
  lines.push("c");
  at.agents.get(nodeIdOf(2))?.fail();
  while (reader.texts.length < 3) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(reader.texts, ["a", "b", "c"], "none twice, none lost");
  assert.deepEqual(reader.warnings, ["host2: the agent restarts; trying again"]);
  const again = at.agents.get(nodeIdOf(2))?.requests[1]?.options;
  assert.deepEqual([again?.tail, again?.sinceMs], [-1, 1001]);
  at.agents.get(nodeIdOf(2))?.end();
  await reader.done;
  at.close();
});

test("a caller that leaves ends the agents' streams", async () => {
  const at = await stage(1);
  await at.task(2, 1);
  const reader = new Reader(at, ["web"], { follow: true });
  await eventually("lines", () => reader.texts.length === 2);
  reader.stop();
  await reader.done;
  at.close();
});

test("fan-in: sources wait for a slow reader, and no item is lost", async () => {
  const abort = new AbortController();
  const streams = new FanIn<number>(abort.signal);
  let given = 0;
  async function* source(from: number): AsyncGenerator<number> {
    for (let i = 0; i < 500; i++) {
      given++;
      yield from + i;
    }
  }
  streams.add(source(0));
  streams.add(source(1000));
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(given <= 70, `${given} were taken before anyone read`);
  const read: number[] = [];
  for await (const item of streams.read()) read.push(item);
  assert.equal(read.length, 1000);
  assert.deepEqual(
    read.filter((item) => item < 1000),
    Array.from({ length: 500 }, (_, i) => i),
  );
});

test("fan-in: held it waits for more, and a failing source ends alone", async () => {
  const abort = new AbortController();
  const streams = new FanIn<number>(abort.signal);
  streams.hold();
  const read: number[] = [];
  const done = (async () => {
    for await (const item of streams.read()) read.push(item);
  })();
  streams.add(
    (async function* () {
      yield 1;
      throw new Error("broken");
    })(),
  );
  await eventually("one", () => read.length === 1);
  streams.add(
    (async function* () {
      yield 2;
    })(),
  );
  await eventually("two", () => read.length === 2);
  streams.release();
  await done;
});
