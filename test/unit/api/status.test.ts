import assert from "node:assert/strict";
import { test } from "node:test";
import {
  agoText,
  linkProblems,
  managerProblems,
  nodeProblems,
  serviceProblems,
} from "../../../manager/api/problems.ts";
import type { RaftStatus } from "../../../manager/raft/raft-node.ts";
import { newCreateServiceRequest, newStatusRequest } from "../../../proto/gen/control.ts";
import {
  newContainerStatus,
  newIPAMConfig,
  newMeta,
  newNetwork,
  newNetworkSpec,
  newNodeDescription,
  newNodeSpec,
  newService,
  newTask,
  newTaskStatus,
  newUpdateStatus,
  type Task,
  type TaskState,
  type TaskStatus,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { type NetworkId, newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { memoryMember } from "../../support/memory-raft.ts";
import { context, createTestApi, nodeIdOf, serviceSpec, testNode } from "../../support/test-api.ts";
import { createTestStore } from "../../support/test-store.ts";

const random = seededRandom(9);
const NOW = 1_700_000_100_000;

const raftStatus = (members: number, answering: number, change: Partial<RaftStatus> = {}): RaftStatus => ({
  raftId: 1,
  term: 3,
  state: "leader",
  leaderId: 1,
  commitIndex: 10,
  appliedIndex: 10,
  members: Array.from({ length: members }, (_, index) => memoryMember(index)),
  progress: new Map(
    Array.from({ length: members - 1 }, (_, i) => [i + 2, { matchIndex: 7, active: i + 2 <= answering }] as const),
  ),
  ...change,
});

const managerCases: readonly (readonly [name: string, status: RaftStatus, want: readonly RegExp[]])[] = [
  ["one manager", raftStatus(1, 1), []],
  ["three that answer", raftStatus(3, 3), []],
  [
    "two",
    raftStatus(2, 2),
    [
      /one more failure loses quorum: 2 of 2 managers answer, 2 are needed; add a manager/,
      /2 managers survive no more failures than 1 would/,
    ],
  ],
  [
    "two of three",
    raftStatus(3, 2),
    [/manager host3 \(10\.0\.0\.3:7377\) does not answer/, /one more failure loses quorum: 2 of 3/],
  ],
  ["four", raftStatus(4, 4), [/4 managers survive no more failures than 3/]],
  ["four of five", raftStatus(5, 4), [/host5/]],
  ["one of three", raftStatus(3, 1), [/host2/, /host3/, /no quorum: 1 of 3/]],
  [
    "no leader",
    raftStatus(3, 1, { state: "follower", leaderId: 0, progress: new Map() }),
    [/there is no leader: nothing can be changed until 2 of 3/],
  ],
  [
    "a leader out of reach",
    raftStatus(3, 1, { state: "follower", leaderId: 2, progress: new Map() }),
    [/the leader does not answer/],
  ],
  [
    "a learner",
    raftStatus(2, 2, { members: [memoryMember(0), { ...memoryMember(1), voter: false }] }),
    [/host2.*catching up/],
  ],
  [
    "a disk that hangs",
    raftStatus(3, 3, {
      progress: new Map([
        [2, { matchIndex: 7, active: true }],
        [3, { matchIndex: 7, active: true, diskOverdue: true }],
      ]),
    }),
    [/the disk of manager host3 \(10\.0\.0\.3:7377\) hangs/, /one more failure loses quorum: 2 of 3/],
  ],
  ["a broken disk", raftStatus(1, 1, { fault: "no space left" }), [/stands aside: no space left/]],
];
for (const [name, status, want] of managerCases) {
  test(`problems of managers: ${name}`, () => {
    const problems = managerProblems(status, (id) => id.replace(/^node(\d).*/, "host$1"));
    assert.equal(problems.length, want.length, problems.join("\n"));
    for (const [i, pattern] of want.entries()) assert.match(problems[i] ?? "", pattern);
  });
}

test("problems of nodes", () => {
  const down = testNode(2, { state: "down" });
  const status = down.status && { ...down.status, message: "heartbeats missed", changedAtMs: NOW - 12_000 };
  assert.deepEqual(nodeProblems([testNode(1), { ...down, status }], NOW), [
    "node host2 is down for 12 s: heartbeats missed",
  ]);
  const drained = { ...testNode(1), spec: newNodeSpec({ availability: "drain" }) };
  assert.match(nodeProblems([drained], NOW).join(), /no node takes tasks/);
  assert.deepEqual(nodeProblems([], NOW), []);
});

const web = newService({ id: newId<ServiceId>(random), spec: serviceSpec("web"), specVersion: 1 });
interface Row {
  readonly slot: number;
  readonly state: TaskState;
  readonly desired?: TaskState;
  readonly node?: number;
  readonly atMs?: number;
  readonly status?: Partial<TaskStatus>;
}
const taskOf = ({ slot, state, desired = "running", node = 1, atMs = NOW, status = {} }: Row): Task =>
  newTask({
    id: newId<TaskId>(random),
    meta: newMeta({ createdAtMs: atMs, createdVersion: atMs }),
    serviceId: web.id,
    serviceName: "web",
    specVersion: 1,
    slot,
    desiredState: desired,
    ...(node === 0 ? {} : { nodeId: nodeIdOf(node) }),
    status: newTaskStatus({ state, timestampMs: atMs, ...status }),
  });

const serviceCases: readonly (readonly [name: string, tasks: readonly Row[], want: readonly RegExp[]])[] = [
  [
    "all run",
    [
      { slot: 1, state: "running" },
      { slot: 2, state: "running" },
    ],
    [],
  ],
  [
    "on their way",
    [
      { slot: 1, state: "preparing" },
      { slot: 2, state: "pending", node: 0 },
    ],
    [],
  ],
  [
    "cannot be placed",
    [1, 2, 3].map((slot) => ({
      slot,
      state: "pending" as const,
      node: 0,
      status: { err: slot === 3 ? "no suitable node (A)" : "no suitable node (B)" },
    })),
    [/^2 tasks cannot be placed: no suitable node \(B\)/, /^1 task cannot be placed: no suitable node \(A\)/],
  ],
  [
    "no address",
    [{ slot: 1, state: "new", node: 0, status: { err: "network web is full: 253 of 253 in use" } }],
    [/^1 task cannot have an address: network web is full: 253 of 253 in use$/],
  ],
  ["a silent node", [{ slot: 1, state: "running", node: 2 }], [/1 task last seen running on host2, which is down/]],
  [
    "fails again and again",
    [
      { slot: 1, state: "failed", desired: "shutdown", atMs: NOW - 20, status: { err: "task: non-zero exit (1)" } },
      {
        slot: 1,
        state: "failed",
        desired: "shutdown",
        atMs: NOW - 10,
        status: { err: "task: non-zero exit (7)", containerStatus: newContainerStatus({ exitCode: 7 }) },
      },
      { slot: 1, state: "ready", desired: "ready" },
    ],
    [/^web\.1 failed 2 times, last on host1: task: non-zero exit \(7\)/],
  ],
  [
    "several fail for the same reason, one for another",
    [1, 2, 3, 4, 5, 5].map((slot, i) => ({
      slot,
      state: "failed" as const,
      desired: "shutdown" as const,
      node: i % 2 === 0 ? 1 : 2,
      atMs: NOW - 20 + i,
      status: { err: slot === 3 ? "task: non-zero exit (7)" : "task: non-zero exit (1)" },
    })),
    [
      /^web\.1, web\.2, web\.4 and 1 more failed, 5 times in all, on 2 nodes: task: non-zero exit \(1\)$/,
      /^web\.3 failed on host1: task: non-zero exit \(7\)$/,
    ],
  ],
  [
    "of a global service",
    [1, 2].map((node) => ({
      slot: 0,
      state: "failed" as const,
      desired: "shutdown" as const,
      node,
      status: { err: "task: non-zero exit (1)" },
    })),
    [/^2 tasks failed on 2 nodes: task: non-zero exit \(1\)$/],
  ],
  [
    "of a global service, on one node, on another slow",
    [
      { slot: 0, state: "failed", desired: "shutdown", node: 1, status: { err: "task: non-zero exit (1)" } },
      { slot: 0, state: "preparing", node: 2, atMs: NOW - 42_000 },
    ],
    [/^its task failed on host1: task: non-zero exit \(1\)$/, /^its task has been preparing for 42 s on host2$/],
  ],
  [
    "failed once and runs now",
    [
      { slot: 1, state: "failed", desired: "shutdown", atMs: NOW - 10 },
      { slot: 1, state: "running" },
    ],
    [],
  ],
  [
    "failed and gave up",
    [{ slot: 1, state: "rejected", desired: "running", status: { err: "no such image" } }],
    [/^web\.1 failed on host1: no such image/],
  ],
  ["slow", [{ slot: 2, state: "preparing", atMs: NOW - 42_000 }], [/^web\.2 has been preparing for 42 s on host1/]],
  ["waits for its turn", [{ slot: 2, state: "ready", desired: "ready", atMs: NOW - 42_000 }], []],
];
for (const [name, rows, want] of serviceCases) {
  test(`problems of a service: ${name}`, async () => {
    const { store, env, close } = await createTestStore();
    await store.update((tx) => {
      tx.put("node", testNode(1));
      tx.put("node", testNode(2, { state: "down" }));
      return undefined;
    });
    // One by one, so that each was made at its own time.
    for (const row of rows) {
      await env.advance(1);
      await store.update((tx) => tx.put("task", { ...taskOf(row), meta: undefined }));
    }
    const problems = store.view((view) => serviceProblems(view, web, NOW));
    assert.equal(problems.length, want.length, problems.join("\n"));
    for (const [i, pattern] of want.entries()) assert.match(problems[i] ?? "", pattern);
    close();
  });
}

test("problems of a service: many failures are summed up, a paused update comes first", async () => {
  const { store, close } = await createTestStore();
  await store.update((tx) => {
    for (let slot = 1; slot <= 8; slot++) {
      tx.put("task", { ...taskOf({ slot, state: "failed", status: { err: `error ${slot}` } }), meta: undefined });
    }
  });
  const paused = { ...web, updateStatus: newUpdateStatus({ state: "paused", message: "task x failed" }) };
  const problems = store.view((view) => serviceProblems(view, paused, NOW));
  assert.equal(problems[0], "the update is paused: task x failed");
  assert.equal(problems.at(-1), "and 3 more tasks failed");
  assert.equal(problems.length, 7);
  close();
});

test("problems of a service: each task is looked at a few times, however many there are", async () => {
  const { store, close } = await createTestStore();
  let looks = 0;
  const counted = (task: Task): Task =>
    Object.defineProperty({ ...task }, "slot", {
      get: () => {
        looks++;
        return task.slot;
      },
    });
  const tasks = Array.from({ length: 1_000 }, (_, slot) =>
    counted(taskOf({ slot: slot + 1, state: slot % 2 === 0 ? "failed" : "pending" })),
  );
  const problems = store.view((view) => serviceProblems({ ...view, tasksOfService: () => tasks }, web, NOW));
  assert.match(problems.join(), /web\.1, web\.3, web\.5 and 497 more failed/);
  assert.ok(looks < 10 * tasks.length, `${looks} looks`);
  close();
});

for (const [mtu, want] of [
  [1_500, []],
  [1_280, [/^the link of host1 .* 1280 bytes, too small for IPv6 on web: .*IPv4 alone until it carries 1330/]],
  [
    1_279,
    [
      /^the link of host1 for overlay networks carries packets of 1279 bytes, and 1280 is the least: .*--data-path-addr/,
    ],
  ],
] as const) {
  test(`problems of links: one that carries ${mtu} bytes`, async () => {
    const { store, close } = await createTestStore();
    await store.update((tx) => {
      tx.put("node", { ...testNode(1), description: newNodeDescription({ hostname: "host1", dataPathMtu: mtu }) });
      const ipam = ["10.0.1.0/24", "fd00:1::/64"].map((subnet) => newIPAMConfig({ subnet }));
      tx.put("network", newNetwork({ id: newId<NetworkId>(random), spec: newNetworkSpec({ name: "web" }), ipam }));
    });
    const problems = store.view(linkProblems);
    assert.equal(problems.length, want.length);
    for (const [i, pattern] of want.entries()) assert.match(problems[i] ?? "", pattern);
    close();
  });
}

test("agoText", () => {
  for (const [ms, want] of [
    [0, "0 s"],
    [-5, "0 s"],
    [119_000, "119 s"],
    [120_000, "2 min"],
    [7_200_000, "2 h"],
    [200_000_000, "2 days"],
  ] as const) {
    assert.equal(agoText(ms), want);
  }
});

test("status: the whole screen", async () => {
  const { api, raft, env, close } = await createTestApi({ managers: 3 });
  await api.createService(newCreateServiceRequest({ spec: serviceSpec("web"), noResolveImage: true }), context());
  raft.nodes[1]?.isolate();
  const screen = await api.status(newStatusRequest(), context());
  assert.equal(screen.cluster?.rootCa?.caKey.length, 0);
  assert.deepEqual([screen.quorum, screen.failuresTolerated], [2, 0]);
  assert.deepEqual(
    screen.managers.map(({ hostname, leader, reachability }) => [hostname, leader, reachability]),
    [
      ["host1", true, "reachable"],
      ["host2", false, "unreachable"],
      ["host3", false, "reachable"],
    ],
  );
  assert.equal(screen.services[0]?.status?.desiredTasks, 2);
  assert.equal(screen.nodes.length, 3);
  assert.match(screen.problems.join("\n"), /host2.*does not answer/);
  assert.ok(screen.raftIndex > 0 && screen.raftTerm > 0);
  await env.breathe();
  const again = await api.status(newStatusRequest(), context());
  assert.ok(again.lastEvents.some(({ type, action }) => type === "service" && action === "create"));
  close();
});
