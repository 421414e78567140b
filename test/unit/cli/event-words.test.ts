import assert from "node:assert/strict";
import { test } from "node:test";
import { storyOf } from "../../../cli/render/event-story.ts";
import { eventWords } from "../../../cli/render/event-words.ts";
import { type Event, newEvent } from "../../../proto/gen/control.ts";
import { nodeId } from "./objects.ts";

type Pairs = Readonly<Record<string, string>>;
const event = (type: string, attributes: Pairs, action: Event["action"] = "update", timeMs = 0): Event =>
  newEvent({ type, action, id: "abcdefghijklmnopqrstuvwxy", attributes: { ...attributes }, timeMs });
const onNode = (n: number, attributes: Pairs): Pairs => ({ node: nodeId(n), "node.name": `node${n}`, ...attributes });
const moved = (before: string, after: string, more: Pairs = {}): Pairs => ({
  "state.old": before,
  "state.new": after,
  ...more,
});
const task = (name: string, n: number, attributes: Pairs, timeMs = 0): Event =>
  event("task", onNode(n, { name, ...attributes }), "update", timeMs);

const words: readonly (readonly [said: Event, want: string])[] = [
  [task("hello.2", 3, moved("starting", "running")), "hello.2 on node3: starting → running"],
  [
    task("web.1", 4, moved("running", "failed", { err: "task: non-zero exit (1)" })),
    "web.1 failed on node4: task: non-zero exit (1)",
  ],
  [
    task("web.1", 4, moved("preparing", "rejected", { err: "No such image" })),
    "web.1 rejected by node4: No such image",
  ],
  [task("web.1", 4, moved("running", "shutdown")), "web.1 on node4: running → shutdown"],
  [task("web.1", 4, moved("assigned", "preparing", { err: "busy" })), "web.1 on node4: assigned → preparing: busy"],
  [event("task", { name: "web.1", err: "no suitable node" }), "web.1 waits: no suitable node"],
  [
    task("web.1", 4, { "desiredstate.old": "running", "desiredstate.new": "shutdown" }),
    "web.1 on node4: wanted running → shutdown",
  ],
  [event("task", { name: "web.1" }, "create"), "web.1: new"],
  [event("task", onNode(4, { name: "web.1" }), "remove"), "web.1 on node4: removed"],
  [task(`page.${nodeId(2)}`, 2, moved("new", "running")), "page on node2: new → running"],
  [event("task", { node: nodeId(7), ...moved("new", "running") }), "abcdefghijkl on node7xxxxxxx: new → running"],
  [
    event("node", { name: "node5", ...moved("ready", "down"), message: "heartbeat failure" }),
    "node5: ready → down (heartbeat failure)",
  ],
  [event("node", { name: "node5", ...moved("", "ready") }), "node5: none → ready"],
  [
    event("node", {
      name: "n",
      "availability.old": "active",
      "availability.new": "drain",
      "role.old": "a",
      "role.new": "b",
    }),
    "n: availability active → drain, role a → b",
  ],
  [event("node", { name: "n" }), "n: labels changed"],
  [event("node", { name: "n", "leader.new": "true" }), "n is the leader now"],
  [event("node", { name: "n", "leader.new": "false" }), "n is no longer the leader"],
  [event("node", { name: "n" }, "create"), "n joined"],
  [event("node", {}, "remove"), "abcdefghijkl was removed from the cluster"],
  [event("service", { name: "hello", "replicas.old": "5", "replicas.new": "20" }), "service hello: replicas 5 → 20"],
  [
    event("service", { name: "hello", "image.old": `web:1@sha256:${"a".repeat(64)}`, "image.new": "web:2" }),
    "service hello: image web:1 → web:2",
  ],
  [event("service", { name: "hello", "updatestate.new": "rollback_paused" }), "service hello: rollback paused"],
  [event("service", { name: "hello" }), "service hello updated"],
  [event("service", { name: "hello" }, "create"), "service hello created"],
  [event("cluster", { name: "default", "jointoken.worker": "rotated" }), "join token of worker rotated"],
  [event("cluster", { name: "default" }), "cluster updated"],
  [event("secret", { name: "key" }, "remove"), "secret key removed"],
];
for (const [said, want] of words) test(`event in words: ${want}`, () => assert.equal(eventWords(said), want));

const repeat = (count: number, make: (i: number) => Event): Event[] => Array.from({ length: count }, (_, i) => make(i));
const exit1 = { err: "task: non-zero exit (1)" };
const stories: readonly (readonly [name: string, events: readonly Event[], want: readonly string[]])[] = [
  ["one alone speaks for itself", [task("a.1", 3, moved("new", "running"))], ["a.1 on node3: new → running"]],
  [
    "many tasks of a service",
    repeat(15, (i) => task(`hello.${i}`, (i % 5) + 1, moved("new", "running"), i)),
    ["hello: 15 tasks on 5 nodes: new → running"],
  ],
  [
    "some were further when the story begins",
    [task("a.1", 1, moved("new", "running")), task("a.2", 1, moved("starting", "running"))],
    ["a: 2 tasks on node1: now running"],
  ],
  [
    "one that fails again and again",
    repeat(4, (i) => task("web.1", 4, moved("running", "failed", exit1), i * 6_000)),
    ["web.1 failed 4 times on node4: task: non-zero exit (1)"],
  ],
  [
    "several that fail again and again",
    repeat(6, (i) => task(`web.${i % 2}`, 4 + (i % 2), moved("running", "failed", exit1), i * 3_000)),
    ["web: 2 tasks failed 6 times on 2 nodes: task: non-zero exit (1)"],
  ],
  [
    "tasks of a global service are told apart by their nodes",
    repeat(3, (i) => task(`page.${nodeId(i)}`, i, moved("new", "running"))),
    ["page: 3 tasks on 3 nodes: new → running"],
  ],
  [
    "what waits for the same reason",
    repeat(3, (i) => event("task", { name: `a.${i}`, err: "no suitable node" })),
    ["a: 3 tasks wait: no suitable node"],
  ],
  [
    "a service made, removed and made again: two services",
    ["a", "b"].map((id) => newEvent({ type: "service", action: "create", id, attributes: { name: "web" } })),
    ["service web created", "service web created"],
  ],
  ["the same once more", repeat(2, () => event("service", { name: "a" })), ["service a updated (2 times)"]],
  [
    "what is far apart stays apart, in order",
    [
      task("a.1", 1, moved("new", "running"), 0),
      event("service", { name: "a", "replicas.old": "1", "replicas.new": "2" }, "update", 60_000),
      task("a.2", 1, moved("new", "running"), 60_500),
    ],
    ["a.1 on node1: new → running", "service a: replicas 1 → 2", "a.2 on node1: new → running"],
  ],
];
for (const [name, events, want] of stories) {
  test(`story: ${name}`, () =>
    assert.deepEqual(
      storyOf(events, 10).map(({ text }) => text),
      want,
    ));
}

test("story: the newest lines, and all that belongs to them", () => {
  const events = [
    task("b.1", 1, moved("new", "running"), 500),
    event("service", { name: "c" }, "create", 800),
    task("b.2", 1, moved("new", "running"), 1_000),
  ];
  assert.deepEqual(storyOf(events, 1), [{ timeMs: 1_000, text: "b: 2 tasks on node1: new → running" }]);
});
