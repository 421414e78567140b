import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Drains } from "../../../../manager/dispatcher/network/drains.ts";
import { networkId, nodeId, short, taskId } from "./fixtures.ts";

/** A script: what happens, and which tasks are drained by it. */
function script(steps: readonly (readonly [step: string, drained: string])[]): void {
  let drained: string[] = [];
  const drains = new Drains((id) => drained.push(short(id)));
  for (const [step, want] of steps) {
    drained = [];
    const [verb = "", ...words] = step.split(" ");
    perform(drains, verb, words);
    assert.deepEqual(drained.sort().join(), want, step);
  }
}

function perform(drains: Drains, verb: string, words: readonly string[]): void {
  const [a = "", b = "", c = ""] = words;
  switch (verb) {
    case "stop": // stop a net1:11:n1,n2 net2:…
      drains.begin(
        taskId(a),
        words.slice(1).map((word) => {
          const [network = "", version = "", nodes = ""] = word.split(":");
          const waitingFor = () => nodes.split(",").filter(Boolean).map(nodeId);
          return { network: networkId(network), version: Number(version), waitingFor };
        }),
      );
      return;
    case "applied":
      drains.applied(nodeId(a), networkId(b), Number(c));
      return;
    case "left":
      drains.left(nodeId(a), networkId(b));
      return;
    case "lost":
      drains.lost(nodeId(a));
      return;
    case "end":
      drains.end(taskId(a));
      return;
    default:
      assert.fail(verb);
  }
}

describe("a task is drained", () => {
  const cases: readonly (readonly [name: string, steps: readonly (readonly [string, string])[]])[] = [
    ["at once, where nobody sent to it", [["stop a", "a"]]],
    ["at once, where all know it", [["stop a net1:11:", "a"]]],
    [
      "when all nodes have applied that, or more",
      [
        ["stop a net1:11:n1,n2,n3", ""],
        ["applied n1 net1 10", ""],
        ["applied n2 net1 11", ""],
        ["applied n1 net1 14", ""],
        ["applied n1 net1 15", ""],
        ["applied n3 net2 20", ""],
        ["applied n3 net1 12", "a"],
        ["applied n3 net1 13", ""],
      ],
    ],
    [
      "on all of its networks",
      [
        ["stop a net1:11:n1 net2:11:n1,n2", ""],
        ["applied n1 net1 11", ""],
        ["applied n1 net2 11", ""],
        ["applied n2 net2 11", "a"],
      ],
    ],
    [
      "with those that stop with it",
      [
        ["stop a net1:11:n1", ""],
        ["stop b net1:11:n1", ""],
        ["stop c net1:12:n1", ""],
        ["applied n1 net1 11", "a,b"],
        ["applied n1 net1 12", "c"],
      ],
    ],
    [
      "without nodes that are lost, or that leave the network",
      [
        ["stop a net1:11:n1,n2,n3 net2:11:n2", ""],
        ["lost n2", ""],
        ["left n1 net1", ""],
        ["applied n3 net1 11", "a"],
      ],
    ],
    [
      "once",
      [
        ["stop a net1:11:n1", ""],
        ["stop a net1:12:n1,n2", ""],
        ["applied n1 net1 11", "a"],
        ["stop a net1:12:n1,n2", ""],
        ["lost n1", ""],
      ],
    ],
    [
      "never, once it has ended",
      [
        ["stop a net1:11:n1", ""],
        ["stop b net1:11:n1", ""],
        ["end a", ""],
        ["applied n1 net1 11", "b"],
        ["end b", ""],
        ["stop a net1:13:n1", ""],
        ["applied n1 net1 13", "a"],
      ],
    ],
  ];
  for (const [name, steps] of cases) test(name, () => script(steps));
});

test("what is asked for later is known", () => {
  const drains = new Drains(() => undefined);
  assert.equal(drains.isDrained(taskId("a")), false);
  drains.begin(taskId("a"), [{ network: networkId("net1"), version: 5, waitingFor: () => [nodeId("n1")] }]);
  assert.deepEqual([drains.has(taskId("a")), drains.isDrained(taskId("a"))], [true, false]);
  drains.lost(nodeId("n1"));
  assert.equal(drains.isDrained(taskId("a")), true);
  drains.end(taskId("a"));
  assert.deepEqual([drains.has(taskId("a")), drains.isDrained(taskId("a"))], [false, false]);
});
