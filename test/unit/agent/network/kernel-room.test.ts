// The network room over a kernel that is only written down, in simulated time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reconciled } from "../../../../agent/network/apply/network-node.ts";
import { openKernelNetworkRoom } from "../../../../agent/network/kernel-room.ts";
import type { Difference } from "../../../../agent/network/plan/differences.ts";
import type { NodeInput } from "../../../../agent/network/plan/input.ts";
import type { NetworkRoom, TaskPlace } from "../../../../agent/network/room.ts";
import type { NetworkViews } from "../../../../agent/network/view.ts";
import { memoryViewFiles } from "../../../../agent/network/view-files.ts";
import {
  type NetworkUpdate,
  newNetworkEndpoint,
  newNetworkSnapshot,
  newNetworkUpdate,
  newOverlayNetwork,
} from "../../../../proto/gen/network.ts";
import { createSimEnv, type SimEnv } from "../../../../shared/env/sim-env.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { silentLog } from "../../../../shared/log.ts";
import type { NetworkId, NodeId, TaskId } from "../../../../shared/model/ids.ts";
import { newTaskId } from "../fixtures.ts";

const WEB = "webnet" as NetworkId;
const BACK = "backnet" as NetworkId;
const never = new AbortController().signal;

const snapshot = (version: number, networkId = WEB): NetworkUpdate =>
  newNetworkUpdate({
    update: { kind: "snapshot", ...newNetworkSnapshot({ version, network: newOverlayNetwork({ networkId }) }) },
  });
const delta = (version: number, appliesTo: number): NetworkUpdate => {
  const endpoints = [newNetworkEndpoint({ taskId: newTaskId() })];
  const none = { nodes: [], removedNodeIds: [], services: [], removedServiceIds: [], removedTaskIds: [] };
  return newNetworkUpdate({
    update: { kind: "delta", networkId: WEB, version, appliesTo, network: undefined, ...none, endpoints },
  });
};
const place = (networks: readonly NetworkId[] = [], taskId = newTaskId()): TaskPlace => ({
  taskId,
  attachments: networks.map((networkId) => ({ networkId, addresses: ["10.0.9.3"] })),
  ports: [],
  nameservers: [],
});

/** Takes 10 ms; a task on a network without a view is not ready. */
class FakeKernel {
  readonly wishes: NodeInput[] = [];
  localAddresses: ReadonlyMap<TaskId, readonly string[]> = new Map();
  doubts = 0;
  failures: SkepError[] = [];
  /** For these the kernel refuses something. */
  without: readonly string[] = [];
  readonly broken = new Set<TaskId>();
  found: Difference[] = [];
  hasStaleFlows = false;
  /** When they were asked to be ended. */
  readonly flowsEndedAtMs: number[] = [];
  #busy = false;
  readonly #env: SimEnv;

  constructor(env: SimEnv) {
    this.#env = env;
  }

  doubt(): void {
    this.doubts++;
  }

  async check(_wish: NodeInput, signal: AbortSignal): Promise<readonly Difference[]> {
    await this.#alone(signal);
    return this.found;
  }

  async endStaleFlows(signal: AbortSignal): Promise<void> {
    this.flowsEndedAtMs.push(this.#env.nowMs());
    await this.#alone(signal);
  }

  async #alone(signal: AbortSignal): Promise<void> {
    assert.ok(!this.#busy, "calls do not overlap");
    this.#busy = true;
    await this.#env.sleep(10, signal).finally(() => {
      this.#busy = false;
    });
  }

  async reconcile(wish: NodeInput, signal: AbortSignal): Promise<Reconciled> {
    this.wishes.push(wish);
    await this.#alone(signal);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.localAddresses = new Map([...wish.tasks.keys()].map((id, i) => [id, [`172.29.0.${i + 2}`]]));
    const unready = [...wish.tasks.values()].filter((task) =>
      task.attachments.some(({ networkId }) => !wish.views.has(networkId)),
    );
    return {
      steps: 1,
      unready: new Map(unready.map(({ taskId }) => [taskId, "network x: not described yet"])),
      failed: new Map(
        [...wish.tasks.keys()].filter((id) => this.broken.has(id)).map((id) => [id, `refused for ${id}`]),
      ),
      without: this.without,
    };
  }
}

interface Setup {
  /** Time goes by, and all that needs no time has happened before and after. */
  readonly pass: (ms: number) => Promise<void>;
  readonly kernel: FakeKernel;
  readonly room: NetworkRoom;
  readonly told: string[];
  readonly stop: () => Promise<void>;
}

async function setup(
  init: { views?: NetworkViews; adopt?: readonly TaskPlace[]; pid?: number; port?: () => number } = {},
) {
  const env = createSimEnv(1);
  const kernel = new FakeKernel(env);
  const told: string[] = [];
  const port = init.port ?? (() => 7353);
  const room = await openKernelNetworkRoom({
    env,
    log: silentLog,
    nodeId: "n1" as NodeId,
    kernel,
    keepNamespace: async (taskId, pid) => void told.push(`kept ${taskId} ${pid}`),
    names: {
      get port() {
        return port();
      },
      swap: ({ views }) => void told.push(`names of ${[...views.values()].map(({ version }) => version).join()}`),
      listen: async () => true,
      clear: () => void told.push("nobody asked"),
    },
    files: {
      ...memoryViewFiles(init.views),
      save: async (views) => void told.push(`saved ${[...views.values()].map(({ version }) => version).join()}`),
      clear: async () => void told.push("forgotten"),
    },
    tunnels: {
      description: { tunnelKeys: [], tunnelProblem: "" },
      wantEpoch: () => undefined,
      wantNetworks: () => undefined,
      run: async () => undefined,
      clear: async () => void told.push("no tunnels"),
    },
    prober: { run: () => assert.fail("nobody tests anything") },
    localSubnets: [],
    callbacks: {
      onApplied: (id, version) => void told.push(`applied ${id} ${version}`),
      onResync: (id) => void told.push(`resync ${id}`),
      onDescription: () => undefined,
      underlayMtu: () => 1500,
    },
  });
  const abort = new AbortController();
  const done = room.run(abort.signal);
  if (init.adopt !== undefined) room.adopt(init.adopt.map((place) => ({ place, pid: init.pid })));
  const stop = async (): Promise<void> => {
    abort.abort(new SkepError("canceled", "stop"));
    await done;
    assert.equal(env.pendingTimers(), 0, "no timer stays behind");
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) await env.advance(0);
  };
  const pass = async (ms: number): Promise<void> => {
    await settle();
    await env.advance(ms);
    await settle();
  };
  return { pass, kernel, room, told, stop } satisfies Setup;
}

/** What was told since the last call. */
const said = ({ told }: Setup): string[] => told.splice(0);

test("nothing is changed before the tasks of an earlier life are known", async () => {
  const t = await setup();
  t.room.sessionBegins();
  t.room.update(snapshot(1));
  await t.pass(10_000);
  assert.equal(t.kernel.wishes.length, 0);
  const old = place([WEB]);
  t.room.adopt([{ place: old, pid: undefined }]);
  await t.pass(10);
  assert.deepEqual(
    t.kernel.wishes.map(({ tasks, views }) => [[...tasks.keys()], views.size]),
    [[[old.taskId], 1]],
  );
  await t.stop();
});

test("before the first run the namespaces of running containers have their names", async () => {
  const old = place();
  const t = await setup({ adopt: [old], pid: 77 });
  await t.pass(10);
  assert.deepEqual(said(t), [`kept ${old.taskId} 77`, "saved ", "names of "]);
  await t.stop();
});

test("a version is remembered, then made, then answered from, then acknowledged; once in a session", async () => {
  const t = await setup({ adopt: [] });
  await t.pass(10);
  said(t);
  t.room.sessionBegins();
  t.room.update(snapshot(4));
  await t.pass(10);
  assert.deepEqual(said(t), ["saved 4", "names of 4", "applied webnet 4"]);
  t.room.update(delta(5, 4));
  t.room.update(delta(5, 4));
  await t.pass(10);
  assert.deepEqual(said(t), ["saved 5", "names of 5", "applied webnet 5"]);
  t.room.sessionBegins();
  t.room.update(snapshot(5));
  await t.pass(10);
  assert.deepEqual(said(t).at(-1), "applied webnet 5", "each session hears it");
  await t.stop();
});

test("a delta that does not fit asks for the whole, once", async () => {
  const t = await setup({ adopt: [] });
  t.room.sessionBegins();
  t.room.update(snapshot(4));
  await t.pass(20);
  said(t);
  t.room.update(delta(9, 8));
  t.room.update(delta(10, 9));
  t.room.update(newNetworkUpdate());
  await t.pass(20);
  assert.deepEqual(said(t), ["resync webnet"]);
  t.room.update(snapshot(10));
  await t.pass(20);
  assert.equal(said(t).at(-1), "applied webnet 10");
  await t.stop();
});

test("what an earlier life remembered counts until a session is complete without it", async () => {
  const first = await setup({ adopt: [] });
  first.room.sessionBegins();
  first.room.update(snapshot(4));
  first.room.update(snapshot(7, BACK));
  const { views } = first.room;
  await first.pass(20);
  await first.stop();
  const t = await setup({ adopt: [], views });
  await t.pass(10);
  assert.deepEqual(said(t), ["saved 4,7", "names of 4,7"], "nobody is told of what nobody asked");
  t.room.sessionBegins();
  t.room.update(snapshot(7, BACK));
  t.room.sessionComplete();
  await t.pass(10);
  assert.deepEqual(said(t), ["saved 7", "names of 7", "applied backnet 7"]);
  await t.stop();
});

test("tasks that come together are made in one run, and all that comes meanwhile in the next", async () => {
  const t = await setup({ adopt: [] });
  await t.pass(10);
  const ten = Array.from({ length: 10 }, () => place());
  const made = ten.map((each) => t.room.prepare(each, never));
  await t.pass(5);
  const late = [place(), place()];
  made.push(...late.map((each) => t.room.prepare(each, never)));
  for (let turn = 0; turn < 4; turn++) await t.pass(10);
  const [first] = await Promise.all(made);
  assert.deepEqual(
    t.kernel.wishes.map(({ tasks }) => tasks.size),
    [0, 10, 12],
  );
  assert.deepEqual(first, { path: `/run/netns/skt-${ten[0]?.taskId}`, addresses: ["172.29.0.2"] });
  const released = t.room.release(ten[0]?.taskId ?? newTaskId(), never);
  await t.pass(10);
  await released;
  assert.equal(t.kernel.wishes.at(-1)?.tasks.size, 11);
  await t.stop();
});

test("what the kernel refuses for one task is that task's: others go on, managers wait, and it is tried again", async () => {
  const t = await setup({ adopt: [] });
  await t.pass(10);
  t.room.sessionBegins();
  t.room.update(snapshot(4));
  const bad = place();
  t.kernel.broken.add(bad.taskId);
  const refused = rejection(t.room.prepare(bad, never));
  const good = t.room.prepare(place(), never);
  await t.pass(10);
  await good;
  const error = await refused;
  assert.equal(error.code, "unavailable");
  assert.equal(error.message, `refused for ${bad.taskId}`);
  assert.match(t.room.problem, /not as it should be: refused for/);
  assert.ok(!said(t).includes("applied webnet 4"), "rules of that task may still be the old ones");
  t.kernel.broken.clear();
  for (let turn = 0; turn < 3; turn++) await t.pass(300);
  assert.equal(t.room.problem, "");
  assert.ok(said(t).includes("applied webnet 4"));
  await t.stop();
});

const rejection = (promise: Promise<unknown>): Promise<SkepError> =>
  promise.then(
    () => assert.fail("should be refused"),
    (error: unknown) => SkepError.from(error),
  );

test("what a node goes without is said, and keeps no task and no word to managers back", async () => {
  const t = await setup({ adopt: [] });
  await t.pass(10);
  t.room.sessionBegins();
  t.room.update(snapshot(4));
  t.kernel.without = ["the kernel refuses some of IPv6: putFact address fd00::7/64 dev eth0: refused (EINVAL)"];
  const ready = t.room.prepare(place(), never);
  await t.pass(20);
  await ready;
  assert.match(t.room.problem, /some of IPv6.*fd00::7/);
  assert.ok(said(t).includes("applied webnet 4"));
  t.kernel.without = [];
  for (let turn = 0; turn < 4; turn++) await t.pass(30_000);
  assert.equal(t.room.problem, "");
  await t.stop();
});

test("a task waits a little for its network to be described, and is then told what is missing", async () => {
  const t = await setup({ adopt: [] });
  t.room.sessionBegins();
  const soon = t.room.prepare(place([WEB]), never);
  const lost = place([BACK]);
  const refused = rejection(t.room.prepare(lost, never));
  await t.pass(1_000);
  t.room.update(snapshot(1));
  await t.pass(10);
  assert.equal((await soon).addresses[0], "10.0.9.3");
  await t.pass(2_000);
  const { code, message } = await refused;
  assert.deepEqual([code, message], ["unavailable", "network x: not described yet"]);
  // It stays wanted: once described it is there at once, and released it is wanted no more.
  t.room.update(snapshot(1, BACK));
  await t.pass(20);
  const again = t.room.prepare(lost, never);
  await t.pass(10);
  assert.equal((await again).addresses[0], "10.0.9.3");
  await t.stop();
});

test("whoever waits for a task that is released, or aborts, is told", async () => {
  const t = await setup({ adopt: [] });
  const lost = place([BACK]);
  const refused = rejection(t.room.prepare(lost, never));
  await t.pass(20);
  const released = t.room.release(lost.taskId, never);
  await t.pass(20);
  await released;
  assert.equal((await refused).code, "canceled");
  const abort = new AbortController();
  const aborted = rejection(t.room.prepare(place([BACK]), abort.signal));
  abort.abort(new SkepError("canceled", "the task was told to stop"));
  assert.equal((await aborted).message, "the task was told to stop");
  await t.stop();
});

test("a failure is told, acknowledges nothing, and is tried again from the kernel, more slowly each time", async () => {
  const t = await setup({ adopt: [] });
  await t.pass(10);
  said(t);
  t.kernel.failures = Array.from({ length: 4 }, () => new SkepError("internal", "nft: bang"));
  t.room.sessionBegins();
  t.room.update(snapshot(1));
  const refused = rejection(t.room.prepare(place(), never));
  await t.pass(10);
  const { code, message } = await refused;
  assert.deepEqual([code, message], ["unavailable", "nft: bang"]);
  assert.match(t.room.problem, /nft: bang/);
  assert.deepEqual(said(t), ["saved 1", "names of 1"]);
  const tries: number[] = [];
  for (let ms = 0; ms < 9_000; ms++) {
    const before = t.kernel.wishes.length;
    await t.pass(1);
    if (t.kernel.wishes.length > before) tries.push(ms);
  }
  const pauses = tries.map((ms, i) => ms - (tries[i - 1] ?? 0));
  assert.equal(tries.length, 4);
  for (const [i, least] of [490, 990, 1_990, 3_990].entries()) assert.ok((pauses[i] ?? 0) >= least, pauses.join());
  assert.equal(said(t).at(-1), "applied webnet 1");
  assert.equal(t.room.problem, "");
  assert.equal(t.kernel.doubts, 4);
  await t.stop();
});

test("no name is answered before a first run told who asks", async () => {
  const t = await setup();
  t.kernel.failures = [new SkepError("internal", "nft: bang")];
  t.room.adopt([{ place: place(), pid: undefined }]);
  await t.pass(20);
  assert.deepEqual(said(t), ["saved "]);
  for (let turn = 0; turn < 10; turn++) await t.pass(100);
  assert.deepEqual(said(t), ["saved ", "names of "]);
  await t.stop();
});

test("what a node lacks for good is not called passing", async () => {
  const t = await setup({ adopt: [] });
  t.kernel.failures = [new SkepError("failed_precondition", "the command ip is missing on this node")];
  const refused = rejection(t.room.prepare(place(), never));
  await t.pass(10);
  assert.equal((await refused).code, "failed_precondition");
  await t.stop();
});

test("now and then the kernel is read though nothing happened", async () => {
  const t = await setup({ adopt: [] });
  for (let second = 0; second < 600; second++) await t.pass(1_000);
  assert.ok(t.kernel.doubts >= 7 && t.kernel.doubts <= 13, `${t.kernel.doubts} in ten minutes`);
  await t.stop();
});

test("connections to what is gone are ended a second later, a part of the time, and nothing else is done for it", async () => {
  const t = await setup({ adopt: [] });
  t.room.update(snapshot(3));
  t.kernel.hasStaleFlows = true;
  await t.pass(10);
  const rounds = t.kernel.wishes.length;
  await t.pass(990);
  assert.deepEqual(t.kernel.flowsEndedAtMs, []);
  for (let passed = 0; passed < 500; passed += 10) await t.pass(10);
  const [first = Number.NaN, second = Number.NaN] = t.kernel.flowsEndedAtMs;
  assert.equal(t.kernel.flowsEndedAtMs.length, 3);
  assert.equal(second - first, 210, "10 ms of work, 200 ms of rest");
  t.kernel.hasStaleFlows = false;
  await t.pass(5_000);
  assert.equal(t.kernel.flowsEndedAtMs.length, 3);
  assert.equal(t.kernel.wishes.length, rounds);
  await t.stop();
});

test("a name server that had to take another port is where the rules then lead", async () => {
  let looks = 0;
  const t = await setup({ adopt: [place()], port: () => (looks++ < 2 ? 7353 : 7360) });
  await t.pass(50);
  assert.deepEqual(
    t.kernel.wishes.map(({ dnsPort }) => dnsPort),
    [7353, 7360],
  );
  await t.stop();
});

test("a node that leaves wants nothing, forgets everything and takes nothing new", async () => {
  const t = await setup({ adopt: [place([WEB])] });
  t.room.sessionBegins();
  t.room.update(snapshot(1));
  await t.pass(20);
  said(t);
  const cleared = t.room.clear(never);
  t.room.update(snapshot(2));
  await t.pass(50);
  await cleared;
  const wish = t.kernel.wishes.at(-1);
  assert.deepEqual([wish?.tasks.size, wish?.views.size], [0, 0]);
  assert.ok(said(t).includes("forgotten"));
  assert.equal((await rejection(t.room.prepare(place(), never))).code, "unavailable");
  await t.stop();
});

test("what differs is read between two runs, once for all who ask, and not after the end", async () => {
  const { pass, kernel, room, stop } = await setup({ adopt: [] });
  kernel.found = [{ namespace: "node", message: "the link skvx4098 is missing on this node" }];
  room.update(snapshot(1));
  const answers = [room.check(never), room.check(never)];
  await pass(100);
  for (const answer of answers) assert.deepEqual(await answer, ["the link skvx4098 is missing on this node"]);
  const late = room.check(never);
  const refused = assert.rejects(late, /not looked after|stop/);
  await stop();
  await refused;
});
