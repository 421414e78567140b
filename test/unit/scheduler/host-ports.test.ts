// Ports in mode host: one task per port and node, and what is left open is chosen on the node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseHostPorts, HostPorts } from "../../../manager/scheduler/host-ports.ts";
import { type Decision, Planner } from "../../../manager/scheduler/planner.ts";
import {
  newNode,
  newNodeSpec,
  newNodeStatus,
  newPortConfig,
  newService,
  newTask,
  newTaskStatus,
  type PortConfig,
  type Task,
} from "../../../proto/gen/objects.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";

const port = (publishedPort: number, more: Partial<PortConfig> = {}): PortConfig =>
  newPortConfig({ targetPort: 80, publishedPort, publishMode: "host", ...more });

const task = (id: string, service: string, ports: readonly PortConfig[], more: Partial<Task> = {}): Task =>
  newTask({
    id: id as TaskId,
    serviceId: service as ServiceId,
    specVersion: 1,
    desiredState: "running",
    status: newTaskStatus({ state: "pending" }),
    ports,
    ...more,
  });

function planner(nodes: readonly string[], tasks: readonly Task[]): Planner {
  const made = new Planner();
  for (const id of nodes) {
    made.setNode(newNode({ id: id as NodeId, spec: newNodeSpec(), status: newNodeStatus({ state: "ready" }) }));
  }
  for (const each of tasks) made.setTask(each);
  return made;
}

const places = (decisions: readonly Decision[]): string[] =>
  decisions.flatMap((one) => (one.kind === "place" ? [`${one.task}@${one.node}`] : [])).sort();
const words = (decisions: readonly Decision[]): string[] => [
  ...new Set(decisions.flatMap((one) => (one.kind === "explain" ? [one.err] : []))),
];

test("one task per node has a port; the others say why they wait", () => {
  const made = planner(
    ["n1", "n2"],
    ["a", "b", "c"].map((id) => task(id, "web", [port(80)])),
  );
  const decisions = made.decide(100, 0);
  assert.equal(places(decisions).length, 2);
  assert.equal(new Set(places(decisions).map((text) => text.split("@")[1])).size, 2);
  assert.deepEqual(words(decisions), ["no suitable node (host-mode port already in use on 2 nodes)"]);
});

test("another service's port counts, and so does that of a task which is being stopped", () => {
  const stopping = task("old", "own", [port(80)], {
    nodeId: "n1" as NodeId,
    desiredState: "shutdown",
    status: newTaskStatus({ state: "running" }),
  });
  const made = planner(["n1"], [stopping, task("a", "web", [port(80)])]);
  assert.deepEqual(words(made.decide(100, 0)), ["no suitable node (host-mode port already in use on 1 node)"]);
  made.setTask({ ...stopping, status: newTaskStatus({ state: "shutdown" }) });
  assert.deepEqual(places(made.decide(100, 0)), ["a@n1"]);
});

test("what does not meet shares a node: other protocols, other addresses, ports left open", () => {
  const made = planner(
    ["n1"],
    [
      task("a", "s1", [port(80)]),
      task("b", "s2", [port(80, { protocol: "udp" })]),
      task("c", "s3", [port(81, { hostIp: "10.0.0.1" })]),
      task("d", "s4", [port(81, { hostIp: "10.0.0.2" })]),
      task("e", "s5", [port(0)]),
      task("f", "s5", [port(0)]),
    ],
  );
  assert.equal(places(made.decide(100, 0)).length, 6);
});

test("a port that was chosen on a node is in use there", () => {
  const made = planner(["n1"], [task("a", "s1", [port(0)])]);
  assert.deepEqual(places(made.decide(100, 0)), ["a@n1"]);
  made.setTask(
    task("a", "s1", [port(40_000)], { nodeId: "n1" as NodeId, status: newTaskStatus({ state: "assigned" }) }),
  );
  made.setTask(task("b", "s2", [port(40_000)]));
  assert.deepEqual(places(made.decide(100, 0)), []);
  made.removeTask("a" as TaskId);
  assert.deepEqual(places(made.decide(100, 0)), ["b@n1"]);
});

test("HostPorts: what was added once is gone with one removal", () => {
  const held = new HostPorts();
  held.add([port(80, { hostIp: "10.0.0.1" }), port(80, { hostIp: "10.0.0.2" }), port(0)]);
  assert.equal(held.isFree(port(80)), false);
  assert.equal(held.isFree(port(80, { hostIp: "10.0.0.3" })), true);
  held.remove([port(80, { hostIp: "10.0.0.1" })]);
  assert.equal(held.isFree(port(80, { hostIp: "10.0.0.1" })), true);
  assert.equal(held.isFree(port(80, { hostIp: "10.0.0.2" })), false);
});

test("ports left open: each another, none that is in use on the node, published, or the node's own", () => {
  const LAST = 60_999;
  // All but two of the range are taken: one by a service, one by the node's daemon, the others by tasks of the node.
  const own = newNode({ id: "n1" as NodeId, addr: `10.0.0.1:${LAST - 3}` });
  const others = Array.from({ length: LAST - 32_768 - 3 }, (_, i) => port(32_768 + i));
  const busy = task("busy", "own", others, { status: newTaskStatus({ state: "running" }) });
  const dead = task("dead", "own", [port(LAST)], { status: newTaskStatus({ state: "shutdown" }) });
  const view = {
    tasksOfNode: () => [busy, dead],
    servicesOnPort: (_protocol: string, number: number) => (number === LAST - 1 ? [newService()] : []),
    cluster: () => undefined,
  };
  const wish = task("a", "web", [port(443), port(0), port(0)]);
  const chosen = chooseHostPorts(view, wish, own, seededRandom(1)).map((one) => one.publishedPort);
  assert.deepEqual(chosen.sort(), [443, LAST - 2, LAST].sort());
  assert.throws(
    () => chooseHostPorts(view, task("b", "web", [port(0), port(0), port(0)]), own, seededRandom(1)),
    /every tcp port from 32768 to 60999 is in use on node n1/,
  );
  assert.equal(chooseHostPorts(view, task("c", "web", [port(80)]), own, seededRandom(1))[0]?.publishedPort, 80);
});
