import assert from "node:assert/strict";
import { after, test } from "node:test";
import { networkCheckText } from "../../../cli/render/network-check.ts";
import {
  type NetworkCheckResponse,
  newNetworkCheckNode,
  newNetworkCheckPair,
  newNetworkCheckResponse,
} from "../../../proto/gen/control.ts";
import { skep, startDaemon } from "./harness.ts";
import { nodeId } from "./objects.ts";

const nodes = [1, 2, 3].map((n) =>
  newNetworkCheckNode({ nodeId: nodeId(n), hostname: `node${n}`, clockAheadMs: n === 2 ? -7 : n, clockErrorMs: 2 }),
);
const pair = (from: number, to: number, rest: Partial<ReturnType<typeof newNetworkCheckPair>> = {}) =>
  newNetworkCheckPair({
    fromNodeId: nodeId(from),
    toNodeId: nodeId(to),
    tcp: "passed",
    vxlan: "passed",
    mtu: 1450,
    ...rest,
  });
const well = newNetworkCheckResponse({
  nodes,
  mtu: 1450,
  pairs: [pair(1, 2, { encryption: "passed" }), pair(2, 1, { encryption: "passed" }), pair(1, 3), pair(3, 1)],
});
const wrong = newNetworkCheckResponse({
  nodes,
  mtu: 1450,
  pairs: [
    pair(1, 2),
    pair(2, 1, { tcp: "failed", tcpError: "connection refused" }),
    pair(1, 3, { vxlan: "failed", mtu: 0 }),
    pair(3, 1, { mtu: 1390 }),
  ],
  problems: ["node2 → node1: no connection to 10.0.0.1:7377", "node1 → node3: UDP 4789 (VXLAN) is blocked"],
  notes: ["each node tested its way to 30 others, not to all"],
});

const asked: string[] = [];
let answer: NetworkCheckResponse = well;
const daemon = await startDaemon({
  control: {
    checkNetwork: async ({ node }) => {
      asked.push(node);
      return answer;
    },
  },
});
const { socket } = daemon;
after(() => daemon.close());

test("all is well: one line, status 0", async () => {
  const { out, status } = await skep(["network", "check"], { socket });
  assert.equal(
    out,
    "OK  4 ways between 3 nodes: TCP, VXLAN with packets up to 1450 bytes, encryption on 2 ways; clocks within 7 ms\n",
  );
  assert.equal(status, 0);
});

test("what is wrong, and the ways that it follows from; status 1", async () => {
  answer = wrong;
  const { out, status } = await skep(["network", "check", "node1"], { socket });
  assert.equal(
    out,
    `2 PROBLEMS  4 ways between 3 nodes tested
  ! node2 → node1: no connection to 10.0.0.1:7377
  ! node1 → node3: UDP 4789 (VXLAN) is blocked
  each node tested its way to 30 others, not to all

FROM      TO        TCP                  VXLAN     MTU       ENCRYPTION
node2     node1     connection refused   ok        1450      -
node1     node3     ok                   blocked   -         -
node3     node1     ok                   ok        1390      -
`,
  );
  assert.equal(status, 1);
  assert.deepEqual(asked, ["", "node1"]);
});

test("every way when asked for, and one node alone", () => {
  const verbose = networkCheckText(well, { verbose: true, colour: false });
  assert.equal(verbose.split("\n").length, 8);
  assert.match(verbose, /node1 +node2 +ok +ok +1450 +ok/);
  const alone = networkCheckText(newNetworkCheckResponse({ nodes: nodes.slice(0, 1) }), {
    verbose: false,
    colour: false,
  });
  assert.equal(alone, "OK  there is one node only: nothing to test\n");
});
