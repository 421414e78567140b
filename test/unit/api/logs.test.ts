import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { AnswerCheck } from "../../../manager/api/log-check.ts";
import { AgentService, newMeetManagersResponse, type TaskLogsRequest } from "../../../proto/gen/agent.ts";
import {
  type LogLine,
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
  /** Streams that are open. */
  readonly open: () => number;
  readonly end: () => void;
  /** Ends the open streams with an error, once. */
  readonly fail: () => void;
}

/** What a task's log holds: texts, a millisecond apart, or lines. */
type Text = string | Partial<LogLine>;

async function fakeAgent(nodeId: NodeId, linesOf: (task: string) => readonly Text[]): Promise<FakeAgent> {
  const requests: TaskLogsRequest[] = [];
  let open = 0;
  let over = Promise.withResolvers<"end" | "fail">();
  const server = await serveLoopback(AgentService, {
    taskLogs: async function* (request, { signal }): AsyncGenerator<LogsResponse> {
      requests.push(request);
      open++;
      const left = new Promise<"left">((resolve) => signal.addEventListener("abort", () => resolve("left")));
      try {
        for (const taskId of request.taskIds) {
          const lines = linesOf(taskId)
            .map((text, i) => ({
              ...newLogLine({ taskId, nodeId, stream: "stdout", timestampMs: 1000 + i }),
              ...(typeof text === "string" ? { data: Buffer.from(text) } : text),
            }))
            .filter(({ timestampMs }) => requests.length === 1 || timestampMs >= (request.options?.sinceMs ?? 0));
          yield newLogsResponse({ lines, warnings: lines.length === 0 ? ["nothing kept"] : [] });
        }
        yield newLogsResponse({ caughtUp: true });
        if (request.options?.follow === true && (await Promise.race([over.promise, left])) === "fail")
          throw new SkepError("unavailable", "the agent restarts");
      } finally {
        open--;
      }
    },
    meetManagers: async () => newMeetManagersResponse(),
    // biome-ignore lint/correctness/useYield: it is never asked
    probeNetwork: async function* () {
      throw new SkepError("unimplemented", "nobody tests the network");
    },
  });
  return {
    ...server,
    requests,
    open: () => open,
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

const opened: { close: () => void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function stage(
  nodes: number,
  linesOf: (task: string) => readonly Text[] = (id) => [`${id} one`, `${id} two`],
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
  const made: Stage = {
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
  opened.push(made);
  return made;
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
    opened.push({ close: () => this.stop() });
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
});

test("tasks by their own ID, and references that are nobody's", async () => {
  const at = await stage(1);
  const [one] = [await at.task(2, 1), await at.task(2, 2)];
  const reader = new Reader(at, [one.id]);
  await reader.done;
  assert.deepEqual(reader.texts, [`${one.id} one`, `${one.id} two`]);
  await assert.rejects(new Reader(at, ["nothere"]).done, errorOf("not_found", /no such service or task: nothere/));
  await assert.rejects(new Reader(at, []).done, errorOf("invalid_argument", /whose logs/));
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
});

test("a caller that leaves ends the agents' streams", async () => {
  const at = await stage(1);
  await at.task(2, 1);
  const reader = new Reader(at, ["web"], { follow: true });
  await eventually("lines", () => reader.texts.length === 2);
  const agent = at.agents.get(nodeIdOf(2));
  assert.equal(agent?.open(), 1);
  reader.stop();
  await reader.done;
  await eventually("the agent's stream has ended", () => agent.open() === 0);
});

test("follow: of several tasks on a lost node each is read again from its own last line", async () => {
  const texts = new Map<string, Text[]>();
  const at = await stage(1, (id) => texts.get(id) ?? []);
  const [fast, slow] = [await at.task(2, 1), await at.task(2, 2)];
  const line = (text: string, timestampMs: number): Text => ({ data: Buffer.from(text), timestampMs });
  texts.set(fast.id, [line("fast 1", 1_000), line("fast 2", 9_000)]);
  texts.set(slow.id, [line("slow 1", 2_000)]);
  const reader = new Reader(at, ["web"], { follow: true });
  await eventually("three lines", () => reader.texts.length === 3);
  // Written while the node was lost: the slow one's before what the fast one had given already.
  texts.get(fast.id)?.push(line("fast 3", 9_001));
  texts.get(slow.id)?.push(line("slow 2", 3_000));
  at.agents.get(nodeIdOf(2))?.fail();
  await eventually("five lines", () => reader.texts.length === 5);
  assert.deepEqual(
    [...reader.texts].sort(),
    ["fast 1", "fast 2", "fast 3", "slow 1", "slow 2"],
    "none twice, none lost",
  );
  assert.equal(
    at.agents.get(nodeIdOf(2))?.requests[1]?.options?.sinceMs,
    2_000,
    "from the earliest of where they were",
  );
});

test("follow --tail 0: what was written before is not told either when the node comes back", async () => {
  const lines: Text[] = [];
  const at = await stage(1, () => lines);
  const [one] = [await at.task(2, 1)];
  const reader = new Reader(at, [one.id], { follow: true, tail: 0 });
  const agent = at.agents.get(nodeIdOf(2));
  await eventually("the node was asked", () => agent?.open() === 1 && reader.warnings.length === 1);
  lines.push("old", { data: Buffer.from("new"), timestampMs: Date.now() + 1_000 });
  agent?.fail();
  await eventually("the new line", () => reader.texts.length > 0);
  assert.deepEqual(reader.texts, ["new"]);
});

test("a node speaks of its own tasks alone: what does not belong is dropped, and that is said once", async () => {
  const rows: readonly (readonly [what: string, line: (others: Task) => Partial<LogLine>, RegExp])[] = [
    ["another task", ({ id }) => ({ taskId: id }), /a task that it was not asked for/],
    ["no task", () => ({ taskId: "" as TaskId }), /a task that it was not asked for/],
    ["another node", () => ({ nodeId: nodeIdOf(3) }), /another node/],
    ["another service", () => ({ serviceId: newId<ServiceId>(random) }), /another service/],
    ["a stream not asked for", () => ({ stream: "stderr" }), /a stream that was not asked for/],
    ["before all time", () => ({ timestampMs: -1 }), /a time that is none/],
    ["after all time", () => ({ timestampMs: 253_402_300_800_000 }), /a time that is none/],
    ["nanoseconds", () => ({ timestampNs: 1_000_000 }), /a time that is none/],
    ["before --since", () => ({ timestampMs: 9 }), /a time that was not asked for/],
    ["after --until", () => ({ timestampMs: 2_001 }), /a time that was not asked for/],
    ["too long", () => ({ data: Buffer.alloc(16_385) }), /more than 16384 bytes/],
  ];
  for (const [what, forge, said] of rows) {
    let forged: Partial<LogLine> = {};
    let liar = "";
    const at = await stage(2, (id) =>
      id === liar ? ["mine", { data: Buffer.from("forged"), ...forged }] : ["theirs"],
    );
    const [mine, other] = [await at.task(2, 1), await at.task(3, 2)];
    liar = mine.id;
    forged = forge(other);
    const reader = new Reader(at, ["web"], { sinceMs: 10, untilMs: 2_000, stdout: true, stderr: false });
    await reader.done;
    assert.deepEqual([...reader.texts].sort(), ["mine", "theirs"], what);
    assert.equal(reader.warnings.length, 1, what);
    assert.match(reader.warnings[0] ?? "", said, what);
    assert.match(reader.warnings[0] ?? "", /^host2: /, what);
  }
});

test("the service of a line is the store's, and a node's warnings are few and short", async () => {
  const at = await stage(0);
  const task = await at.task(2, 1);
  const asked = {
    nodeId: nodeIdOf(2),
    tasks: new Map([[task.id, task.serviceId]]),
    options: newLogOptions({ stdout: true, stderr: true }),
  };
  const check = new AnswerCheck(asked);
  const line = newLogLine({ taskId: task.id, nodeId: nodeIdOf(2) });
  const first = check.keep(newLogsResponse({ lines: [line], warnings: ["x".repeat(10_000)] }));
  assert.equal(first.lines[0]?.serviceId, task.serviceId);
  assert.equal(first.warnings[0]?.length, 513);
  assert.equal(
    check.keep(newLogsResponse({ warnings: Array.from({ length: 10_000 }, () => "more") })).warnings.length,
    16,
  );
  const forged = newLogsResponse({ lines: [{ ...line, nodeId: nodeIdOf(3) }] });
  assert.equal(check.keep(forged).warnings.length, 1);
  assert.deepEqual(check.keep(forged), { lines: [], warnings: [] }, "said once");
});
