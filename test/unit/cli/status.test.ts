import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { statusText, verdictOf } from "../../../cli/render/status.ts";
import { newEvent, newStatusResponse, type StatusResponse } from "../../../proto/gen/control.ts";
import { newCluster, newClusterSpec } from "../../../proto/gen/objects.ts";
import { fastEnv, NOW_MS, skep, startDaemon, startRestartable } from "./harness.ts";
import { node, nodeId, service } from "./objects.ts";

const manager = (n: number, rest: object = {}): StatusResponse["managers"][number] => ({
  id: nodeId(n),
  hostname: `node${n}`,
  addr: `10.0.0.${n}:7377`,
  leader: n === 1,
  reachability: "reachable",
  lag: 0,
  ...rest,
});

const counts = (
  running: number,
  desired: number,
): { runningTasks: number; desiredTasks: number; completedTasks: number; unknownTasks: number } => ({
  runningTasks: running,
  desiredTasks: desired,
  completedTasks: 0,
  unknownTasks: 0,
});

const healthy = newStatusResponse({
  cluster: newCluster({ spec: newClusterSpec({ name: "default" }) }),
  managers: [manager(1), manager(2), manager(3)],
  quorum: 2,
  failuresTolerated: 1,
  nodes: [node(1, "ready", "leader"), node(2, "ready", "reachable"), node(3, "ready", "reachable"), node(4)],
  services: [{ service: service(1, "web"), status: counts(5, 5), problems: [] }],
  raftTerm: 3,
  raftIndex: 120,
});

const degraded = newStatusResponse({
  ...healthy,
  managers: [manager(1), manager(2, { lag: 500 }), manager(3, { reachability: "unreachable" })],
  failuresTolerated: 0,
  nodes: [node(1, "ready", "leader"), node(3, "down", "unreachable")],
  services: [
    { service: service(1, "web"), status: counts(5, 5), problems: [] },
    {
      service: service(2, "api"),
      status: counts(1, 3),
      problems: ["api.2: no suitable node (insufficient resources on 2 nodes)"],
    },
  ],
  problems: ["manager node3 does not answer"],
  lastEvents: [
    newEvent({
      type: "node",
      action: "update",
      id: nodeId(3),
      attributes: { name: "node3", "state.old": "ready", "state.new": "down", message: "heartbeat failure, unplugged" },
      timeMs: NOW_MS,
    }),
  ],
});

const lost = newStatusResponse({
  ...healthy,
  managers: [manager(1), manager(2, { reachability: "unreachable" }), manager(3, { reachability: "unreachable" })],
});

for (const [name, status, want] of [
  ["all well", healthy, "healthy"],
  ["something wrong", degraded, "degraded"],
  ["a service wrong", { ...healthy, services: degraded.services }, "degraded"],
  ["a node down", { ...healthy, nodes: degraded.nodes }, "degraded"],
  ["a manager that does not answer", { ...healthy, managers: degraded.managers }, "degraded"],
  ["too few managers", lost, "no quorum"],
] as const) {
  test(`verdict: ${name}`, () => assert.equal(verdictOf(status), want));
}

test("the screen of a healthy cluster", () =>
  assert.equal(
    statusText(healthy, { columns: 100, colour: false }),
    `HEALTHY  4 of 4 nodes ready, 1 of 1 service well

MANAGERS  3 of 3 reachable, quorum 2, 1 more may fail  (term 3, index 120)
  node1  leader    10.0.0.1:7377
  node2  follower  10.0.0.2:7377
  node3  follower  10.0.0.3:7377

NODES
  node1  ready  active  manager
  node2  ready  active  manager
  node3  ready  active  manager
  node4  ready  active  worker

SERVICES
  web  5/5  ok
`,
  ));

test("the screen of a degraded cluster, on a narrow terminal: what is wrong comes first, with the reason", () =>
  assert.equal(
    statusText(degraded, { columns: 60, colour: false }),
    `DEGRADED  1 of 2 nodes ready, 1 of 2 services well
  ! manager node3 does not answer
  ! service api: api.2: no suitable node (insufficient reso…

MANAGERS  2 of 3 reachable, quorum 2, 0 more may fail  (ter…
  node1  leader       10.0.0.1:7377
  node2  follower     10.0.0.2:7377  500 entries behind
  node3  unreachable  10.0.0.3:7377

NODES
  node3  down   active  manager
  node1  ready  active  manager

SERVICES
  api  1/3  wrong
      api.2: no suitable node (insufficient resources on 2 …
  web  5/5  ok

LAST EVENTS  (UTC)
  22:13:20  node3: ready → down (heartbeat failure, unplugg…
`,
  ));

test("the verdict names every service that is wrong, and where to read more", () => {
  const services = Array.from({ length: 7 }, (_, i) => ({
    service: service(i + 1, `s${i + 1}`),
    status: counts(1, 2),
    problems: i === 0 ? ["s1.1 failed on node4: task: non-zero exit (1)", "else"] : ["is wrong"],
  }));
  const text = statusText({ ...healthy, services }, { columns: 100, colour: false });
  assert.match(
    text,
    /^DEGRADED .*\n {2}! service s1: s1\.1 failed on node4: .* \(and 1 more, below\)\n {2}! service s2: is wrong\n/,
  );
  assert.match(text, /\n {2}! service s5: is wrong\n {2}! and 2 more services, below\n/);
});

test("no service yet: how to make one", () =>
  assert.match(
    statusText({ ...healthy, services: [] }, { columns: 100, colour: false }),
    /none yet: skep service create/,
  ));

test("colours do not move the columns", () => {
  const plain = stripVTControlCharacters(statusText(degraded, { columns: 100, colour: true }));
  assert.equal(plain, statusText(degraded, { columns: 100, colour: false }));
});

for (const [answer, want] of [
  [healthy, 0],
  [degraded, 1],
  [lost, 2],
] as const) {
  test(`skep status ends with ${want} when ${verdictOf(answer)}`, async () => {
    const daemon = await startDaemon({ control: { status: async () => answer } });
    try {
      const { status, out } = await skep(["status"], { socket: daemon.socket });
      assert.equal(status, want);
      assert.ok(out.startsWith(verdictOf(answer).toUpperCase()));
    } finally {
      daemon.close();
    }
  });
}

test("--watch goes on when the daemon has begun anew", async () => {
  const asked = [0, 0];
  const handlers = (n: 0 | 1) => ({
    control: {
      status: async (): Promise<StatusResponse> => {
        asked[n] = (asked[n] ?? 0) + 1;
        return healthy;
      },
    },
  });
  const daemon = await startRestartable(handlers(0));
  const enough = new AbortController();
  let again: Promise<void> | undefined;
  const env = fastEnv((nowMs) => {
    again ??= daemon.restart(handlers(1));
    if (asked[1] === 1 || nowMs > 100_000_000) enough.abort(new Error("seen enough"));
  });
  try {
    const { status } = await skep(["status", "--watch"], { socket: daemon.socket, env, signal: enough.signal });
    await again;
    assert.deepEqual([status, asked], [0, [1, 1]]);
  } finally {
    daemon.close();
  }
});

test("on a terminal that says it has no columns, the screen is as on one of 80", async () => {
  const daemon = await startDaemon({ control: { status: async () => degraded } });
  try {
    const { out } = await skep(["status"], { socket: daemon.socket, isTty: true, columns: 0 });
    assert.equal(out, statusText(degraded, { columns: 80, colour: false }));
  } finally {
    daemon.close();
  }
});

test("status --format: the screen's content as JSON and for templates, with the same exit status", async () => {
  const daemon = await startDaemon({ control: { status: async () => degraded } });
  try {
    const { socket } = daemon;
    const json = await skep(["status", "--format", "json"], { socket });
    const fields = JSON.parse(json.out);
    assert.equal(json.status, 1);
    assert.equal(json.out.split("\n").length, 2, "one line");
    assert.deepEqual(
      [fields.Verdict, fields.Cluster.Quorum, fields.Cluster.FailuresTolerated, fields.Managers.length],
      ["degraded", 2, 0, 3],
    );
    assert.deepEqual(fields.Reasons, [
      "manager node3 does not answer",
      "service api: api.2: no suitable node (insufficient resources on 2 nodes)",
    ]);
    assert.deepEqual(fields.Services[1], {
      ID: service(2, "api").id,
      Name: "api",
      Mode: "replicated",
      RunningTasks: 1,
      DesiredTasks: 3,
      CompletedTasks: 0,
      UnknownTasks: 0,
      Problems: ["api.2: no suitable node (insufficient resources on 2 nodes)"],
    });
    assert.deepEqual(
      [fields.Nodes[1].Hostname, fields.Nodes[1].State, fields.Nodes[1].Role, fields.LastEvents[0].Type],
      ["node3", "down", "manager", "node"],
    );
    const template = await skep(["status", "--format", "{{.Verdict}}: {{len .Problems}}"], { socket });
    assert.deepEqual([template.status, template.out], [1, "degraded: 1\n"]);
    assert.equal((await skep(["status", "--format", "{{.Verdict"], { socket })).status, 2);
  } finally {
    daemon.close();
  }
});
