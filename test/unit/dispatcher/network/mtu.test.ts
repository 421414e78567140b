import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { networkMtu, tooNarrowForIpv6 } from "../../../../manager/dispatcher/network/mtu.ts";
import { Networks } from "../../../../manager/dispatcher/network/networks.ts";
import {
  type Node,
  newCluster,
  newClusterSpec,
  newIPAMConfig,
  newNetworkingConfig,
} from "../../../../proto/gen/objects.ts";
import { commit, network, networkId, node, put, remove, viewOf } from "./fixtures.ts";

const OPTION = "com.docker.network.driver.mtu";
const cases: readonly (readonly [underlay: number, family: 4 | 6, options: Record<string, string>, want: number])[] = [
  [1500, 4, {}, 1450],
  [1500, 6, {}, 1430],
  [9000, 4, {}, 8950],
  [1500, 4, { encrypted: "" }, 1370],
  [1500, 6, { encrypted: "true" }, 1350],
  [1500, 4, { encrypted: "false" }, 1450],
  [1500, 4, { [OPTION]: "1300" }, 1300],
  [1500, 4, { [OPTION]: "1500" }, 1450],
  [1500, 4, { [OPTION]: "jumbo" }, 1450],
  [1500, 4, { [OPTION]: "0" }, 1450],
];
describe("the MTU of a network", () => {
  for (const [mtu, family, driverOpts, want] of cases) {
    test(`over IPv${family} with ${mtu}, ${JSON.stringify(driverOpts)}: ${want}`, () => {
      assert.equal(networkMtu(network("net1", { driverOpts }), { mtu, family }), want);
    });
  }
});

describe("the narrowest link of the cluster counts", () => {
  const mtuOf = (networks: Networks) => networks.table(networkId("net1"))?.network?.mtu;
  const undescribed = (name: string): Node => ({ ...node(name), description: undefined });

  test("as nodes come, change and go", () => {
    const networks = new Networks(viewOf({ networks: [network("net1")] }));
    assert.equal(mtuOf(networks), 1450, "nobody has said anything");
    const steps: readonly (readonly [
      what: string,
      change: ReturnType<typeof put.node>,
      want: number,
      news: boolean,
    ])[] = [
      ["a node with jumbo frames", put.node(node("n1", "ready", { mtu: 9000 })), 8950, true],
      ["one that has not described itself", put.node(undescribed("n2")), 8950, false],
      ["one that does not know", put.node(node("n2", "ready", { mtu: 0 })), 1450, true],
      ["one that says nonsense", put.node(node("n3", "ready", { mtu: 100 })), 1450, false],
      ["a narrow one", put.node(node("n4", "ready", { mtu: 1400 })), 1350, true],
      ["a second one", put.node(node("n5", "ready", { mtu: 1400 })), 1350, false],
      ["the first is down", put.node(node("n4", "down", { mtu: 1400 })), 1350, false],
      ["and removed", remove.node(node("n4")), 1350, false],
      ["the second says better", put.node(node("n5", "ready", { mtu: 1500 })), 1450, true],
      ["one that is reached over IPv6", put.node(node("n6", "ready", { addr: "fd00::6" })), 1430, true],
      ["and is removed", remove.node(node("n6")), 1450, true],
    ];
    for (const [at, [what, change, want, news]] of steps.entries()) {
      const { networks: touched } = networks.apply(commit(11 + at, change));
      assert.equal(mtuOf(networks), want, what);
      assert.equal(touched.size, news ? 1 : 0, `${what}: news`);
    }
  });
});

describe("a link too narrow for IPv6", () => {
  const six = (name: string, options: Record<string, string> = {}) => ({
    ...network(name, { driverOpts: options }),
    ipam: [newIPAMConfig({ subnet: "10.0.1.0/24" }), newIPAMConfig({ subnet: "fd00:1::/64" })],
  });
  const four = { ...network("four"), ipam: [newIPAMConfig({ subnet: "10.0.2.0/24" })] };
  const nodes = (mtu: number) => [node("n1", "ready", { mtu: 1_500 }), node("n2", "ready", { mtu })];

  test("is told with its node, the networks that do without, and what it would have to carry", () => {
    const vault = six("vault", { encrypted: "" });
    assert.equal(tooNarrowForIpv6([four, six("plain"), vault], nodes(1_420)), undefined);
    assert.equal(tooNarrowForIpv6([four, six("plain")], nodes(1_330)), undefined);
    assert.equal(tooNarrowForIpv6([four], nodes(1_280)), undefined, "IPv4 has no least size that matters");
    const found = tooNarrowForIpv6([four, six("plain"), vault], nodes(1_329));
    assert.deepEqual(
      found?.networks.map(({ id }) => id),
      [networkId("plain"), networkId("vault")],
    );
    assert.deepEqual(
      found?.nodes.map(({ description }) => description?.dataPathMtu),
      [1_329],
    );
    assert.deepEqual([found?.mtu, found?.neededMtu], [1_329, 1_410]);
    assert.equal(tooNarrowForIpv6([six("plain")], nodes(1_329))?.neededMtu, 1_330);
  });
});

test("the data path port is the cluster's, also of one that is just being made", () => {
  const networks = new Networks(viewOf({}));
  const cluster = newCluster({
    spec: newClusterSpec({ networking: newNetworkingConfig({ dataPathPort: 4790 }) }),
  });
  networks.apply(commit(11, { table: "cluster", action: "create", object: cluster }, put.network(network("net1"))));
  assert.equal(networks.table(networkId("net1"))?.network?.dataPathPort, 4790);
});
