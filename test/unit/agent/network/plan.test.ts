import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { desiredNetwork, isBare } from "../../../../agent/network/plan/desired.ts";
import { differences } from "../../../../agent/network/plan/differences.ts";
import type { LocalTask, NodeInput } from "../../../../agent/network/plan/input.ts";
import { assignLocalAddresses } from "../../../../agent/network/plan/local-addresses.ts";
import { bridgeOf, NODE, namespaceOf, switchboardOf, vethOf, vxlanOf } from "../../../../agent/network/plan/names.ts";
import { planSteps } from "../../../../agent/network/plan/steps.ts";
import { SharedRules } from "../../../../agent/network/plan/task-rules.ts";
import type { NetworkView } from "../../../../agent/network/view.ts";
import {
  type EndpointState,
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newNetworkSubnet,
  newOverlayNetwork,
  newPublishedPort,
} from "../../../../proto/gen/network.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../../../shared/model/ids.ts";
import { ModelKernel } from "./model-kernel.ts";

const id = <T extends string>(kind: string, n: number): T => `${n}${kind}`.padEnd(25, "x") as T;
const nodeIds = [0, 1, 2].map((n) => id<NodeId>("node", n));
const [ME = id<NodeId>("node", 0)] = nodeIds;
const networkIds = [0, 1, 2].map((n) => id<NetworkId>("net", n));
const BOARD = switchboardOf(ME);
const LOCAL = [newNetworkSubnet({ subnet: "172.29.0.0/16", gateway: "172.29.0.1" })];

interface Placed {
  readonly n: number;
  readonly node: number;
  readonly service: number;
  readonly on: readonly number[];
  readonly state: EndpointState;
}

/** Network 0 is the ingress network; the last may be internal. */
function inputOf(
  placed: readonly Placed[],
  internal: boolean,
  order: (items: unknown[]) => unknown[] = (x) => x,
): NodeInput {
  const shuffled = <K, V>(pairs: [K, V][]): Map<K, V> => new Map(order(pairs) as [K, V][]);
  const address = (net: number, n: number): string => `10.0.${net}.${n + 3}`;
  const views = networkIds.map((networkId, net): [NetworkId, NetworkView] => {
    const own = (node: number) => (net === 0 ? [`10.0.0.${250 + node}`] : []);
    const on = placed.filter((task) => task.on.includes(net));
    return [
      networkId,
      {
        version: 1,
        network: newOverlayNetwork({
          networkId,
          name: `net${net}`,
          vni: 4096 + net,
          mtu: 1450,
          ingress: net === 0,
          internal: net === 2 && internal,
          subnets: [{ subnet: `10.0.${net}.0/24`, gateway: `10.0.${net}.1` }],
        }),
        nodes: shuffled(
          nodeIds.map((nodeId, node) => [
            nodeId,
            newNetworkNode({ nodeId, underlayAddresses: [`192.168.0.${node + 1}`], addresses: own(node) }),
          ]),
        ),
        services: shuffled(
          [0, 1].map((service) => {
            const serviceId = id<ServiceId>("svc", service);
            const port = newPublishedPort({ publishedPort: 8080 + service, targetPort: 80 });
            const used = on.some((task) => task.service === service);
            const ports = net === 0 && used ? [port] : [];
            return [
              serviceId,
              newNetworkService({ serviceId, name: `s${service}`, vips: [`10.0.${net}.${240 + service}`], ports }),
            ];
          }),
        ),
        endpoints: shuffled(
          on.map(({ n, node, service, state }) => [
            id<TaskId>("task", n),
            newNetworkEndpoint({
              taskId: id<TaskId>("task", n),
              serviceId: id<ServiceId>("svc", service),
              nodeId: nodeIds[node] ?? ME,
              addresses: [address(net, n)],
              state,
            }),
          ]),
        ),
      },
    ];
  });
  const here = placed.filter(({ node }) => node === 0);
  const local = assignLocalAddresses(
    LOCAL,
    new Map(),
    here.map(({ n }) => id<TaskId>("task", n)),
  );
  const tasks = here.map(({ n, on }): [TaskId, LocalTask] => {
    const taskId = id<TaskId>("task", n);
    const attachments = on.map((net) => ({
      networkId: networkIds[net] ?? id<NetworkId>("net", 0),
      addresses: [address(net, n)],
    }));
    return [taskId, { taskId, attachments, ports: [], localAddresses: local.get(taskId) ?? [] }];
  });
  return {
    nodeId: ME,
    views: shuffled(views),
    tasks: shuffled(tasks),
    localSubnets: LOCAL,
    localMtu: 1500,
    dnsPort: 7353,
  };
}

const placements = fc
  .array(
    fc.record({
      node: fc.nat(2),
      service: fc.nat(1),
      on: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
      state: fc.constantFrom<EndpointState>("starting", "ready", "draining"),
    }),
    { maxLength: 8 },
  )
  .map((tasks) => tasks.map((task, n): Placed => ({ ...task, n })));
const inputs = fc.tuple(placements, fc.boolean()).map(([placed, internal]) => inputOf(placed, internal));

/** One round: a plan, done whole. */
function converge(kernel: ModelKernel, input: NodeInput): number {
  const steps = planSteps(desiredNetwork(input), kernel.state);
  for (const step of steps) kernel.apply(step);
  return steps.length;
}

const EMPTY = inputOf([], false);
const runs = { numRuns: 150 };

describe("the plan of a node's network", () => {
  test("one round makes any state from any other, and then nothing is left to do or to tell", () => {
    fc.assert(
      fc.property(fc.array(inputs, { minLength: 1, maxLength: 4 }), (history) => {
        const kernel = new ModelKernel();
        for (const input of history) {
          converge(kernel, input);
          const desired = desiredNetwork(input);
          assert.deepEqual(planSteps(desired, kernel.state), []);
          assert.deepEqual(differences(desired, kernel.state), []);
        }
      }),
      runs,
    );
  });

  test("a plan that was broken off anywhere, or a link that somebody removed, is made good by the next round", () => {
    fc.assert(
      fc.property(inputs, inputs, fc.nat(), fc.nat(), (first, second, cut, victim) => {
        const kernel = new ModelKernel();
        converge(kernel, first);
        const steps = planSteps(desiredNetwork(second), kernel.state);
        for (const step of steps.slice(0, cut % (steps.length + 1))) kernel.apply(step);
        const links = [...kernel.state].flatMap(([ns, { links: have }]) =>
          [...have.keys()].map((name) => [ns, name] as const),
        );
        const [namespace, name] = links[victim % Math.max(1, links.length)] ?? [NODE, "none"];
        if (name !== "lo") kernel.lose(namespace, name);
        converge(kernel, second);
        assert.deepEqual(planSteps(desiredNetwork(second), kernel.state), []);
      }),
      runs,
    );
  });

  test("what earlier plans have made is used again, and the plan is the same", () => {
    fc.assert(
      fc.property(fc.array(inputs, { minLength: 1, maxLength: 4 }), (history) => {
        const shared = new SharedRules();
        for (const input of history) {
          assert.deepEqual(desiredNetwork(input, shared), desiredNetwork(input));
          assert.deepEqual(desiredNetwork(input, shared), desiredNetwork(input));
        }
      }),
      runs,
    );
  });

  test("the order in which things became known does not matter", () => {
    fc.assert(
      fc.property(placements, fc.boolean(), (placed, internal) => {
        const one = desiredNetwork(inputOf(placed, internal));
        const other = desiredNetwork(inputOf([...placed].reverse(), internal, (items) => [...items].reverse()));
        const kernel = new ModelKernel();
        for (const step of planSteps(one, kernel.state)) kernel.apply(step);
        assert.deepEqual(planSteps(other, kernel.state), []);
      }),
      runs,
    );
  });

  test("removing everything leaves nothing", () => {
    assert.ok(isBare(desiredNetwork(EMPTY).state));
    fc.assert(
      fc.property(inputs, (input) => {
        const kernel = new ModelKernel();
        converge(kernel, input);
        converge(kernel, EMPTY);
        const [node, ...others] = [...kernel.state.values()];
        assert.deepEqual(others, []);
        assert.equal(node?.links.size, 0);
        assert.equal(node?.rules.chains.size, 0);
        for (const [kind, facts] of Object.entries(node?.facts ?? {}))
          if (kind !== "sysctl") assert.equal(facts.size, 0, kind);
      }),
      runs,
    );
  });

  test("virtual addresses and published ports lead to ready tasks only, and to all of them", () => {
    fc.assert(
      fc.property(placements, fc.boolean(), (placed, internal) => {
        const { state } = desiredNetwork(inputOf(placed, internal));
        for (const task of placed.filter(({ node }) => node === 0)) {
          const rules = state.get(namespaceOf(id<TaskId>("task", task.n)))?.rules;
          assert.ok(rules);
          for (const net of task.on) {
            for (const service of [0, 1]) {
              const ready = placed.filter((t) => t.on.includes(net) && t.service === service && t.state === "ready");
              const vip = `10.0.${net}.${240 + service}`;
              const chain = rules.maps.get("vip4")?.elements.get(vip)?.slice("goto ".length);
              const text: string = rules.chains.get(chain ?? "")?.rules.join() ?? "";
              const targets: string[] = [...text.matchAll(/10\.0\.\d+\.\d+/g)].map(([ip]) => ip).toSorted();
              assert.deepEqual(targets, ready.map((t) => `10.0.${net}.${t.n + 3}`).toSorted());
              assert.equal(rules.maps.get("refused4")?.elements.has(vip), ready.length === 0);
            }
          }
        }
        const meshed = [...(state.get(BOARD)?.rules.chains ?? [])].filter(([name]) => name.startsWith("p-"));
        for (const [, { rules }] of meshed) {
          for (const [ip] of rules.join().matchAll(/10\.0\.\d+\.\d+/g)) {
            const n = Number(ip.split(".")[3]) - 3;
            assert.equal(placed[n]?.state, "ready");
            assert.ok(placed[n]?.on.includes(0));
          }
        }
      }),
      runs,
    );
  });

  test("no entry for a network that no task here is on, and none for a task on a network that it is not on", () => {
    fc.assert(
      fc.property(placements, fc.boolean(), (placed, internal) => {
        const node = desiredNetwork(inputOf(placed, internal)).state.get(BOARD);
        const mesh = placed.some(({ on }) => on.includes(0));
        for (const net of [0, 1, 2]) {
          const here = placed.some((task) => task.node === 0 && task.on.includes(net)) || (net === 0 && mesh);
          assert.equal(node?.links.has(bridgeOf(4096 + net)) === true, here);
          assert.equal(node?.links.has(vxlanOf(4096 + net)) === true, here);
          const entries: string[] = [...(node?.facts.neighbour.keys() ?? [])].filter((key) =>
            key.endsWith(vxlanOf(4096 + net)),
          );
          const remote = placed
            .filter((task) => task.node !== 0 && task.on.includes(net))
            .map(({ n }) => `10.0.${net}.${n + 3}`);
          const nodes = net === 0 ? ["10.0.0.251", "10.0.0.252"] : [];
          const expected = here ? [...remote, ...nodes] : [];
          assert.deepEqual(entries.map((key) => key.split(" ")[0]).toSorted(), expected.toSorted());
        }
      }),
      runs,
    );
  });
});

test("a task whose network is not known yet keeps what it has", () => {
  const input = inputOf([{ n: 0, node: 0, service: 0, on: [1], state: "ready" }], false);
  const kernel = new ModelKernel();
  converge(kernel, input);
  const before = kernel.state;
  const desired = desiredNetwork({ ...input, views: new Map() });
  assert.match(desired.unready.get(id<TaskId>("task", 0)) ?? "", /managers have not described it/);
  for (const step of planSteps(desired, kernel.state)) kernel.apply(step);
  const namespace = namespaceOf(id<TaskId>("task", 0));
  assert.deepEqual(kernel.state.get(namespace), before.get(namespace));
  for (const link of [vethOf(id<TaskId>("task", 0), 4097), bridgeOf(4097), vxlanOf(4097)]) {
    assert.ok(kernel.state.get(BOARD)?.links.has(link), link);
  }
});

test("an encrypted network has no plain second choice", () => {
  const input = inputOf([{ n: 0, node: 0, service: 0, on: [1], state: "ready" }], false);
  const views = new Map(
    [...input.views].map(([key, view]) => [key, { ...view, network: { ...view.network, encrypted: true } }]),
  );
  const desired = desiredNetwork({ ...input, views });
  assert.match(desired.unready.get(id<TaskId>("task", 0)) ?? "", /encrypted/);
  for (const [, { links }] of desired.state) assert.ok(!links.has(bridgeOf(4097)) && !links.has(vxlanOf(4097)));
});

test("node-local addresses: kept, unique, none when full", () => {
  const subnets = [newNetworkSubnet({ subnet: "172.29.0.0/29", gateway: "172.29.0.1" })];
  const ids = [0, 1, 2, 3, 4, 5].map((n) => id<TaskId>("task", n));
  const first = assignLocalAddresses(subnets, new Map(), ids.slice(0, 3));
  const all = assignLocalAddresses(subnets, first, ids);
  for (const known of ids.slice(0, 3)) assert.deepEqual(all.get(known), first.get(known));
  const given = [...all.values()].flat();
  assert.equal(new Set(given).size, given.length);
  assert.equal(given.length, 4, "eight less network, broadcast, and the two of the node");
});

test("the cluster's data path port is that of the device and of the rules", () => {
  const input = inputOf([{ n: 0, node: 0, service: 0, on: [1], state: "ready" }], false);
  for (const [port, want] of [
    [0, 4789],
    [4790, 4790],
  ] as const) {
    const views = new Map(
      [...input.views].map(([key, view]) => [key, { ...view, network: { ...view.network, dataPathPort: port } }]),
    );
    const { state } = desiredNetwork({ ...input, views });
    const make = state.get(BOARD)?.links.get(vxlanOf(4097))?.make;
    assert.equal(make?.kind === "vxlan" && make.port, want);
    const rules = [...(state.get(NODE)?.rules.chains.values() ?? [])].flatMap((chain) => chain.rules);
    assert.equal(rules.filter((rule) => rule === `udp dport ${want} notrack`).length, 2);
    const board = [...(state.get(BOARD)?.rules.chains.values() ?? [])];
    const [first] = board.find(({ hook }) => hook?.startsWith("type filter hook forward"))?.rules ?? [];
    assert.equal(first, `oifname "skup" udp dport ${want} reject`, "tasks do not speak VXLAN with nodes");
  }
});

test("what comes by different nodes to published ports is told apart, before connections are looked up", () => {
  const input = inputOf([{ n: 0, node: 0, service: 0, on: [1, 0], state: "ready" }], false);
  const rules = desiredNetwork(input).state.get(namespaceOf(id<TaskId>("task", 0)))?.rules;
  const raw = [...(rules?.chains.values() ?? [])].filter(({ hook }) => hook?.endsWith("prerouting priority -300"));
  // Bits 80 to 96 of a frame: the end of the sender's MAC.
  assert.deepEqual(
    raw.map((chain) => chain.rules),
    [[`iifname "eth1" ct original zone set @ll,80,16`]],
    "only where the ingress network is",
  );
  const ends = [...(rules?.maps.get("via")?.elements.keys() ?? [])].map((mac) => mac.slice(-5));
  assert.equal(new Set(ends).size, nodeIds.length);
});
