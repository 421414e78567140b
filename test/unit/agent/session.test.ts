// The session protocol against a scripted dispatcher, in simulated time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, type SessionLink } from "../../../agent/session/session.ts";
import {
  type AgentMessage,
  type Assignments,
  type DispatcherMessage,
  newAssignments,
  newSessionInfo,
} from "../../../proto/gen/dispatcher.ts";
import { newNodeDescription, type TaskState, type TaskStatus } from "../../../proto/gen/objects.ts";
import { createSimEnv, type SimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NetworkId, TaskId } from "../../../shared/model/ids.ts";
import { newTaskId, nodeId, task } from "./fixtures.ts";

type Down = NonNullable<DispatcherMessage["message"]>;
type Up = NonNullable<AgentMessage["message"]>;

/** One stream as the dispatcher sees it. */
class FakeStream {
  readonly addr: string;
  readonly received: Up[] = [];
  #queue: DispatcherMessage[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => undefined;
  #drain: () => void = () => undefined;
  canceled = false;
  full = false;

  constructor(addr: string) {
    this.addr = addr;
  }

  link(): SessionLink {
    const read = async function* (this: FakeStream): AsyncGenerator<DispatcherMessage> {
      for (;;) {
        const next = this.#queue.shift();
        if (next !== undefined) yield next;
        else if (this.#failure !== undefined) throw this.#failure;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    };
    return {
      send: ({ message }) => {
        if (message !== undefined && !this.canceled) this.received.push(message);
        return !this.full;
      },
      drained: () => new Promise((resolve) => (this.#drain = resolve)),
      end: () => undefined,
      cancel: () => {
        this.canceled = true;
      },
      messages: read.call(this),
    };
  }

  down(message: Down): void {
    this.#queue.push({ message });
    this.#wake();
  }

  greet(init: Parameters<typeof newSessionInfo>[0] = {}): void {
    const info = newSessionInfo({ nodeId, heartbeatPeriodMs: 1_000, managers: ["a:1", "b:1", "c:1"], ...init });
    this.down({ kind: "session", ...info });
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  drain(): void {
    this.full = false;
    this.#drain();
  }

  /** The statuses received since the last call, as "task:state", a message each. */
  statuses(): string[][] {
    const messages = this.received
      .splice(0)
      .flatMap((message) => (message.kind === "statuses" ? [message.updates] : []));
    return messages.map((updates) => updates.map(({ taskId, status }) => `${taskId.slice(-2)}:${status?.state}`));
  }
}

/** A clock that can jump while nothing runs, as that of a virtual machine that was paused. */
function stallable(sim: SimEnv): SimEnv & { stall(ms: number): void } {
  let aheadMs = 0;
  return {
    ...sim,
    nowMs: () => sim.nowMs() + aheadMs,
    stall: (ms) => {
      aheadMs += ms;
    },
  };
}

async function setup(script: (stream: FakeStream) => void = () => undefined) {
  const env = stallable(createSimEnv(3));
  const streams: FakeStream[] = [];
  const events: string[] = [];
  const assignments: Assignments[] = [];
  let hostname = "node1";
  const abort = new AbortController();
  const session = new Session({
    env,
    log: silentLog,
    managers: ["a:1"],
    addr: "node1:7377",
    connect: (addr) => {
      const stream = new FakeStream(addr);
      streams.push(stream);
      script(stream);
      return stream.link();
    },
    description: () => newNodeDescription({ hostname }),
    onAssignments: (message) => void assignments.push(message),
    onNetwork: ({ update }) => void events.push(`network ${update?.kind}`),
    onDrained: (ids) => void events.push(`drained ${ids.join()}`),
    onSession: (info) =>
      void events.push(`session ${info.role} ${info.managers.join()} ${info.insecureRegistries.join()}`),
    onConnection: (state) =>
      void events.push(state.kind === "connected" ? `connected ${state.addr}` : `searching ${state.error}`),
  });
  const done = session.run(abort.signal);
  /** Lets everything happen that needs no time: what is sent gathers for one turn of the event loop. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) await env.advance(0);
  };
  await settle();
  const stream = (): FakeStream => {
    const last = streams.at(-1);
    assert.ok(last);
    return last;
  };
  return {
    env,
    settle,
    session,
    streams,
    stream,
    events,
    assignments,
    rename: (name: string) => {
      hostname = name;
      session.describe();
    },
    stop: async () => {
      abort.abort(new SkepError("canceled", "stop"));
      await done;
      assert.equal(env.pendingTimers(), 0, "no timer stays behind");
    },
  };
}

const status = (state: TaskState, timestampMs = 1): TaskStatus => ({ state, timestampMs, message: "", err: "" });

test("hello, greeting, beats: one per period", async () => {
  const t = await setup((stream) => stream.greet({ role: "manager", insecureRegistries: ["r:5000"] }));
  const [hello] = t.stream().received;
  assert.ok(hello?.kind === "hello");
  assert.deepEqual([hello.addr, hello.description?.hostname], ["node1:7377", "node1"]);
  assert.deepEqual(t.events, ["session manager a:1,b:1,c:1 r:5000", "connected a:1"]);
  for (let i = 0; i < 3; i++) {
    t.stream().down({ kind: "beat" });
    await t.env.advance(1_000);
  }
  assert.deepEqual(
    t.stream().received.map((message) => message.kind),
    ["hello", "beat", "beat", "beat"],
  );
  assert.deepEqual(t.session.managers, ["a:1", "b:1", "c:1"]);
  await t.stop();
});

test("a follower's refusal leads to the leader without a pause", async () => {
  const t = await setup((stream) => {
    if (stream.addr === "a:1") stream.fail(new SkepError("unavailable", "this manager does not lead: leader=b:1"));
    else stream.greet();
  });
  assert.deepEqual(
    t.streams.map((stream) => stream.addr),
    ["a:1", "b:1"],
  );
  assert.equal(t.events.at(-1), "connected b:1");
  await t.stop();
});

test("a manager that calls is listened to only after a while without a session", async () => {
  const t = await setup((stream) => {
    if (stream.addr === "a:1") stream.fail(new SkepError("unavailable", "nobody answers"));
    else stream.greet({ managers: ["b:1"] });
  });
  const tried = (): string[] => [...new Set(t.streams.map(({ addr }) => addr))];
  await t.env.advance(9_000);
  t.session.meet(["b:1"]);
  await t.env.advance(3_000);
  assert.deepEqual(tried(), ["a:1"]);
  t.session.meet(["b:1"]);
  await t.env.advance(5_000);
  assert.equal(t.events.at(-1), "connected b:1");
  t.session.meet(["c:1"]);
  t.stream().fail(new SkepError("unavailable", "nobody answers"));
  await t.env.advance(9_000);
  assert.deepEqual(tried(), ["a:1", "b:1"], "in session, and shortly after it, nobody else is heard");
  assert.throws(() => t.session.meet(["not an address"]), { code: "invalid_argument" });
  assert.throws(() => t.session.meet([`${"a".repeat(295)}:7377 and more`]), { code: "invalid_argument" });
  await t.stop();
});

test("a manager that does not answer is given up, and nothing of the attempt stays", async () => {
  const t = await setup((stream) => {
    if (stream.addr === "b:1") stream.greet();
  });
  await t.env.advance(1_499);
  assert.equal(t.streams.length, 1);
  await t.env.advance(1);
  assert.equal(t.streams[0]?.canceled, true);
  assert.equal(t.events[0], "searching a:1: no answer within 1500 ms");
  await t.stop();
});

test("statuses: what happens in one turn is one message, the latest per task", async () => {
  const t = await setup((stream) => stream.greet());
  const [one, two] = [newTaskId(), newTaskId()];
  t.session.report(one, status("accepted"));
  t.session.report(two, status("accepted"));
  t.session.report(one, status("preparing"));
  await t.settle();
  assert.deepEqual(t.stream().statuses(), [[`${one.slice(-2)}:preparing`, `${two.slice(-2)}:accepted`]]);
  t.session.report(two, status("preparing"));
  await t.settle();
  assert.deepEqual(t.stream().statuses(), [[`${two.slice(-2)}:preparing`]]);
  await t.stop();
});

test("statuses: a full transport gathers, and sends on when it drained", async () => {
  const t = await setup((stream) => stream.greet());
  const ids = Array.from({ length: 3 }, newTaskId);
  t.stream().full = true;
  for (const [index, id] of ids.entries()) {
    t.session.report(id, status("running", index));
    await t.settle();
  }
  assert.equal(t.stream().statuses().length, 1, "the one that filled it");
  t.stream().drain();
  await t.settle();
  assert.deepEqual(t.stream().statuses(), [ids.slice(1).map((id) => `${id.slice(-2)}:running`)]);
  await t.stop();
});

test("statuses: repeated in a new session until the store has them", async () => {
  const t = await setup((stream) => stream.greet());
  const [stored, older, lost] = [newTaskId(), newTaskId(), newTaskId()];
  for (const id of [stored, older, lost]) t.session.report(id, status("running", 5));
  await t.settle();
  t.session.report(older, status("failed", 6));
  await t.settle();
  t.stream().down({
    kind: "stored",
    updates: [stored, older].map((taskId) => ({ taskId, status: status("running", 5) })),
  });
  await t.settle();
  t.stream().fail(new SkepError("unavailable", "connection reset"));
  await t.env.advance(100);
  assert.equal(t.streams.length, 2);
  assert.deepEqual(
    t.stream().statuses().flat().sort(),
    [`${older.slice(-2)}:failed`, `${lost.slice(-2)}:running`].sort(),
  );
  await t.stop();
});

test("statuses: unacknowledged for ten seconds, sent again within the session", async () => {
  const t = await setup((stream) => stream.greet());
  const id = newTaskId();
  t.session.report(id, status("running"));
  await t.settle();
  for (let second = 0; second < 11; second++) {
    t.stream().down({ kind: "beat" });
    await t.env.advance(1_000);
  }
  assert.deepEqual(t.stream().statuses(), [[`${id.slice(-2)}:running`], [`${id.slice(-2)}:running`]]);
  assert.equal(t.streams.length, 1);
  await t.stop();
});

test("statuses: of tasks that managers do not name any more, nothing is kept", async () => {
  const t = await setup((stream) => stream.greet());
  const [kept, gone, removed] = [task(), task(), task()];
  for (const { id } of [kept, gone, removed]) t.session.report(id, status("running"));
  const complete = newAssignments({ type: "complete", sequence: 1, tasks: [kept, removed] });
  t.stream().down({ kind: "assignments", ...complete });
  const delta = newAssignments({ type: "incremental", appliesTo: 1, sequence: 2, removedTaskIds: [removed.id] });
  t.stream().down({ kind: "assignments", ...delta });
  await t.settle();
  t.stream().fail(new SkepError("unavailable", "reset"));
  await t.env.advance(100);
  assert.deepEqual(t.stream().statuses(), [[`${kept.id.slice(-2)}:running`]]);
  await t.stop();
});

test("assignments: deltas that fit are applied, a gap asks the same manager for all again", async () => {
  const t = await setup((stream) => stream.greet());
  const apply = (type: Assignments["type"], appliesTo: number, sequence: number): void =>
    t.stream().down({ kind: "assignments", ...newAssignments({ type, appliesTo, sequence }) });
  apply("complete", 0, 7);
  apply("incremental", 7, 8);
  apply("incremental", 8, 9);
  apply("incremental", 10, 11);
  await t.env.advance(100);
  assert.deepEqual(
    t.assignments.map((message) => message.sequence),
    [7, 8, 9],
  );
  assert.deepEqual(
    t.streams.map((stream) => stream.addr),
    ["a:1", "a:1"],
  );
  assert.match(t.events.find((event) => event.startsWith("searching")) ?? "", /apply to 10, this node is at 9/);
  apply("incremental", 9, 10);
  await t.env.advance(200);
  assert.equal(t.assignments.length, 3, "a new session begins with COMPLETE, whatever the last one had");
  await t.stop();
});

test("a dispatcher that falls silent is left after three periods", async () => {
  const t = await setup((stream) => stream.greet());
  t.stream().down({ kind: "beat" });
  await t.env.advance(2_900);
  assert.equal(t.streams.length, 1);
  await t.env.advance(200);
  assert.equal(t.streams.length, 2);
  assert.equal(t.streams[0]?.canceled, true);
  assert.equal(t.streams[1]?.addr, "b:1");
  await t.stop();
});

test("a node that was stopped for a while itself blames nobody", async () => {
  const t = await setup((stream) => stream.greet());
  t.env.stall(30_000);
  await t.env.advance(1_000);
  assert.equal(t.streams.length, 1);
  t.stream().down({ kind: "beat" });
  await t.env.advance(1_000);
  assert.equal(t.streams.length, 1);
  await t.stop();
});

test("a description that changed is sent again, in the same session", async () => {
  const t = await setup((stream) => stream.greet());
  t.rename("renamed");
  await t.settle();
  const sent = t.stream().received.filter((message) => message.kind === "description");
  assert.deepEqual(
    sent.map((message) => message.hostname),
    ["renamed"],
  );
  await t.stop();
});

test("no manager can be reached: attempts stay bounded, and a stop is quick", async () => {
  const t = await setup((stream) => stream.fail(new SkepError("unavailable", "connection refused")));
  await t.env.advance(60_000);
  assert.ok(t.streams.length > 25 && t.streams.length < 80, `${t.streams.length} attempts in a minute`);
  await t.stop();
});

test("words about networks go both ways, each once, and none of an earlier session is said in the next", async () => {
  const t = await setup((stream) => stream.greet());
  const [web, back] = ["web" as NetworkId, "back" as NetworkId];
  t.stream().down({ kind: "network", update: { kind: "gone", networkId: web } });
  t.stream().down({ kind: "drained", taskIds: ["t1" as TaskId, "t2" as TaskId] });
  t.session.networkApplied(web, 4);
  t.session.networkApplied(web, 5);
  t.session.networkResync(back);
  t.session.networkResync(back);
  await t.settle();
  assert.deepEqual(t.events.slice(-2), ["network gone", "drained t1,t2"]);
  const said = () => t.stream().received.filter(({ kind }) => kind === "networkResync" || kind === "networkApplied");
  assert.deepEqual(said(), [
    { kind: "networkResync", networkId: back },
    { kind: "networkApplied", networkId: web, version: 5 },
  ]);
  t.stream().fail(new SkepError("unavailable", "cut"));
  await t.settle();
  t.session.networkApplied(web, 6);
  await t.env.advance(1_000);
  await t.settle();
  assert.equal(t.streams.length, 2);
  assert.deepEqual(said(), []);
  await t.stop();
});
