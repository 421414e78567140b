import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ipv6Of } from "../../../../agent/network/apply/observe.ts";
import { desiredNetwork } from "../../../../agent/network/plan/desired.ts";
import { type HostFacts, NO_HOST, type NodeInput } from "../../../../agent/network/plan/input.ts";
import { possibleInput } from "../../../../agent/network/plan/ipv6.ts";
import { FACT_KINDS, type KernelState } from "../../../../agent/network/plan/kernel.ts";
import { assignLocalAddresses } from "../../../../agent/network/plan/local-addresses.ts";
import { NODE } from "../../../../agent/network/plan/names.ts";
import { planSteps } from "../../../../agent/network/plan/steps.ts";
import { newPublishedPort } from "../../../../proto/gen/network.ts";
import { boardNamespace, inputOf, type Story, taskNamespace } from "../../../support/network-story.ts";
import { ModelKernel } from "./model-kernel.ts";

const STORY: Story = {
  ids: "v6",
  nodes: { n1: "192.0.2.1", n2: "192.0.2.2" },
  networks: {
    ingress: {
      vni: 4097,
      ingress: true,
      subnets: [
        { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
        { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
      ],
      services: {
        web: {
          vips: ["10.0.0.20", "fd00:1::20"],
          ports: [newPublishedPort({ protocol: "tcp", publishedPort: 8080, targetPort: 80, mode: "ingress" })],
        },
      },
    },
  },
  tasks: [
    { name: "web1", node: "n1", service: "web", on: { ingress: ["10.0.0.3", "fd00:1::3"] } },
    { name: "web2", node: "n2", service: "web", on: { ingress: ["10.0.0.4", "fd00:1::4"] } },
  ],
};
const BOARD = boardNamespace(STORY, "n1");
const TASK = taskNamespace(STORY, "web1");
const SWITCH = "net/ipv6/conf/all/disable_ipv6";

function inputOn(ipv6: HostFacts["ipv6"]): NodeInput {
  const input = inputOf(STORY, "n1");
  const local = assignLocalAddresses(input.localSubnets, new Map(), input.tasks.keys());
  const tasks = [...input.tasks].map(([id, task]) => [id, { ...task, localAddresses: local.get(id) ?? [] }] as const);
  return { ...input, tasks: new Map(tasks), host: { ...NO_HOST, ipv6 } };
}

const hasSix = (text: string): boolean => /fd00:|::/.test(text);
/** All that is IPv6 in a namespace: facts and rules. */
function sixIn(state: KernelState, namespace: string): readonly string[] {
  const { facts, rules } = state.get(namespace) ?? assert.fail(`no ${namespace}`);
  const texts = FACT_KINDS.flatMap((kind) => [...facts[kind]].map(([key, value]) => `${kind} ${key} ${value}`));
  const chains = [...rules.chains.values()].flatMap((chain) => chain.rules);
  const elements = [...rules.maps.values()].flatMap((map) => [...map.elements].map((pair) => pair.join(" ")));
  return [
    ...texts.filter((text) => hasSix(text) || /^sysctl net\/ipv6|^rule 6/.test(text)),
    ...[...chains, ...elements].filter(hasSix),
  ];
}

describe("the plan on a host", () => {
  test("with IPv6: both families everywhere, and nothing is made anew for it", () => {
    const input = inputOn("on");
    assert.equal(possibleInput(input), input);
    const { state } = desiredNetwork(input);
    for (const namespace of [NODE, BOARD, TASK]) assert.ok(sixIn(state, namespace).length > 0, namespace);
    for (const { facts } of state.values()) assert.ok(!facts.sysctl.has(SWITCH));
  });

  test("with IPv6 off: none on the host and none that leads over it, but networks have it inside", () => {
    const { state, unready } = desiredNetwork(inputOn("off"));
    assert.equal(unready.size, 0);
    assert.deepEqual(sixIn(state, NODE), []);
    for (const namespace of [BOARD, TASK]) {
      const { facts } = state.get(namespace) ?? assert.fail(namespace);
      assert.equal(facts.sysctl.get(SWITCH), "0");
    }
    const routes = [...(state.get(BOARD)?.facts.route ?? [])].map((pair) => pair.join(" "));
    assert.deepEqual(
      routes.filter((route) => hasSix(route) && route.includes("dev skup")),
      [],
    );
    assert.ok(state.get(TASK)?.facts.address.has("fd00:1::3/64 dev eth0"));
    assert.ok(state.get(BOARD)?.facts.neighbour.has("fd00:1::4 dev skvx4097"), "tasks elsewhere are reached");
  });

  test("with a kernel without IPv6: none at all, and IPv4 is as ever", () => {
    const { state, unready } = desiredNetwork(inputOn("absent"));
    assert.equal(unready.size, 0);
    for (const namespace of state.keys()) assert.deepEqual(sixIn(state, namespace), [], namespace);
    const four = (text: string): boolean => !hasSix(text);
    for (const [namespace, { facts }] of desiredNetwork(inputOn("on")).state) {
      assert.deepEqual(
        [...(state.get(namespace)?.facts.address.keys() ?? [])],
        [...facts.address.keys()].filter(four),
        namespace,
      );
    }
  });

  test("with a network too narrow for IPv6: none of it there, IPv4 as ever, and all of it again on a wider one", () => {
    const of = (mtu: number): NodeInput => {
      const input = inputOn("on");
      const views = [...input.views].map(([id, view]) => [id, { ...view, network: { ...view.network, mtu } }] as const);
      return { ...input, views: new Map(views) };
    };
    const { state, unready } = desiredNetwork(of(1_230));
    assert.equal(unready.size, 0);
    const text = [NODE, BOARD, TASK].flatMap((namespace) => sixIn(state, namespace)).join("\n");
    assert.ok(!text.includes("fd00:1:"), "of the network's own");
    assert.ok(text.includes("fd00:29::"), "the way out has IPv6 still");
    assert.ok(state.get(TASK)?.facts.address.has("10.0.0.3/24 dev eth0"));
    assert.ok(state.get(NODE)?.rules.maps.get("ip/ports")?.elements.has("tcp . 8080"));
    assert.ok(!state.get(NODE)?.rules.maps.get("ip6/ports")?.elements.has("tcp . 8080"));
    const kernel = new ModelKernel();
    for (const mtu of [1_450, 1_230, 1_280]) {
      const desired = desiredNetwork(of(mtu));
      for (const step of planSteps(desired, kernel.state)) kernel.apply(step);
      assert.deepEqual(planSteps(desired, kernel.state), [], String(mtu));
      assert.equal(kernel.state.get(TASK)?.facts.address.has("fd00:1::3/64 dev eth0"), mtu >= 1_280, String(mtu));
    }
  });

  test("a task that has only IPv6 on such a network is told why it waits", () => {
    const input = inputOn("on");
    const views = [...input.views].map(([id, view]) => {
      const network = { ...view.network, mtu: 1_230, subnets: view.network.subnets.slice(1) };
      return [id, { ...view, network }] as const;
    });
    const tasks = [...input.tasks].map(([id, task]) => {
      const attachments = task.attachments.map((one) => ({ ...one, addresses: ["fd00:1::3"] }));
      return [id, { ...task, attachments }] as const;
    });
    const { unready } = desiredNetwork({ ...input, views: new Map(views), tasks: new Map(tasks) });
    assert.match([...unready.values()][0] ?? "", /it has only IPv6, .* packets are of 1230 bytes/);
  });

  test("rules that were made are made once, whatever the host has", () => {
    const input = inputOn("absent");
    assert.equal([...possibleInput(input).views.values()][0], [...possibleInput(input).views.values()][0]);
  });

  test("that switches IPv6 off and on: the plan follows, and comes to an end", () => {
    const kernel = new ModelKernel();
    for (const ipv6 of ["off", "on", "off", "absent", "on"] as const) {
      const desired = desiredNetwork(inputOn(ipv6));
      for (const step of planSteps(desired, kernel.state)) kernel.apply(step);
      assert.deepEqual(planSteps(desired, kernel.state), [], ipv6);
    }
  });
});

const SWITCHES: readonly (readonly [
  what: string,
  all: string | undefined,
  byDefault: string | undefined,
  want: HostFacts["ipv6"],
])[] = [
  ["on", "0", "0", "on"],
  ["off for links that are there", "1", "0", "off"],
  ["off for links to come", "0", "1", "off"],
  ["no such file", undefined, undefined, "absent"],
];
for (const [what, all, byDefault, want] of SWITCHES) {
  test(`what a host has of IPv6 is read from its switches: ${what}`, () => {
    assert.equal(ipv6Of(all, byDefault), want);
  });
}
