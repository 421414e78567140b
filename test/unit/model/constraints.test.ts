import assert from "node:assert/strict";
import { test } from "node:test";
import {
  newEngineDescription,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newNodeStatus,
  newPlatform,
} from "../../../proto/gen/objects.ts";
import { isCode } from "../../../shared/errors.ts";
import {
  compileConstraints,
  constraintIdentity,
  matchesConstraints,
  parseConstraint,
  parseConstraints,
} from "../../../shared/model/constraints.ts";
import { parseId } from "../../../shared/model/ids.ts";

const node = newNode({
  id: parseId("node id", "aaaaabbbbbcccccdddddeeeee"),
  role: "manager",
  spec: newNodeSpec({ labels: { Disk: "SSD", zone: "a", "example.com/disk": "a@b, c" } }),
  description: newNodeDescription({
    hostname: "Host1",
    platform: newPlatform({ os: "linux", architecture: "amd64" }),
    engine: newEngineDescription({ labels: { rack: "r 1" } }),
  }),
  status: newNodeStatus({ addrs: ["10.1.2.3", "2001:db8::7"] }),
});

const cases: readonly (readonly [constraint: string, matches: boolean])[] = [
  ["node.id==aaaaabbbbbcccccdddddeeeee", true],
  ["node.id!=aaaaabbbbbcccccdddddeeeee", false],
  ["node.hostname == host1", true],
  ["NODE.HOSTNAME==HOST1", true],
  ["node.hostname==host2", false],
  ["node.role==Manager", true],
  ["node.role!=manager", false],
  ["node.role==worker", false],
  ["node.platform.os==Linux", true],
  ["node.platform.arch==x86_64", true],
  ["node.platform.arch==amd64", true],
  ["node.platform.arch!=arm64", true],
  ["node.labels.Disk==ssd", true],
  ["node.labels.disk==ssd", false],
  ["node.labels.example.com/disk == A@B, c", true],
  ["node.labels.example.com/disk!=a@b, c", false],
  ["node.labels.missing!=x", true],
  ["node.labels.missing==x", false],
  ["node.labels.constructor!=x", true],
  ["engine.labels.rack==R 1", true],
  ["engine.labels.rack!=r 2", true],
  ["node.ip==10.1.2.3", true],
  ["node.ip!=10.1.2.3", false],
  ["node.ip==10.1.0.0/16", true],
  ["node.ip!=10.2.0.0/16", true],
  ["node.ip==2001:db8::/32", true],
  ["node.ip==2001:db8:0:0::7", true],
  ["node.ip==::ffff:10.1.2.3", true],
];
for (const [constraint, matches] of cases) {
  test(`constraint ${constraint} ${matches ? "matches" : "does not match"}`, () => {
    assert.equal(matchesConstraints(parseConstraints([constraint]), node), matches);
  });
}

const identities: readonly (readonly [a: string, b: string, same: boolean])[] = [
  ["node.role==worker", " Node.Role  ==  Worker ", true],
  ["node.role==worker", "node.role!=worker", false],
  ["node.labels.a==x", "Node.Labels.a == X", true],
  ["node.labels.a==x", "node.labels.A==x", false],
  ["node.labels.a==x", "engine.labels.a==x", false],
  ["node.ip==10.1.2.3/8", "node.ip==10.0.0.0/8", true],
  ["node.ip==fd00::0:1", "node.ip==FD00::1", true],
  ["node.platform.arch==x86_64", "node.platform.arch==amd64", true],
  ["node.nonsense", " node.nonsense", true],
];
for (const [a, b, same] of identities) {
  test(`constraints "${a}" and "${b}" are ${same ? "one" : "two"}`, () =>
    assert.equal(constraintIdentity(a) === constraintIdentity(b), same));
}

const refused: readonly (readonly [constraint: string, message: RegExp])[] = [
  ["node.role=manager", /expected one operator from ==, !=/],
  ["", /expected one operator/],
  ["node.labels.x==", /value '' is invalid/],
  ["==x", /key '' is invalid/],
  ["node role==x", /key 'node role' is invalid/],
  ["node.labels.a==b==c", /value 'b==c' is invalid/],
  ["node.labels.==x", /key 'node.labels.' is unknown; the keys are node.id, /],
  ["node.lables.x==1", /key 'node.lables.x' is unknown/],
  ["node.role==master", /manager or worker/],
  ["node.ip==10.0.0.256", /neither an IP address nor a subnet/],
  ["node.ip==10.0.0.0/33", /neither an IP address nor a subnet/],
];
for (const [constraint, message] of refused) {
  test(`constraint ${JSON.stringify(constraint)} is refused`, () => {
    assert.throws(
      () => parseConstraint(constraint),
      (error: Error) => isCode(error, "invalid_argument") && message.test(error.message),
    );
    assert.equal(compileConstraints([constraint])(node), false, "stored all the same, it matches nothing");
  });
}

test("all constraints must hold", () => {
  assert.equal(compileConstraints(["node.role==manager", "node.labels.zone==a"])(node), true);
  assert.equal(compileConstraints(["node.role==manager", "node.labels.zone==b"])(node), false);
  assert.equal(compileConstraints([])(node), true);
});

test("a node that never described itself has empty values", () => {
  const bare = newNode();
  assert.equal(compileConstraints(["node.hostname==x"])(bare), false);
  assert.equal(compileConstraints(["node.hostname!=x", "node.ip!=10.0.0.1", "engine.labels.a!=b"])(bare), true);
});
