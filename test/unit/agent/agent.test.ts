// The whole agent over the hollow runtime: restart on the same disk, logs of what ended, leaving.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Agent, createAgent } from "../../../agent/agent.ts";
import { describeNode, nodeArchitecture } from "../../../agent/node-description.ts";
import { HollowHost, openHollowRuntime } from "../../../agent/runtime/hollow/hollow.ts";
import type { SessionLink } from "../../../agent/session/session.ts";
import { newTaskLogsRequest } from "../../../proto/gen/agent.ts";
import { newLogOptions } from "../../../proto/gen/control.ts";
import {
  type AgentMessage,
  type DispatcherMessage,
  newAssignments,
  newSessionInfo,
} from "../../../proto/gen/dispatcher.ts";
import type { Task, TaskState } from "../../../proto/gen/objects.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { silentLog } from "../../../shared/log.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { closeAfterEach } from "../../support/cleanup.ts";
import { nodeId, task } from "./fixtures.ts";

let dir = "";
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "skep-agent-"));
});
after(() => rm(dir, { recursive: true }));

/** A dispatcher that assigns what it is told and stores what it gets. */
class Dispatcher {
  readonly stored = new Map<TaskId, TaskState>();
  tasks: readonly Task[] = [];
  #sequence = 0;
  #send: (message: DispatcherMessage) => void = () => undefined;

  connect(signal: AbortSignal): SessionLink {
    const queue: DispatcherMessage[] = [];
    let wake = (): void => undefined;
    this.#send = (message) => {
      queue.push(message);
      wake();
    };
    signal.addEventListener("abort", () => wake());
    async function* messages(): AsyncGenerator<DispatcherMessage> {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield next;
      }
    }
    return {
      send: (message) => this.#receive(message),
      drained: async () => undefined,
      end: () => undefined,
      cancel: () => undefined,
      messages: messages(),
    };
  }

  assign(tasks: readonly Task[]): void {
    this.tasks = tasks;
    const assignments = newAssignments({ type: "complete", sequence: ++this.#sequence, tasks });
    this.#send({ message: { kind: "assignments", ...assignments } });
  }

  #receive({ message }: AgentMessage): boolean {
    if (message?.kind === "hello") {
      const info = newSessionInfo({ nodeId, heartbeatPeriodMs: 1_000, managers: ["m:1"] });
      this.#send({ message: { kind: "session", ...info } });
      this.assign(this.tasks);
    }
    if (message?.kind === "statuses") {
      for (const { taskId, status } of message.updates) if (status !== undefined) this.stored.set(taskId, status.state);
      this.#send({ message: { kind: "stored", updates: message.updates } });
    }
    if (message?.kind === "beat") this.#send({ message: { kind: "beat" } });
    return true;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < end, "waited too long");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const closeLater = closeAfterEach();

interface Running {
  readonly agent: Agent;
  readonly stop: () => Promise<void>;
}

async function start(dispatcher: Dispatcher, host: HollowHost, at: string): Promise<Running> {
  const runtime = openHollowRuntime({ env: realEnv, host });
  const agent = await createAgent({
    env: realEnv,
    log: silentLog,
    nodeId,
    runtime,
    dir: at,
    connect: (_addr, signal) => dispatcher.connect(signal),
    managers: ["m:1"],
    addr: "node1:7377",
    description: () => describeNode({ version: "0", runtime: "hollow", labels: {} }),
  });
  const abort = new AbortController();
  const done = agent.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort(new Error("stop"));
    await done;
    await runtime.close();
  };
  closeLater(stop);
  return { agent, stop };
}

async function logOf(agent: Agent, id: TaskId, follow: boolean): Promise<string[]> {
  const request = newTaskLogsRequest({ taskIds: [id], options: newLogOptions({ tail: -1, follow }) });
  const context = { peer: { kind: "local" as const }, signal: new AbortController().signal, metadata: new Map() };
  const lines: string[] = [];
  for await (const response of agent.handlers.taskLogs(request, context)) {
    lines.push(...response.lines.map((line) => Buffer.from(line.data).toString()), ...response.warnings);
  }
  return lines;
}

test("tasks run, their last words stay, a restart adopts, and leaving leaves nothing", async () => {
  const dispatcher = new Dispatcher();
  const host = new HollowHost();
  const at = join(dir, "life");
  const [web, job] = [task(), task({ image: "hollow/print:3" })];
  const first = await start(dispatcher, host, at);
  await until(() => first.agent.connection().kind === "connected");
  dispatcher.assign([web, job]);
  const followed = logOf(first.agent, job.id, true);
  await until(() => dispatcher.stored.get(web.id) === "running" && dispatcher.stored.get(job.id) === "complete");
  assert.deepEqual(await followed, ["line 1", "line 2", "line 3"], "following ends with the task");
  await until(() => host.containers.size === 1);
  assert.deepEqual(first.agent.counts(), { total: 2, running: 1 });
  await first.stop();
  assert.equal(host.containers.get(web.id)?.state, "running", "it lives on without the agent");

  const second = await start(dispatcher, host, at);
  await until(() => second.agent.connection().kind === "connected");
  assert.deepEqual(second.agent.counts(), { total: 2, running: 1 });
  assert.deepEqual(await logOf(second.agent, job.id, true), ["line 1", "line 2", "line 3"]);
  await second.agent.removeAllTasks(new AbortController().signal);
  assert.equal(host.containers.size, 0);
  for (const folder of ["tasks", "logs"]) assert.deepEqual(await readdir(join(at, folder)), []);
  dispatcher.assign([task()]);
  await realEnv.breathe();
  assert.equal(second.agent.counts().total, 0, "who leaves takes nothing on");
});

test("output and exits of the time without a daemon are in the log of the next one", async () => {
  const dispatcher = new Dispatcher();
  const host = new HollowHost();
  const at = join(dir, "gap");
  const [web, ended] = [task(), task()];
  const first = await start(dispatcher, host, at);
  await until(() => first.agent.connection().kind === "connected");
  dispatcher.assign([web, ended]);
  await until(() => [web, ended].every(({ id }) => dispatcher.stored.get(id) === "running"));
  await first.stop();
  for (const { id } of [web, ended]) {
    host.containers.get(id)?.output.push({ stream: "stdout", data: Buffer.from("said meanwhile\n") });
  }
  const killer = openHollowRuntime({ env: realEnv, host });
  await killer.kill(ended.id, "SIGKILL", new AbortController().signal);
  const second = await start(dispatcher, host, at);
  await until(() => dispatcher.stored.get(ended.id) === "failed");
  assert.deepEqual(await logOf(second.agent, ended.id, true), ["said meanwhile"]);
  await killer.kill(web.id, "SIGTERM", new AbortController().signal);
  assert.deepEqual(await logOf(second.agent, web.id, true), ["said meanwhile"]);
});

test("a node describes itself in Docker's words", () => {
  const description = describeNode({ version: "1.2", runtime: "hollow", labels: { a: "b" } });
  assert.ok((description.resources?.nanoCpus ?? 0) >= 1e9);
  assert.ok((description.resources?.memoryBytes ?? 0) > 0);
  assert.match(description.hostname, /\S/);
  assert.equal(description.platform?.os, "linux");
  assert.deepEqual(["x64", "arm64", "riscv64"].map(nodeArchitecture), ["x86_64", "aarch64", "riscv64"]);
});
