// The task reconciler over the hollow runtime, in simulated time.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { discardOutputs, type TaskOutputs } from "../../../agent/logs/log-store.ts";
import type { AdoptedTask, NetworkRoom, TaskNamespace, TaskPlace } from "../../../agent/network/room.ts";
import { HollowHost, type HollowOptions, openHollowRuntime } from "../../../agent/runtime/hollow/hollow.ts";
import type { Runtime } from "../../../agent/runtime/runtime.ts";
import { encodeRecord, memoryTaskFiles, type TaskFiles, type TaskRecord } from "../../../agent/task/task-files.ts";
import { TaskManager } from "../../../agent/task/task-manager.ts";
import {
  newNetworkAttachment,
  newNetworkAttachmentConfig,
  newPortConfig,
  type PortConfig,
  type Task,
  type TaskState,
  type TaskStatus,
} from "../../../proto/gen/objects.ts";
import { createSimEnv, type SimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NetworkId, TaskId } from "../../../shared/model/ids.ts";
import { isTerminal, rank } from "../../../shared/model/tasks.ts";
import { newTaskId, nodeId, type TaskInit, task } from "./fixtures.ts";

interface Node {
  readonly env: SimEnv;
  readonly host: HollowHost;
  readonly manager: TaskManager;
  readonly runtime: Runtime;
  readonly files: TaskFiles;
  readonly statuses: Map<TaskId, TaskStatus[]>;
  readonly stop: () => Promise<void>;
}

interface NodeInit extends Partial<Omit<HollowOptions, "env" | "host">> {
  readonly env?: SimEnv;
  readonly host?: HollowHost;
  readonly files?: TaskFiles;
  readonly parallel?: number;
  readonly networks?: FakeNetworks;
  readonly inSession?: boolean;
  readonly outputs?: TaskOutputs;
  /** Of every image. */
  readonly exposedPorts?: readonly string[];
  readonly awaitedPorts?: (exposed: readonly string[]) => readonly PortConfig[];
}

/** Says what it is asked for, in order; `hold` keeps a preparation open, `refuse` makes it fail. */
class FakeNetworks implements Pick<NetworkRoom, "adopt" | "prepare" | "release"> {
  readonly calls: string[] = [];
  hold: Promise<void> | undefined;
  refuse: readonly string[] = [];

  adopt(tasks: readonly AdoptedTask[]): void {
    this.calls.push(...tasks.map(({ place, pid }) => `adopt ${place.taskId}${pid === undefined ? "" : " running"}`));
  }

  async prepare({ taskId, attachments }: TaskPlace): Promise<TaskNamespace> {
    this.calls.push(`prepare ${taskId}`);
    await this.hold;
    const [reason, ...rest] = this.refuse;
    this.refuse = rest;
    if (reason !== undefined) throw new SkepError("unavailable", reason);
    return { path: `/run/netns/${taskId}`, addresses: attachments.flatMap(({ addresses }) => addresses) };
  }

  async release(taskId: TaskId): Promise<void> {
    this.calls.push(`release ${taskId}`);
  }
}

async function boot(init: NodeInit = {}): Promise<Node> {
  const env = init.env ?? createSimEnv(1);
  const host = init.host ?? new HollowHost();
  const files = init.files ?? memoryTaskFiles();
  const runtime = openHollowRuntime({ ...init, env, host });
  const { exposedPorts, awaitedPorts = () => [] } = init;
  const pull = runtime.pull.bind(runtime);
  if (exposedPorts !== undefined) {
    Object.assign(runtime, {
      pull: async (...args: Parameters<Runtime["pull"]>) => ({ ...(await pull(...args)), exposedPorts }),
    });
  }
  const statuses = new Map<TaskId, TaskStatus[]>();
  const abort = new AbortController();
  const networks = init.networks ?? new FakeNetworks();
  const manager = new TaskManager({
    env,
    log: silentLog,
    runtime,
    outputs: init.outputs ?? discardOutputs,
    files,
    networks,
    inSession: () => init.inSession ?? false,
    node: { id: nodeId, hostname: "node1", os: "linux", architecture: "x86_64" },
    parallel: init.parallel ?? 4,
    insecureRegistries: () => [],
    awaitedPorts: async (_task, _pid, exposed) => awaitedPorts(exposed),
    onStatus: (id, status) => void statuses.set(id, [...(statuses.get(id) ?? []), status]),
  });
  await manager.recover(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort(new SkepError("canceled", "the daemon stops"));
    await manager.settled();
    await runtime.close();
  };
  return { env, host, manager, runtime, files, statuses, stop };
}

const assign = (node: Node, ...tasks: readonly Task[]): void =>
  node.manager.apply({ complete: false, tasks, removed: [] });
const statesOf = (node: Node, id: TaskId): TaskState[] => (node.statuses.get(id) ?? []).map((status) => status.state);
const last = (node: Node, id: TaskId): TaskStatus => {
  const status = node.statuses.get(id)?.at(-1);
  assert.ok(status, "nothing was reported");
  return status;
};

test("a task that does not listen yet where its image exposes a port runs, and says what it waits for", async () => {
  const asked: (readonly string[])[] = [];
  const awaited = [newPortConfig({ targetPort: 8080 })];
  const node = await boot({
    exposedPorts: ["8080/tcp"],
    awaitedPorts: (exposed) => {
      asked.push(exposed);
      return asked.length < 4 ? awaited : [];
    },
  });
  const web = task();
  assign(node, web);
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "running");
  assert.deepEqual(last(node, web.id).portStatus?.awaited, awaited);
  await node.env.advance(1_000);
  assert.equal(last(node, web.id).portStatus, undefined);
  assert.deepEqual(asked, Array(4).fill(["8080/tcp"]));
  await node.stop();
});

test("a task's whole life, told state by state", async () => {
  const node = await boot();
  const web = task();
  assign(node, web);
  await node.env.advance(0);
  const started = ["accepted", "preparing", "ready", "starting", "running"];
  assert.deepEqual(statesOf(node, web.id), started);
  assert.equal(last(node, web.id).containerStatus?.containerId, web.id);
  assert.ok((last(node, web.id).containerStatus?.pid ?? 0) > 0);
  assert.deepEqual(node.manager.counts(), { total: 1, running: 1 });
  assign(node, { ...web, desiredState: "shutdown" });
  await node.env.advance(0);
  assert.deepEqual(statesOf(node, web.id), [...started, "shutdown"]);
  assert.equal(last(node, web.id).containerStatus?.exitCode, 143);
  assert.equal(node.host.containers.size, 0, "its container is gone");
  assert.deepEqual(node.manager.counts(), { total: 1, running: 0 }, "the task stays as history");
  node.manager.apply({ complete: false, tasks: [], removed: [web.id] });
  await node.env.advance(0);
  assert.deepEqual(node.manager.counts(), { total: 0, running: 0 });
  assert.deepEqual(await node.files.load(), []);
  await node.stop();
});

test("a task's end is told to nobody, in no way, before its last output can be read", async () => {
  const written = Promise.withResolvers<void>();
  const outputs: TaskOutputs = { ...discardOutputs, end: () => written.promise };
  const node = await boot({ outputs });
  const web = task();
  assign(node, web);
  await node.env.advance(0);
  assign(node, { ...web, desiredState: "shutdown" });
  await node.env.advance(60_000);
  const told = (): (TaskState | undefined)[] => [last(node, web.id).state, node.manager.statuses().get(web.id)?.state];
  assert.deepEqual(told(), ["running", "running"]);
  // A new session begins: managers are told what they do not know.
  node.manager.apply({ complete: true, tasks: [{ ...web, desiredState: "shutdown" }], removed: [] });
  assert.deepEqual(told(), ["running", "running"]);
  written.resolve();
  await node.env.advance(0);
  assert.deepEqual(told(), ["shutdown", "shutdown"]);
  await node.stop();
});

test("desired ready is held, and starts when it is desired running", async () => {
  const node = await boot();
  const web = task({ desired: "ready" });
  assign(node, web);
  await node.env.advance(60_000);
  assert.equal(last(node, web.id).state, "ready");
  assign(node, { ...web, desiredState: "running" });
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "running");
  assign(node, { ...web, desiredState: "ready" });
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "running", "an older wish does not turn it back");
  await node.stop();
});

const endings: readonly (readonly [image: string, state: TaskState, err: string, exitCode: number])[] = [
  ["hollow/exit:0", "complete", "", 0],
  ["hollow/exit:1", "failed", "task: non-zero exit (1)", 1],
  ["hollow/oom", "failed", "task: non-zero exit (137): killed by the kernel: out of memory", 137],
  [
    "hollow/missing",
    "rejected",
    "No such image: hollow/missing: manifest unknown: hollow/missing is not in the registry",
    0,
  ],
  ["hollow/denied", "rejected", "denied: requested access to hollow/denied is denied", 0],
  ["hollow/nouser", "rejected", 'unable to find user "nobody-here": no matching entries in the passwd file', 0],
  ["hollow/nobinary", "rejected", 'exec: "no-such-binary": executable file not found in $PATH', 0],
];
for (const [image, state, err, exitCode] of endings) {
  test(`${image} ends ${state}`, async () => {
    const node = await boot();
    const job = task({ image });
    assign(node, job);
    await node.env.advance(0);
    const status = last(node, job.id);
    assert.deepEqual([status.state, status.err], [state, err]);
    assert.equal(status.containerStatus?.exitCode ?? 0, exitCode);
    assert.equal(node.host.containers.size, 0);
    await node.stop();
  });
}

test("specs that cannot be run are rejected with the reason", async () => {
  const node = await boot();
  const bad: readonly (readonly [Task, RegExp])[] = [
    [task({ container: { env: ["A={{.Nope}}"] } }), /unknown placeholder {{\.Nope}}/],
    [task({ container: { registryAuth: "c2VjcmV0" } }), /registry credentials are malformed/],
    [task({ spec: { logDriver: { name: "syslog", options: {} } } }), /log driver "syslog"/],
  ];
  assign(node, ...bad.map(([wrong]) => wrong));
  await node.env.advance(0);
  for (const [wrong, why] of bad) {
    assert.equal(last(node, wrong.id).state, "rejected");
    assert.match(last(node, wrong.id).err, why);
  }
  await node.stop();
});

test("a registry that is away is tried again, and the status says so meanwhile", async () => {
  const node = await boot();
  const [flaky, away] = [task({ image: "hollow/flaky:2" }), task({ image: "hollow/unreachable" })];
  assign(node, flaky, away);
  await node.env.advance(0);
  assert.equal(last(node, flaky.id).state, "preparing");
  assert.equal(last(node, flaky.id).message, "preparing: try 1 of 4 to pull failed");
  assert.match(last(node, flaky.id).err, /cannot reach the registry/);
  await node.env.advance(750);
  assert.deepEqual([last(node, flaky.id).state, last(node, flaky.id).err], ["running", ""]);
  await node.env.advance(2_000);
  assert.deepEqual(
    [last(node, away.id).state, last(node, away.id).err],
    ["rejected", "cannot reach the registry of hollow/unreachable"],
  );
  await node.stop();
});

test("what is told of a failure is bounded", async () => {
  const node = await boot();
  const wordy = task({ image: `hollow/denied@${"x".repeat(1 << 20)}` });
  assign(node, wordy);
  await node.env.advance(0);
  assert.equal(last(node, wordy.id).state, "rejected");
  assert.equal(last(node, wordy.id).err.length, 4097);
  await node.stop();
});

test("stop: the grace period, then SIGKILL", async () => {
  const node = await boot();
  const stubborn = task({ image: "hollow/stubborn" });
  const short = task({ image: "hollow/stubborn", container: { stopGracePeriodMs: 500 } });
  assign(node, stubborn, short);
  await node.env.advance(0);
  assign(node, { ...stubborn, desiredState: "shutdown" }, { ...short, desiredState: "shutdown" });
  await node.env.advance(499);
  assert.equal(last(node, short.id).state, "running");
  await node.env.advance(1);
  assert.equal(last(node, short.id).state, "shutdown");
  await node.env.advance(9_499);
  assert.equal(last(node, stubborn.id).state, "running");
  await node.env.advance(1);
  assert.deepEqual(
    [last(node, stubborn.id).state, last(node, stubborn.id).containerStatus?.exitCode],
    ["shutdown", 137],
  );
  await node.stop();
});

test("stop: a signal that does not exist costs the grace period, not the stop", async () => {
  const node = await boot();
  const odd = task({ container: { stopSignal: "SIGNOPE" } });
  assign(node, odd);
  await node.env.advance(0);
  assign(node, { ...odd, desiredState: "shutdown" });
  await node.env.advance(10_000);
  assert.equal(last(node, odd.id).state, "shutdown");
  await node.stop();
});

test("told to stop during a long pull: the pull is given up at once", async () => {
  const node = await boot({ delays: { pull: { least: 60_000, most: 60_000 } } });
  const web = task();
  assign(node, web);
  await node.env.advance(1_000);
  assert.equal(last(node, web.id).state, "preparing");
  assign(node, { ...web, desiredState: "shutdown" });
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "shutdown");
  await node.stop();
});

test("told to stop during the start: the process gets its signal, not a broken start", async () => {
  const node = await boot({ delays: { start: { least: 5_000, most: 5_000 } } });
  const web = task();
  assign(node, web);
  await node.env.advance(1_000);
  assert.equal(last(node, web.id).state, "starting");
  assign(node, { ...web, desiredState: "shutdown" });
  await node.env.advance(4_000);
  assert.deepEqual([last(node, web.id).state, last(node, web.id).containerStatus?.exitCode], ["shutdown", 143]);
  await node.stop();
});

test("registry credentials are in no record, and a restarted node waits for them before it pulls", async () => {
  const registryAuth = Buffer.from(JSON.stringify({ username: "u", password: "hunter2" })).toString("base64");
  const records = new Map<TaskId, TaskRecord>();
  const files = memoryTaskFiles(records);
  const node = await boot({ files, delays: { pull: { least: 60_000, most: 60_000 } } });
  const web = task({ container: { registryAuth } });
  assign(node, web);
  await node.env.advance(1_000);
  await node.stop();
  const [recorded] = records.values();
  assert.ok(recorded !== undefined);
  assert.ok(!Buffer.from(encodeRecord(recorded)).includes(registryAuth), "the record holds the credentials");

  // As an earlier version wrote it: it is replaced.
  records.set(web.id, { ...recorded, task: web });
  const first = await boot({ files, env: node.env, delays: { pull: { least: 60_000, most: 60_000 } } });
  await first.env.advance(1_000);
  await first.stop();
  assert.ok(!Buffer.from(encodeRecord(records.get(web.id) ?? recorded)).includes(registryAuth));

  const operations: string[] = [];
  const again = await boot({ files, env: node.env, fault: (operation) => void operations.push(operation) });
  await again.env.advance(60_000);
  assert.ok(!operations.includes("pull"), "it pulled without the credentials");
  assign(again, web);
  await again.env.advance(1_000);
  assert.equal(last(again, web.id).state, "running");
  await again.stop();
});

test("told to stop while its start is being recorded: it is not started any more", async () => {
  const operations: string[] = [];
  const files = memoryTaskFiles();
  const recorded = Promise.withResolvers<void>();
  const node = await boot({
    fault: (operation) => void operations.push(operation),
    files: {
      ...files,
      save: async (record) => {
        if (record.task.status?.state === "starting") await recorded.promise;
        await files.save(record);
      },
    },
  });
  const web = task();
  assign(node, web);
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "starting");
  assign(node, { ...web, desiredState: "shutdown" });
  recorded.resolve();
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "shutdown");
  assert.ok(!operations.includes("start"), operations.join());
  assert.equal(node.host.containers.size, 0);
  await node.stop();
});

test("a start that hangs does not keep a task from its end", async () => {
  const node = await boot({ delays: { start: { least: 1e9, most: 1e9 } } });
  const [stopped, left] = [task(), task()];
  assign(node, stopped, left);
  await node.env.advance(1_000);
  assign(node, { ...stopped, desiredState: "shutdown" });
  await node.env.advance(10_000);
  assert.equal(last(node, stopped.id).state, "shutdown");
  await node.env.advance(120_000);
  assert.equal(last(node, left.id).state, "failed");
  assert.match(last(node, left.id).err, /start the container: no answer within 120 s/);
  assert.equal(node.host.containers.size, 0);
  await node.stop();
});

test("no more than `parallel` operations at once, and all get their turn", async () => {
  let active = 0;
  let most = 0;
  const node = await boot({ parallel: 3, delays: { start: { least: 100, most: 100 } } });
  const { start } = node.runtime;
  Object.assign(node.runtime, {
    start: async (...args: Parameters<Runtime["start"]>) => {
      most = Math.max(most, ++active);
      try {
        return await start(...args);
      } finally {
        active--;
      }
    },
  });
  const tasks = Array.from({ length: 20 }, () => task());
  assign(node, ...tasks);
  await node.env.advance(699);
  assert.equal(node.manager.counts().running, 18);
  await node.env.advance(1);
  assert.equal(node.manager.counts().running, 20);
  assert.equal(most, 3);
  await node.stop();
});

test("a restarted daemon adopts what runs, tells what ended, and removes what belongs to nobody", async () => {
  const first = await boot({ runMs: 5_000 });
  const [runs, ends, waits] = [task(), task({ image: "hollow/exit:3" }), task({ desired: "ready" })];
  assign(first, runs, ends, waits);
  await first.env.advance(0);
  const pid = last(first, runs.id).containerStatus?.pid;
  await first.stop();
  const stray = newTaskId();
  await first.env.advance(5_000); // exits while no daemon is there
  const other = openHollowRuntime({ env: first.env, host: first.host });
  const never = new AbortController().signal;
  await other.create({ ...(await strayConfig()), id: stray }, never);
  const second = await boot({ env: first.env, host: first.host, files: first.files, runMs: 5_000 });
  await second.env.advance(0);
  assert.equal(first.host.containers.get(runs.id)?.pid, pid, "the same process runs on");
  assert.deepEqual(statesOf(second, runs.id), [], "nothing new to tell of it");
  assert.deepEqual([last(second, ends.id).state, last(second, ends.id).err], ["failed", "task: non-zero exit (3)"]);
  assert.deepEqual([...first.host.containers.keys()].sort(), [runs.id, waits.id].sort());
  // Without any manager it is still watched.
  await second.runtime.kill(runs.id, "SIGKILL", never);
  await second.env.advance(0);
  assert.deepEqual([last(second, runs.id).state, last(second, runs.id).containerStatus?.exitCode], ["failed", 137]);
  await second.stop();
});

async function strayConfig(): Promise<Parameters<Runtime["create"]>[0]> {
  const { containerConfig } = await import("../../../agent/task/container-config.ts");
  const image = {
    digest: "",
    entrypoint: [],
    cmd: ["x"],
    env: [],
    workingDir: "",
    user: "",
    stopSignal: "",
    exposedPorts: [],
  };
  return containerConfig(
    task(),
    image,
    { id: nodeId, hostname: "n", os: "linux", architecture: "x86_64" },
    { kind: "none" },
  );
}

test("after a power cut nothing is started a second time, and what had not started is made again", async () => {
  const first = await boot();
  const [ran, ready] = [task(), task({ desired: "ready" })];
  assign(first, ran, ready);
  await first.env.advance(0);
  await first.stop();
  first.host.powerCut();
  const second = await boot({ env: first.env, host: first.host, files: first.files });
  assign(second, { ...ready, desiredState: "running" });
  await second.env.advance(0);
  assert.equal(last(second, ran.id).state, "failed");
  assert.match(last(second, ran.id).err, /the container is gone/);
  assert.equal(last(second, ready.id).state, "running");
  await second.stop();
});

test("a disk that forgot: the store's word that a task ran keeps it from running twice", async () => {
  const node = await boot();
  const ran = task({ state: "running" });
  assign(node, ran);
  await node.env.advance(0);
  assert.equal(last(node, ran.id).state, "failed");
  await node.stop();
});

test("COMPLETE takes away what it does not name, and tells managers what they miss", async () => {
  const node = await boot();
  const [kept, dropped] = [task(), task()];
  assign(node, kept, dropped);
  await node.env.advance(0);
  const before = statesOf(node, kept.id).length;
  node.manager.apply({ complete: true, tasks: [kept], removed: [] });
  await node.env.advance(0);
  assert.equal(statesOf(node, kept.id).length, before + 1, "the store says assigned, the node knows running");
  assert.equal(last(node, kept.id).state, "running");
  assert.deepEqual(node.manager.counts(), { total: 1, running: 1 });
  assert.equal(last(node, dropped.id).state, "running", "nobody asks any more: nothing more is told");
  assert.deepEqual([...node.host.containers.keys()], [kept.id]);
  await node.stop();
});

test("a malformed task id is ignored: it must never name a file", async () => {
  const node = await boot();
  assign(node, { ...task(), id: "../../etc/passwd" as TaskId });
  await node.env.advance(0);
  assert.equal(node.manager.counts().total, 0);
  await node.stop();
});

test("a runtime that does not answer at first is waited for", async () => {
  let away = true;
  const env = createSimEnv(1);
  const booting = boot({ env, fault: () => (away ? new SkepError("unavailable", "connection refused") : undefined) });
  await env.advance(1_000);
  away = false;
  await env.advance(4_000);
  await (await booting).stop();
});

test("property: with a faulty runtime and restarts, states only grow and every task told to stop ends", async () => {
  const images = [
    "hollow/sleep",
    "hollow/stubborn",
    "hollow/exit:1",
    "hollow/crash:2000",
    "hollow/flaky:1",
    "hollow/nobinary",
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.array(fc.constantFrom(...images), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 4 }),
      async (seed, used, pausesMs) => {
        const env = createSimEnv(seed);
        let faulty = true;
        const init: NodeInit = {
          env,
          host: new HollowHost(),
          files: memoryTaskFiles(),
          delays: { pull: { least: 0, most: 500 }, start: { least: 0, most: 500 }, kill: { least: 0, most: 50 } },
          fault: (operation) =>
            faulty && operation !== "list" && env.random() < 0.2 ? new SkepError("unavailable", "away") : undefined,
        };
        const tasks = used.map((image) => task({ image }));
        const seen = new Map<TaskId, number>();
        let node = await boot(init);
        const check = (): void => {
          for (const [id, statuses] of node.statuses) {
            for (const { state } of statuses) {
              assert.ok(rank(state) >= (seen.get(id) ?? 0), `${id} went back to ${state}`);
              seen.set(id, rank(state));
            }
          }
          node.statuses.clear();
        };
        assign(node, ...tasks);
        for (const pauseMs of pausesMs) {
          await env.advance(pauseMs);
          check();
          await node.stop();
          // What leads up to the start may be told again after a restart (managers drop it); what follows may not.
          for (const [id, reached] of seen) if (reached < rank("starting")) seen.delete(id);
          node = await boot(init);
          assign(node, ...tasks);
        }
        assign(node, ...tasks.map((one) => ({ ...one, desiredState: "shutdown" as const })));
        await env.advance(20_000);
        faulty = false;
        await env.advance(60_000);
        check();
        for (const status of node.manager.statuses().values()) assert.ok(isTerminal(status.state), status.state);
        assert.equal(node.host.containers.size, 0);
        await node.stop();
      },
    ),
    { numRuns: 25 },
  );
});

// ---------------------------------------------------------------------------------------------------------- networks

const attachments = [newNetworkAttachment({ networkId: "net" as NetworkId, addresses: ["10.0.9.3"] })];
const onNetwork = (init: TaskInit = {}): Task => ({
  ...task({ ...init, spec: { networks: [newNetworkAttachmentConfig({ target: "net" })] } }),
  attachments,
});

test("a namespace is prepared beside the pull, joined by the container, and given back when it is gone", async () => {
  const networks = new FakeNetworks();
  const gate = Promise.withResolvers<void>();
  networks.hold = gate.promise;
  const node = await boot({ networks });
  const web = onNetwork();
  assign(node, web);
  await node.env.advance(1_000);
  assert.deepEqual(networks.calls, [`prepare ${web.id}`]);
  assert.equal(last(node, web.id).state, "preparing", "no container before its network");
  gate.resolve();
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "running");
  assign(node, { ...web, desiredState: "shutdown" });
  await node.env.advance(0);
  assert.equal(last(node, web.id).state, "shutdown");
  assert.deepEqual(networks.calls, [`prepare ${web.id}`, `release ${web.id}`]);
  await node.stop();
});

test("a task on its node's network, or on none, asks for nothing", async () => {
  const networks = new FakeNetworks();
  const node = await boot({ networks });
  const tasks = ["host", "none"].map((target) =>
    task({ spec: { networks: [newNetworkAttachmentConfig({ target })] } }),
  );
  assign(node, ...tasks);
  await node.env.advance(0);
  assert.deepEqual(
    tasks.map(({ id }) => last(node, id).state),
    ["running", "running"],
  );
  assert.deepEqual(networks.calls, []);
  await node.stop();
});

test("a network that cannot be had is tried for a while, with its reason, and then the task is rejected", async () => {
  const networks = new FakeNetworks();
  networks.refuse = Array.from({ length: 8 }, () => "network web: no address");
  const node = await boot({ networks });
  const web = onNetwork();
  assign(node, web);
  await node.env.advance(10);
  assert.match(last(node, web.id).message, /try 1 of 6 to create failed/);
  assert.equal(last(node, web.id).err, "network web: no address");
  await node.env.advance(60_000);
  assert.deepEqual([last(node, web.id).state, last(node, web.id).err], ["rejected", "network web: no address"]);
  assert.equal(networks.calls.at(-1), `release ${web.id}`, "what was half made goes");
  await node.stop();
});

test("a task that was given no address says so, and a rejected image gives its namespace back", async () => {
  const networks = new FakeNetworks();
  const node = await boot({ networks });
  const [homeless, missing] = [{ ...onNetwork(), attachments: [] }, onNetwork({ image: "hollow/missing" })];
  assign(node, homeless, missing);
  await node.env.advance(60_000);
  assert.match(last(node, homeless.id).err, /network net: the task was given no address on it/);
  assert.equal(last(node, missing.id).state, "rejected");
  assert.deepEqual(networks.calls, [`prepare ${missing.id}`, `release ${missing.id}`]);
  await node.stop();
});

test("a restarted agent adopts the namespaces of what lives, and of nothing else", async () => {
  const first = await boot();
  const [lives, ends, waits] = [onNetwork(), onNetwork({ image: "hollow/exit:0" }), onNetwork({ desired: "ready" })];
  assign(first, lives, ends, waits);
  await first.env.advance(0);
  await first.stop();
  const networks = new FakeNetworks();
  const second = await boot({ ...first, networks });
  assert.deepEqual(networks.calls.sort(), [`adopt ${lives.id} running`, `adopt ${waits.id}`].sort());
  assign(second, { ...lives, desiredState: "shutdown" });
  await second.env.advance(0);
  assert.equal(networks.calls.at(-1), `release ${lives.id}`);
  await second.stop();
});

for (const [name, init, waitsMs] of [
  ["until managers say that no new connection comes", { inSession: true }, 300],
  ["two seconds at most", { inSession: true }, 2_000],
  ["not at all without a session", { inSession: false }, 0],
] as const) {
  test(`a running task waits with its stop signal ${name}`, async () => {
    const node = await boot(init);
    const web = onNetwork();
    assign(node, web);
    await node.env.advance(0);
    assign(node, { ...web, desiredState: "shutdown" });
    if (waitsMs === 300) {
      await node.env.advance(299);
      assert.equal(last(node, web.id).state, "running");
      node.manager.drained([web.id]);
      await node.env.advance(0);
    } else if (waitsMs > 0) {
      await node.env.advance(waitsMs - 1);
      assert.equal(last(node, web.id).state, "running");
      await node.env.advance(1);
    } else await node.env.advance(0);
    assert.equal(last(node, web.id).state, "shutdown");
    await node.stop();
  });
}

test("nobody waits for a task without a network, for one that is removed, or when the session is lost", async () => {
  let inSession = true;
  const node = await boot({
    get inSession() {
      return inSession;
    },
  });
  const [plain, gone, late] = [task(), onNetwork(), onNetwork()];
  assign(node, plain, gone, late);
  await node.env.advance(0);
  assign(node, ...[plain, late].map((each): Task => ({ ...each, desiredState: "shutdown" })));
  node.manager.apply({ complete: false, tasks: [], removed: [gone.id] });
  await node.env.advance(0);
  assert.equal(last(node, plain.id).state, "shutdown");
  assert.equal(last(node, late.id).state, "running");
  assert.deepEqual([...node.host.containers.keys()], [late.id]);
  inSession = false;
  node.manager.sessionEnded();
  await node.env.advance(0);
  assert.equal(last(node, late.id).state, "shutdown");
  await node.stop();
});
