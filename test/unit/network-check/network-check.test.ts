// A check of the network from plan to words, over nodes that are only written down.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CheckPlan, MAX_NODES, MAX_TARGETS, planCheck } from "../../../manager/network-check/plan.ts";
import { type ProbeTalk, runCheck } from "../../../manager/network-check/run.ts";
import { verdictOn } from "../../../manager/network-check/verdict.ts";
import {
  type FirewallBlock,
  newFirewallBlock,
  newProbeArrival,
  newProbeArrived,
  newProbeConnection,
  newProbePort,
  newProbeReady,
  newProbeSent,
  type ProbePrepare,
} from "../../../proto/gen/agent.ts";
import type { NetworkCheckResponse } from "../../../proto/gen/control.ts";
import {
  type Node,
  type NodeState,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newTunnelKey,
} from "../../../proto/gen/objects.ts";
import { createSimEnv, type SimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { probeAddressOf, tunnelAddressOf } from "../../../shared/network/tunnel-address.ts";

const id = (n: number): NodeId => `n${String(n).padStart(24, "0")}` as NodeId;
const node = (n: number, state: NodeState = "ready", mtu = 1500): Node =>
  newNode({
    id: id(n),
    addr: `10.0.0.${n}:7377`,
    status: newNodeStatus({ state, addrs: [`10.0.0.${n}`] }),
    description: newNodeDescription({
      hostname: `node${n}`,
      dataPathMtu: mtu,
      tunnelKeys: [newTunnelKey({ epoch: 1, port: 51_821 })],
    }),
  });
const nodes = (count: number): readonly Node[] => Array.from({ length: count }, (_, i) => node(i + 1));
const plan = (count: number, only?: NodeId): CheckPlan =>
  planCheck(undefined, nodes(count), only, createSimEnv(1).random);

describe("which ways are tested", () => {
  test("few nodes: every one to every other", () => {
    const { nodes: checked, notes, mtu, sizes, tunnelSizes } = plan(5);
    assert.deepEqual(
      checked.map(({ targets }) => targets.length),
      [4, 4, 4, 4, 4],
    );
    assert.deepEqual(notes, []);
    assert.equal(mtu, 1450);
    assert.equal(sizes[0], 1450);
    assert.ok(sizes.length <= 8 && sizes.every((size, i) => size < (sizes[i - 1] ?? 9_000)), "descending");
    assert.deepEqual(tunnelSizes, [1440, 120]);
  });

  test("the narrowest link counts", () => {
    const { mtu } = planCheck(undefined, [node(1), node(2, "ready", 1400)], undefined, Math.random);
    assert.equal(mtu, 1350);
  });

  test("many nodes: each to some, who send to it as well; it is said", () => {
    const { nodes: checked, notes } = plan(MAX_NODES);
    const targets = new Map(checked.map((each) => [each.nodeId, new Set(each.targets)]));
    for (const [from, list] of targets) {
      assert.equal(list.size, MAX_TARGETS);
      for (const to of list) assert.ok(targets.get(to)?.has(from), `${to} sends to ${from} as well`);
    }
    assert.deepEqual(notes, ["each node tested its way to 30 others, not to all"]);
  });

  test("very many nodes: some of them, drawn by lot", () => {
    const { nodes: checked, notes } = plan(MAX_NODES + 100);
    assert.equal(checked.length, MAX_NODES);
    assert.match(notes[0] ?? "", /128 of 228 nodes were tested/);
  });

  test("one node: its ways, in both directions", () => {
    const { nodes: checked } = plan(5, id(3));
    assert.deepEqual(
      checked.map(({ nodeId, targets }) => [nodeId, targets]),
      [[id(3), [id(1), id(2), id(4), id(5)]], ...[1, 2, 4, 5].map((n) => [id(n), [id(3)]])],
    );
    assert.equal(plan(MAX_NODES, id(3)).nodes.length, MAX_TARGETS + 1);
  });

  test("a node that can have no tunnels is named, and why", () => {
    const bare = node(2);
    const description = newNodeDescription({ hostname: "node2", tunnelProblem: "the command wg is missing" });
    const { notes } = planCheck(undefined, [node(1), { ...bare, description }], undefined, Math.random);
    assert.deepEqual(notes, ["node2 can have no encrypted networks: the command wg is missing"]);
  });

  test("a node whose encryption is slow is named, and why", () => {
    const description = newNodeDescription({
      hostname: "node2",
      tunnelProblem: "no WireGuard",
      tunnelKeys: [newTunnelKey()],
    });
    const { notes } = planCheck(undefined, [node(1), { ...node(2), description }], undefined, Math.random);
    assert.deepEqual(notes, ["node2 has slow encrypted networks: no WireGuard"]);
  });

  test("a node whose kernel has no IPv6 is named", () => {
    const description = newNodeDescription({ hostname: "node2", withoutIpv6: true });
    const { notes } = planCheck(undefined, [node(1), { ...node(2), description }], undefined, Math.random);
    assert.deepEqual(notes, ["node2 has a kernel without IPv6: its tasks are reached by IPv4 alone"]);
  });

  test("a node that is down is not asked; it is said why", () => {
    const { nodes: checked, skipped } = planCheck(
      undefined,
      [node(1), node(2, "down"), node(3)],
      undefined,
      Math.random,
    );
    assert.deepEqual(
      checked.map(({ hostname }) => hostname),
      ["node1", "node3"],
    );
    assert.deepEqual(skipped, [{ nodeId: id(2), hostname: "node2", problem: "it is down" }]);
  });
});

/** What does not work between nodes. Sizes: the largest packet that arrives; 0 is none. */
interface World {
  readonly tcp?: (from: number, to: number) => string;
  readonly vxlan?: (from: number, to: number) => number;
  /** Undefined: there is no tunnel. */
  readonly tunnel?: (from: number, to: number) => number | undefined;
  readonly clockAheadMs?: (n: number) => number;
  /** What the node's own firewall drops. */
  readonly blocks?: (n: number) => readonly FirewallBlock[];
  readonly talk?: (n: number) => Partial<ProbeTalk>;
}

const numberOf = (nodeId: NodeId): number => Number(nodeId.slice(1));

/** Order of what nodes were asked, for all of them. */
async function check(count: number, world: World, env: SimEnv = createSimEnv(1)) {
  const asked: string[] = [];
  const wished = plan(count);
  const requests = new Map<number, ProbePrepare>();
  const all = wished.nodes.map(({ nodeId }) => numberOf(nodeId));
  const talk = (n: number): ProbeTalk => ({
    prepare: async (request) => {
      asked.push(`prepare ${n}`);
      requests.set(n, request);
      return newProbeReady({ nowMs: env.wallMs() + (world.clockAheadMs?.(n) ?? 0) });
    },
    send: async () => {
      asked.push(`send ${n}`);
      const targets = (requests.get(n)?.targets ?? []).map(({ nodeId }) => nodeId);
      return newProbeSent({
        connections: targets.map((nodeId) =>
          newProbeConnection({ nodeId, error: world.tcp?.(n, numberOf(nodeId)) ?? "" }),
        ),
        tunnelNodeIds: targets.filter((nodeId) => world.tunnel?.(n, numberOf(nodeId)) !== undefined),
      });
    },
    collect: async () => {
      asked.push(`collect ${n}`);
      const { sizes = [], tunnelSizes = [] } = requests.get(n) ?? {};
      const arrivals = (list: readonly number[], most: (from: number) => number, address: (nodeId: NodeId) => string) =>
        all
          .filter((from) => from !== n)
          .map((from) =>
            newProbeArrival({ address: address(id(from)), sizes: list.filter((size) => size <= most(from)) }),
          )
          .filter((arrival) => arrival.sizes.length > 0);
      return newProbeArrived({
        vxlan: arrivals(sizes, (from) => world.vxlan?.(from, n) ?? 9_000, probeAddressOf),
        tunnels: arrivals(tunnelSizes, (from) => world.tunnel?.(from, n) ?? 0, tunnelAddressOf),
        blocks: world.blocks?.(n) ?? [],
      });
    },
    end: () => void asked.push(`end ${n}`),
    ...world.talk?.(n),
  });
  const running = runCheck({ env, talk: (each) => talk(numberOf(each.nodeId)) }, wished, new AbortController().signal);
  await env.advance(60_000);
  const verdict: NetworkCheckResponse = verdictOn(wished, await running);
  return { asked, verdict, problems: verdict.problems };
}

describe("a check", () => {
  test("all are ready before any sends, all have sent before any is asked, and every test is ended", async () => {
    const { asked, verdict } = await check(3, {});
    assert.deepEqual(
      asked,
      ["prepare", "send", "collect", "end"].flatMap((step) => [1, 2, 3].map((n) => `${step} ${n}`)),
    );
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.pairs.length, 6);
    for (const { tcp, vxlan, mtu, encryption } of verdict.pairs) {
      assert.deepEqual([tcp, vxlan, mtu, encryption], ["passed", "passed", 1450, "untested"]);
    }
  });

  test("one direction is blocked: that is what is said, and what to open", async () => {
    const { problems, verdict } = await check(3, { vxlan: (from, to) => (from === 3 && to === 1 ? 0 : 9_000) });
    assert.deepEqual(problems, ["node3 → node1: UDP 4789 (VXLAN) is blocked: open it from 10.0.0.3 to 10.0.0.1"]);
    const pair = verdict.pairs.find(({ fromNodeId, toNodeId }) => fromNodeId === id(3) && toNodeId === id(1));
    assert.equal(pair?.vxlan, "failed");
  });

  test("what is the same for all ways to a node, or from it, is said once", async () => {
    const closed = await check(4, {
      vxlan: (_from, to) => (to === 2 ? 0 : 9_000),
      tcp: (_from, to) => (to === 2 ? "connection refused" : ""),
    });
    assert.deepEqual(closed.problems, [
      "no other node can connect to node2 at 10.0.0.2:7377 (connection refused): open TCP 7377 on node2",
      "UDP 4789 (VXLAN) is blocked from all other nodes to node2: open it on node2 (10.0.0.2)",
    ]);
    const mute = await check(4, { vxlan: (from) => (from === 2 ? 0 : 9_000) });
    assert.deepEqual(mute.problems, [
      "UDP 4789 (VXLAN) is blocked from node2 to all other nodes: open it for what 10.0.0.2 sends",
    ]);
    const all = await check(3, { vxlan: () => 0 });
    assert.equal(all.problems.length, 3);
  });

  test("who drops it is named, with what to type: of the node that it goes to, else of the one that it comes from", async () => {
    const block = (incoming: boolean, peer: string, who: string, port = 4_789) =>
      newFirewallBlock({
        incoming,
        port: newProbePort({ protocol: "udp", port }),
        peer,
        what: `${who} drops it`,
        fix: "x y",
      });
    const first = "node3 → node1: UDP 4789 (VXLAN) is blocked: open it from 10.0.0.3 to 10.0.0.1";
    const blocked = async (...blocks: readonly (readonly [n: number, block: FirewallBlock])[]) => {
      const { problems } = await check(3, {
        vxlan: (from, to) => (from === 3 && to === 1 ? 0 : 9_000),
        blocks: (n) => blocks.flatMap(([of, each]) => (of === n ? [each] : [])),
      });
      return problems;
    };
    const out = block(false, "10.0.0.1", "its nft");
    assert.deepEqual(await blocked([3, out], [1, block(true, "", "ufw")]), [
      `${first}; on node1 ufw drops it: \`x y\``,
    ]);
    assert.deepEqual(await blocked([3, out], [1, block(true, "10.0.0.2", "ufw")]), [
      `${first}; on node3 its nft drops it: \`x y\``,
    ]);
    assert.deepEqual(await blocked([1, block(true, "", "ufw", 51_820)], [2, block(true, "", "ufw")]), [first]);
    assert.deepEqual(await blocked([1, block(true, "", "\u001b[31mu\nfw")]), [
      `${first}; on node1  [31mu fw drops it: \`x y\``,
    ]);
  });

  test("large packets get lost: from which size on", async () => {
    const { problems } = await check(3, { vxlan: (from, to) => (from + to === 3 ? 1_400 : 9_000) });
    assert.deepEqual(problems, [
      "node1 → node2: packets of more than 1390 bytes get lost, and tasks send up to 1450: give every link on the way the MTU that the nodes' own links have, or make networks with --opt com.docker.network.driver.mtu=1390",
      "node2 → node1: packets of more than 1390 bytes get lost, and tasks send up to 1450: give every link on the way the MTU that the nodes' own links have, or make networks with --opt com.docker.network.driver.mtu=1390",
    ]);
  });

  test("tunnels: where there is one it is tested, and elsewhere not", async () => {
    const { verdict, problems } = await check(3, {
      tunnel: (from, to) => (from === 3 || to === 3 ? undefined : from === 1 ? 0 : 9_000),
    });
    assert.deepEqual(problems, [
      "node1 → node2: UDP 51820 and 51821 (encrypted networks) are blocked: open them from 10.0.0.1 to 10.0.0.2, and back",
    ]);
    const found = new Map(
      verdict.pairs.map((pair) => [`${numberOf(pair.fromNodeId)} ${numberOf(pair.toNodeId)}`, pair.encryption]),
    );
    assert.deepEqual([found.get("1 2"), found.get("2 1"), found.get("1 3")], ["failed", "passed", "untested"]);
    const tight = await check(2, { tunnel: () => 1_000 });
    assert.match(
      tight.problems.join("\n"),
      /node1 → node2: large packets of encrypted networks get lost in the tunnel/,
    );
  });

  test("a clock that is off", async () => {
    const { problems } = await check(3, { clockAheadMs: (n) => (n === 2 ? 12_300 : n === 3 ? -5_000 : 400) });
    assert.deepEqual(problems, [
      "the clock of node2 is 12.3 s ahead of the leader's: run a time service (NTP) on both",
      "the clock of node3 is 5.0 s behind the leader's: run a time service (NTP) on both",
    ]);
  });

  test("a node that cannot be asked, one that is too slow, and one that can test no VXLAN cost only their own ways", async () => {
    const { problems, verdict, asked } = await check(4, {
      talk: (n) => {
        if (n === 2) return { prepare: () => Promise.reject(new SkepError("unavailable", "no connection within 3 s")) };
        if (n === 3) return { send: () => new Promise(() => undefined) };
        return {};
      },
    });
    assert.deepEqual(problems, [
      "node2 was not tested: no connection within 3 s",
      "node3 was not tested: no answer within 8 s",
    ]);
    const way = (from: number, to: number) =>
      verdict.pairs.find(({ fromNodeId, toNodeId }) => fromNodeId === id(from) && toNodeId === id(to));
    assert.deepEqual(
      [way(1, 4)?.vxlan, way(1, 2)?.vxlan, way(1, 2)?.tcp, way(2, 1)?.tcp],
      ["passed", "untested", "passed", "untested"],
    );
    assert.deepEqual(asked.filter((line) => line.startsWith("end")).length, 4);
    const broken = await check(2, {
      talk: (n) =>
        n === 2 ? { prepare: async () => newProbeReady({ nowMs: 1_700_000_000_000, problem: "nft is missing" }) } : {},
    });
    assert.deepEqual(broken.problems, ["node2 cannot test VXLAN: nft is missing"]);
  });
});
