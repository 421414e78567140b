import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Networks } from "../../../../manager/dispatcher/network/networks.ts";
import type { Change } from "../../../../manager/store/types.ts";
import {
  type NodeState,
  newCluster,
  newClusterSpec,
  newNetworkingConfig,
  newPortConfig,
  newPortStatus,
  newTask,
  newTaskStatus,
  type TaskState,
} from "../../../../proto/gen/objects.ts";
import type { ClusterId } from "../../../../shared/model/ids.ts";
import {
  commit,
  network,
  networkId,
  node,
  nodeId,
  put,
  remove,
  service,
  short,
  task,
  taskId,
  viewOf,
} from "./fixtures.ts";

const BASE = {
  networks: [network("net1"), network("net2")],
  nodes: [node("n1"), node("n2"), node("n3")],
  services: [service("web", ["net1"], ["www"])],
};

const states = (networks: Networks, id = "net1"): string =>
  [...(networks.table(networkId(id))?.endpoints.values() ?? [])]
    .map(({ taskId: key, nodeId: on, state }) => `${short(key)}@${short(on)} ${state}`)
    .sort()
    .join(", ");
const nodes = (networks: Networks, id = "net1"): string =>
  [...(networks.table(networkId(id))?.nodes.keys() ?? [])].map(short).sort().join();
const told = (networks: Networks, version: number, ...changes: Change[]): string[] => {
  const result = networks.apply(commit(version, ...changes));
  return [...result.networks].map(short);
};

describe("a task's endpoint", () => {
  const cases: readonly (readonly [state: TaskState, desired: TaskState, want: string])[] = [
    ["new", "running", ""],
    ["pending", "running", ""],
    ["assigned", "running", "a@n1 starting"],
    ["preparing", "ready", "a@n1 starting"],
    ["starting", "running", "a@n1 starting"],
    ["running", "running", "a@n1 ready"],
    ["running", "shutdown", "a@n1 draining"],
    ["running", "remove", "a@n1 draining"],
    ["starting", "shutdown", "a@n1 draining"],
    ["complete", "running", ""],
    ["shutdown", "shutdown", ""],
    ["failed", "running", ""],
    ["orphaned", "shutdown", ""],
  ];
  for (const [state, desired, want] of cases) {
    test(`${state}, wanted ${desired}: ${want || "none"}`, () => {
      const networks = new Networks(viewOf({ ...BASE, tasks: [task("a", { state, desired })] }));
      assert.equal(states(networks), want);
      assert.equal(nodes(networks), want === "" ? "" : "n1", "its node takes part as long");
      assert.equal(networks.wants(nodeId("n1"), networkId("net1")), want !== "");
    });
  }

  test("running, and not listening yet where its service publishes: starting", () => {
    const running = task("a");
    const portStatus = newPortStatus({ awaited: [newPortConfig({ targetPort: 80 })] });
    const awaiting = newTask({ ...running, status: newTaskStatus({ ...running.status, portStatus }) });
    const networks = new Networks(viewOf({ ...BASE, tasks: [awaiting] }));
    assert.equal(states(networks), "a@n1 starting");
    networks.apply(commit(11, put.task(running)));
    assert.equal(states(networks), "a@n1 ready");
  });

  const places: readonly (readonly [state: NodeState, want: string])[] = [
    ["ready", "a@n1 ready, b@n2 ready"],
    ["unknown", "a@n1 ready, b@n2 ready"],
    ["suspect", "a@n1 draining, b@n2 ready"],
    ["down", "b@n2 ready"],
    ["disconnected", "b@n2 ready"],
  ];
  for (const [state, want] of places) {
    test(`on a node that is ${state}, the service being elsewhere too`, () => {
      const tasks = [task("a"), task("b", { on: "n2", slot: 2 })];
      const networks = new Networks(viewOf({ ...BASE, tasks }));
      told(networks, 11, put.node(node("n1", state)));
      assert.equal(states(networks), want);
      const fresh = new Networks(viewOf({ ...BASE, nodes: [node("n1", state), node("n2")], tasks }));
      assert.equal(states(fresh), want, "the same, looked at anew");
      told(networks, 12, put.node(node("n1")));
      assert.equal(states(networks), "a@n1 ready, b@n2 ready", "and back");
    });
  }

  test("on a doubtful node is better than none", () => {
    const tasks = [task("a"), task("b", { on: "n2" }), task("c", { on: "n3", of: "db" })];
    const networks = new Networks(viewOf({ ...BASE, nodes: [node("n1", "suspect"), node("n2"), node("n3")], tasks }));
    assert.equal(states(networks), "a@n1 draining, b@n2 ready, c@n3 ready");
    told(networks, 11, put.node(node("n2", "suspect")));
    assert.equal(states(networks), "a@n1 ready, b@n2 ready, c@n3 ready");
    told(networks, 12, put.task(task("d", { on: "n3", state: "starting" })));
    assert.equal(states(networks), "a@n1 ready, b@n2 ready, c@n3 ready, d@n3 starting");
    told(networks, 13, put.task(task("d", { on: "n3" })));
    assert.equal(states(networks), "a@n1 draining, b@n2 draining, c@n3 ready, d@n3 ready");
    told(networks, 14, put.task(task("d", { on: "n3", desired: "shutdown" })));
    assert.equal(states(networks), "a@n1 ready, b@n2 ready, c@n3 ready, d@n3 draining");
  });

  test("says who it is", () => {
    const given = task("a", {
      slot: 3,
      addresses: ["10.1.0.7", "fd00::7"],
      hostname: "{{.Service.Name}}-{{.Node.Hostname}}",
    });
    const [attachment] = given.attachments;
    assert.ok(attachment !== undefined && given.spec !== undefined);
    const spec = { ...given.spec, networks: [{ target: networkId("net1"), aliases: ["www"], driverOpts: {} }] };
    const tasks = [{ ...given, spec, attachments: [{ ...attachment, aliases: ["www", "mine"] }] }];
    const networks = new Networks(viewOf({ ...BASE, tasks }));
    const endpoint = networks.table(networkId("net1"))?.endpoints.get(taskId("a"));
    assert.deepEqual(endpoint, {
      taskId: taskId("a"),
      serviceId: given.serviceId,
      slot: 3,
      name: `web.3.${taskId("a")}`,
      aliases: ["mine"],
      hostname: "web-n1",
      addresses: ["10.1.0.7", "fd00::7"],
      nodeId: nodeId("n1"),
      state: "ready",
    });
    told(networks, 11, put.node(node("n1", "ready", { hostname: "other" })));
    assert.equal(networks.table(networkId("net1"))?.endpoints.get(taskId("a"))?.hostname, "web-other");
  });

  test("on a node whose kernel has no IPv6 is led to by IPv4 alone", () => {
    const tasks = [task("a", { addresses: ["10.1.0.7", "fd00::7"] })];
    const networks = new Networks(viewOf({ ...BASE, tasks }));
    const addresses = () => networks.table(networkId("net1"))?.endpoints.get(taskId("a"))?.addresses;
    assert.deepEqual(addresses(), ["10.1.0.7", "fd00::7"]);
    told(networks, 11, put.node(node("n1", "ready", { withoutIpv6: true })));
    assert.deepEqual(addresses(), ["10.1.0.7"]);
    told(networks, 12, put.node(node("n1")));
    assert.deepEqual(addresses(), ["10.1.0.7", "fd00::7"]);
  });

  const hostnames: readonly (readonly [wished: string, want: string])[] = [
    ["", "abc000000000"],
    ["own", "own"],
    ["{{.Node.Hostname}}", "n1"],
    ["{{.Nonsense}}", "abc000000000"],
  ];
  for (const [hostname, want] of hostnames) {
    test(`hostname ${JSON.stringify(hostname)} is ${want}`, () => {
      const networks = new Networks(viewOf({ ...BASE, tasks: [task("abc", { hostname })] }));
      assert.equal(networks.table(networkId("net1"))?.endpoints.get(taskId("abc"))?.hostname, want);
    });
  }

  test("of a global service is named by its node", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a", { slot: 0 })] }));
    const endpoint = networks.table(networkId("net1"))?.endpoints.get(taskId("a"));
    assert.deepEqual([endpoint?.slot, endpoint?.name], [0, `web.${nodeId("n1")}.${taskId("a")}`]);
  });
});

describe("taking part", () => {
  test("lasts from the first task of a node to the end of the last", () => {
    const networks = new Networks(viewOf(BASE));
    assert.equal(nodes(networks), "");
    assert.deepEqual(told(networks, 11, put.task(task("a", { state: "assigned", networks: ["net1", "net2"] }))), [
      "net1",
      "net2",
    ]);
    told(networks, 12, put.task(task("b")));
    assert.deepEqual([nodes(networks), nodes(networks, "net2")], ["n1", "n1"]);
    told(networks, 13, put.task(task("a", { state: "shutdown", networks: ["net1", "net2"] })));
    assert.deepEqual([nodes(networks), nodes(networks, "net2")], ["n1", ""]);
    const result = networks.apply(commit(14, remove.task(task("b"))));
    assert.equal(nodes(networks), "");
    assert.deepEqual(result.left, [[nodeId("n1"), networkId("net1")]]);
    assert.deepEqual(networks.wantedBy(nodeId("n1")), []);
  });

  test("in the ingress network is every node's, with its own address there", () => {
    const ingress = network("ingress9", { ingress: true });
    const networks = new Networks(
      viewOf({ ...BASE, networks: [...BASE.networks, ingress], nodes: [node("n1", "ready", { ingress: "10.9.0.5" })] }),
    );
    told(networks, 11, put.node(node("n2", "down")));
    assert.equal(nodes(networks, "ingress9"), "n1,n2");
    assert.deepEqual(networks.wantedBy(nodeId("n2")), [networkId("ingress9")]);
    assert.deepEqual(networks.table(networkId("ingress9"))?.nodes.get(nodeId("n1"))?.addresses, ["10.9.0.5"]);
    const result = networks.apply(commit(12, remove.node(node("n2"))));
    assert.deepEqual(result.left, [[nodeId("n2"), networkId("ingress9")]]);
    assert.equal(nodes(networks, "ingress9"), "n1");
    told(networks, 13, remove.network(ingress));
    assert.deepEqual(networks.wantedBy(nodeId("n1")), []);
  });

  test("a network that is removed under its tasks is told of no more", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a"), task("b", { on: "n2" })] }));
    const result = networks.apply(commit(11, remove.network(network("net1"))));
    assert.deepEqual(
      result.left.map(([id]) => short(id)),
      ["n1", "n2"],
    );
    assert.equal(networks.wants(nodeId("n1"), networkId("net1")), false);
    assert.equal(networks.table(networkId("net1")), undefined);
  });

  test("with another address is news to all its networks", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a", { networks: ["net1", "net2"] })] }));
    assert.deepEqual(told(networks, 11, put.node(node("n1", "ready", { addr: "10.7.7.7" }))), ["net1", "net2"]);
    assert.deepEqual(networks.table(networkId("net2"))?.nodes.get(nodeId("n1"))?.underlayAddresses, ["10.7.7.7"]);
    assert.deepEqual(told(networks, 12, put.node(node("n2", "ready", { addr: "10.7.7.8" }))), [], "it is on none");
  });

  test("an encrypted network says by which keys", () => {
    const tunnelKeys = [{ epoch: 1, publicKey: new Uint8Array(32).fill(7), port: 51820 }];
    const n1 = node("n1");
    assert.ok(n1.description !== undefined);
    const networks = new Networks(
      viewOf({
        networks: [network("net1"), network("net2", { driverOpts: { encrypted: "" } })],
        nodes: [{ ...n1, description: { ...n1.description, tunnelKeys } }, node("n2")],
        tasks: [task("a", { networks: ["net1", "net2"] }), task("b", { on: "n2", networks: ["net2"] })],
      }),
    );
    const said = (on: string, id: string) => networks.table(networkId(id))?.nodes.get(nodeId(on));
    assert.deepEqual([said("n1", "net1")?.tunnelKeys, said("n1", "net1")?.encryptedAddresses], [[], []]);
    assert.deepEqual(said("n1", "net2")?.tunnelKeys, tunnelKeys);
    assert.match(said("n1", "net2")?.encryptedAddresses.join() ?? "", /^fd73:6b65:7000:/);
    assert.deepEqual(said("n2", "net2")?.encryptedAddresses, [], "without a key nothing goes there");
  });
});

test("a network goes by the cluster's port, whichever of the two is told first", () => {
  const networks = new Networks(viewOf({}));
  const spec = newClusterSpec({ networking: newNetworkingConfig({ dataPathPort: 4790 }) });
  const object = newCluster({ id: "c" as ClusterId, spec });
  assert.deepEqual(told(networks, 11, put.network(network("net1")), { table: "cluster", action: "create", object }), [
    "net1",
  ]);
  assert.equal(networks.table(networkId("net1"))?.network?.dataPathPort, 4790);
  assert.deepEqual(told(networks, 12, { table: "cluster", action: "update", object, old: object }), []);
});

describe("what is no change", () => {
  test("steps of a task that others do not see", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a", { state: "assigned" })] }));
    for (const [at, state] of (["accepted", "preparing", "ready", "starting"] as const).entries()) {
      assert.deepEqual(told(networks, 11 + at, put.task(task("a", { state }))), []);
    }
    assert.deepEqual(told(networks, 20, put.task(task("a"))), ["net1"]);
    assert.deepEqual(networks.table(networkId("net1"))?.changesAfter(10), [{ kind: "endpoint", id: taskId("a") }]);
    assert.deepEqual(networks.table(networkId("net1"))?.changesAfter(20), []);
    assert.equal(networks.table(networkId("net1"))?.changesAfter(9), undefined, "before it was looked at");
  });

  test("tasks of other networks, or of none; services of the predefined ones", () => {
    const networks = new Networks(viewOf(BASE));
    assert.deepEqual(told(networks, 11, put.task(task("a", { networks: [] }))), []);
    const host = service("web2", []);
    assert.ok(host.spec?.taskTemplate !== undefined);
    const taskTemplate = { ...host.spec.taskTemplate, networks: [{ target: "host", aliases: [], driverOpts: {} }] };
    assert.deepEqual(told(networks, 12, put.service({ ...host, spec: { ...host.spec, taskTemplate } })), []);
  });
});

describe("the version from which nobody sends to a task", () => {
  const at = (networks: Networks, name: string) => networks.table(networkId("net1"))?.closedAt(taskId(name));

  test("is that of the change", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a"), task("b", { state: "starting" })] }));
    assert.equal(at(networks, "a"), Number.POSITIVE_INFINITY);
    told(
      networks,
      11,
      put.task(task("a", { desired: "shutdown" })),
      put.task(task("b", { state: "starting", desired: "shutdown" })),
    );
    told(networks, 12, put.task(task("a", { desired: "remove" })));
    assert.equal(at(networks, "a"), 11);
    assert.equal(at(networks, "b"), 0, "nobody ever sent to it");
  });

  test("is that of the first look, when it was so before", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a", { desired: "shutdown" })] }));
    assert.equal(at(networks, "a"), 10);
  });

  test("is that of the loss, when its node was lost first", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a"), task("b", { on: "n2" })] }));
    told(networks, 11, put.node(node("n1", "down")));
    told(networks, 12, put.task(task("a", { desired: "shutdown" })));
    assert.equal(at(networks, "a"), 11);
    told(networks, 13, put.node(node("n1")));
    assert.equal(at(networks, "a"), 11);
    told(networks, 14, put.task(task("a", { state: "shutdown", desired: "shutdown" })));
    told(networks, 15, put.task(task("a", { state: "assigned" })));
    assert.equal(at(networks, "a"), 0, "nothing is remembered of what has ended");
    const lost = new Networks(
      viewOf({ ...BASE, nodes: [node("n1", "down")], tasks: [task("a", { desired: "shutdown" })] }),
    );
    assert.equal(at(lost, "a"), 10, "before the first look anything may have been");
  });

  test("is that of the doubt, when its node was doubtful first", () => {
    const networks = new Networks(viewOf({ ...BASE, tasks: [task("a"), task("b", { on: "n2" })] }));
    told(networks, 11, put.node(node("n1", "suspect")));
    told(networks, 12, put.task(task("a", { desired: "shutdown" })));
    assert.equal(at(networks, "a"), 11);
    told(networks, 13, put.node(node("n1")));
    assert.equal(at(networks, "a"), 11);
  });
});
