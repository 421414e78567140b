// What may come from a task's port of a bridge. Whether the kernel then keeps to it: test/integration/network-spoofing.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { desiredNetwork } from "../../../../agent/network/plan/desired.ts";
import { NO_HOST, type NodeInput } from "../../../../agent/network/plan/input.ts";
import { assignLocalAddresses } from "../../../../agent/network/plan/local-addresses.ts";
import { planSteps } from "../../../../agent/network/plan/steps.ts";
import type { NetworkViews } from "../../../../agent/network/view.ts";
import { boardNamespace, inputOf, type Story } from "../../../support/network-story.ts";
import { ModelKernel } from "./model-kernel.ts";

const STORY: Story = {
  ids: "pg",
  nodes: { n1: "192.0.2.1" },
  networks: {
    back: {
      vni: 4097,
      subnets: [
        { subnet: "10.0.9.0/24", gateway: "10.0.9.1" },
        { subnet: "fd00:9::/64", gateway: "fd00:9::1" },
      ],
      services: {},
    },
  },
  tasks: [{ name: "web1", node: "n1", service: "web", on: { back: ["10.0.9.3", "fd00:9::3"] } }],
};
const BOARD = boardNamespace(STORY, "n1");

function input(views?: NetworkViews): NodeInput {
  const made = inputOf(STORY, "n1");
  const local = assignLocalAddresses(made.localSubnets, new Map(), made.tasks.keys());
  const tasks = [...made.tasks].map(([id, task]) => [id, { ...task, localAddresses: local.get(id) ?? [] }] as const);
  return { ...made, views: views ?? made.views, tasks: new Map(tasks), host: NO_HOST };
}

const rulesOf = (of: NodeInput) => desiredNetwork(of).state.get(BOARD)?.rules ?? assert.fail("no switchboard");
const elementsOf = (of: NodeInput, map: string) => [...(rulesOf(of).maps.get(map)?.elements.keys() ?? [])];

test("every port of a task has its MAC and its addresses, those of the node-local bridge too", () => {
  const [back, local] = elementsOf(input(), "bridge/port4");
  assert.match(back ?? "", /^svpgweb10035t \. 02:42:0a:00:09:03 \. 10\.0\.9\.3$/);
  assert.match(local ?? "", /^svpgweb1000 \. 02:42:ac:1d:\S+ \. 172\.29\.\S+$/);
  assert.equal(elementsOf(input(), "bridge/port4").length, 2);
  assert.ok(elementsOf(input(), "bridge/port6").includes("svpgweb10035t . 02:42:0a:00:09:03 . fd00:9::3"));
  assert.ok(elementsOf(input(), "bridge/port6").includes("svpgweb10035t . 02:42:0a:00:09:03 . fe80::42:aff:fe00:903"));
  assert.ok(elementsOf(input(), "bridge/adverts").includes("svpgweb10035t . 0xfd000009000000000000000000000003"));
});

test("a kernel that has no rules for bridges has all other rules", () => {
  const { chains, maps } = rulesOf({ ...input(), host: { ...NO_HOST, filtersBridges: false } });
  assert.ok(chains.size > 0);
  assert.deepEqual(
    [...chains.keys(), ...maps.keys()].filter((name) => name.startsWith("bridge/")),
    [],
  );
});

test("a task whose network is not known for a while goes on sending", () => {
  const kernel = new ModelKernel();
  for (const step of planSteps(desiredNetwork(input()), kernel.state)) kernel.apply(step);
  const held = desiredNetwork(input(new Map()));
  assert.equal(held.unready.size, 1);
  for (const step of planSteps(held, kernel.state)) kernel.apply(step);
  const port4 = [...(kernel.state.get(BOARD)?.rules.maps.get("bridge/port4")?.elements.keys() ?? [])];
  assert.ok(port4.includes("svpgweb10035t . 02:42:0a:00:09:03 . 10.0.9.3"), port4.join(", "));
  const gone = desiredNetwork({ ...input(), tasks: new Map() });
  for (const step of planSteps(gone, kernel.state)) kernel.apply(step);
  assert.equal(kernel.state.get(BOARD)?.rules.maps.get("bridge/port4")?.elements.size ?? 0, 0);
});
