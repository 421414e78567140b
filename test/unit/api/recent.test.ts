import assert from "node:assert/strict";
import { test } from "node:test";
import { recentEvents } from "../../../manager/api/recent.ts";
import { type Event, newEvent } from "../../../proto/gen/control.ts";

let version = 0;
const event = (
  type: string,
  id: string,
  attributes: Record<string, string>,
  action: Event["action"] = "update",
): Event => newEvent({ type, id, action, attributes, timeMs: ++version * 1000, version });
const step = (id: string, before: string, now: string, more: Record<string, string> = {}): Event =>
  event("task", id, { name: id, "state.old": before, "state.new": now, ...more });
const wish = (id: string): Event =>
  event("task", id, { name: id, "desiredstate.old": "running", "desiredstate.new": "shutdown" });
const told = (events: readonly Event[], limit = 100): string[] =>
  recentEvents(events, limit).map(
    ({ id, attributes: a }) => `${id} ${a["state.old"] ?? ""}>${a["state.new"] ?? ""}${a["err"] ? ` ${a["err"]}` : ""}`,
  );

const cases: readonly (readonly [name: string, events: readonly Event[], want: readonly string[]])[] = [
  [
    "a task's way up is one entry, where it got to",
    [
      event("task", "a", { name: "a" }, "create"),
      step("a", "new", "pending"),
      step("b", "new", "pending"),
      step("a", "pending", "assigned"),
      step("a", "assigned", "running"),
      step("b", "pending", "preparing"),
    ],
    ["a new>running", "b new>preparing"],
  ],
  [
    "its end is another",
    [step("a", "starting", "running"), wish("a"), step("a", "running", "shutdown")],
    ["a starting>running", "a running>shutdown"],
  ],
  [
    "of a task that failed only that is told",
    [step("a", "new", "pending"), step("a", "pending", "running"), step("a", "running", "failed", { err: "exit 1" })],
    ["a running>failed exit 1"],
  ],
  [
    "why a task waits; not when it has come further",
    [
      event("task", "a", { name: "a", err: "no suitable node" }),
      event("task", "b", { name: "b", err: "no suitable node" }),
      step("b", "pending", "assigned"),
    ],
    ["a > no suitable node", "b pending>assigned"],
  ],
  ["wishes and what history drops are not told", [wish("a"), event("task", "a", { name: "a" }, "remove")], []],
  [
    "nodes and services are, and a new leader once",
    [
      event("node", "n", { "leader.new": "false" }),
      event("node", "m", { "leader.new": "true" }),
      event("node", "n", { "state.old": "ready", "state.new": "down" }),
      event("service", "s", { name: "s" }, "remove"),
    ],
    ["m >", "n ready>down", "s >"],
  ],
];
for (const [name, events, want] of cases) test(`recent events: ${name}`, () => assert.deepEqual(told(events), want));

test("recent events: the newest, up to the limit", () => {
  const events = ["a", "b", "c"].map((id) => step(id, "new", "running"));
  assert.deepEqual(told(events, 2), ["b new>running", "c new>running"]);
});
