import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../../../../manager/dispatcher/network/turns.ts";

function scene() {
  const told: string[] = [];
  const names = new Map(["a", "b", "c", "d"].map((name) => [name, { name }]));
  const of = (name: string): { name: string } => names.get(name) ?? assert.fail(name);
  const turns = new Turns<{ name: string }>(({ name }) => told.push(name), 2);
  return {
    told,
    enter: (name: string) => turns.enter(of(name)),
    leave: (name: string) => turns.leave(of(name)),
    turns,
  };
}

test("so many at once, the others in the order in which they came", () => {
  const { told, enter, leave } = scene();
  assert.deepEqual(["a", "b", "c", "d", "c"].map(enter), [true, true, false, false, false]);
  assert.equal(enter("a"), true, "as long as it has something to send");
  leave("b");
  assert.deepEqual(told, ["c"]);
  assert.deepEqual([enter("c"), enter("b")], [true, false]);
  leave("a");
  leave("c");
  assert.deepEqual(told, ["c", "d", "b"]);
});

test("who gives up waiting, or never began, changes nothing", () => {
  const { told, enter, leave } = scene();
  ["a", "b", "c"].map(enter);
  leave("c");
  leave("d");
  leave("a");
  assert.deepEqual(told, []);
  assert.equal(enter("d"), true);
});

test("a turn does not last for ever", () => {
  const { told, enter, turns } = scene();
  enter("a");
  for (let n = 0; n < 3; n++) turns.sweep();
  enter("b");
  ["c", "d"].map(enter);
  for (let n = 0; n < 3; n++) turns.sweep();
  assert.deepEqual(told, ["c"], "a is over");
  for (let n = 0; n < 3; n++) turns.sweep();
  assert.deepEqual(told, ["c", "d"], "b is over");
  assert.equal(enter("a"), false, "it may come again");
  assert.equal(turns.areOver, false);
  for (let n = 0; n < 30; n++) turns.sweep();
  assert.equal(turns.areOver, true);
});
