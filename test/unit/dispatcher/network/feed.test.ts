import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { heldNetworks } from "../../../../agent/network/held.ts";
import { merge, type NetworkViews } from "../../../../agent/network/view.ts";
import { NetworkFeed } from "../../../../manager/dispatcher/network/feed.ts";
import { NetworkMessages } from "../../../../manager/dispatcher/network/messages.ts";
import { Networks } from "../../../../manager/dispatcher/network/networks.ts";
import { Turns } from "../../../../manager/dispatcher/network/turns.ts";
import { Outbox } from "../../../../manager/dispatcher/outbox.ts";
import type { Change, View } from "../../../../manager/store/types.ts";
import {
  type DispatcherMessage,
  encodeDispatcherMessage,
  newTaskStatusUpdate,
} from "../../../../proto/gen/dispatcher.ts";
import type { NetworkHeld } from "../../../../proto/gen/network.ts";
import type { Task } from "../../../../proto/gen/objects.ts";
import {
  commit,
  network,
  networkId,
  node,
  nodeId,
  type Objects,
  put,
  remove,
  service,
  short,
  task,
  taskId,
  viewOf,
} from "./fixtures.ts";

/** One node's feed over a store, and an agent that merges what it gets. */
class Scene {
  readonly networks: Networks;
  readonly messages: NetworkMessages;
  readonly turns = new Turns<NetworkFeed>((feed) => feed.wake());
  readonly feed: NetworkFeed;
  views: NetworkViews = new Map();
  woken = 0;
  version: number;
  #last: DispatcherMessage | undefined;

  constructor(objects: Objects, maxPartBytes?: number, version = 10) {
    this.version = version;
    this.networks = new Networks(viewOf(objects, version));
    this.messages = new NetworkMessages(maxPartBytes);
    this.feed = new NetworkFeed(nodeId("n1"), this.networks, this, () => {
      this.woken++;
    });
  }

  get last(): DispatcherMessage | undefined {
    return this.#last;
  }

  commit(...changes: readonly Change[]): void {
    const result = this.networks.apply(commit(++this.version, ...changes));
    for (const id of result.networks) if (this.networks.wants(nodeId("n1"), id)) this.feed.mark(id);
    for (const [on, id] of result.left) if (on === nodeId("n1")) this.feed.mark(id);
  }

  /** All that waits, or the first few messages of it, in words. */
  said(feed = this.feed, most = Number.POSITIVE_INFINITY): string[] {
    const lines: string[] = [];
    for (;;) {
      if (lines.length >= most) return lines;
      const message = feed.nextSnapshot() ?? feed.nextDelta() ?? feed.nextGone();
      if (message === undefined) return lines;
      lines.push(this.#hear(message));
    }
  }

  #hear(message: DispatcherMessage): string {
    this.#last = message;
    assert.ok(message.message?.kind === "network");
    const { update } = message.message;
    const merged = merge(this.views, update);
    assert.equal(merged.kind, "merged", JSON.stringify(merged));
    if (merged.kind === "merged") this.views = merged.views;
    if (update?.kind === "snapshot")
      return `${update.network?.name} whole ${update.version}: ${this.#all(update.network?.networkId ?? "")}`;
    if (update?.kind !== "delta") return `${short(update?.networkId ?? "")} gone`;
    const words = [
      ...(update.network === undefined ? [] : [`mtu ${update.network.mtu}`]),
      ...update.nodes.map(({ nodeId: id }) => `+${short(id)}`),
      ...update.removedNodeIds.map((id) => `-${short(id)}`),
      ...update.services.map(({ name }) => `+${name}`),
      ...update.removedServiceIds.map((id) => `-${short(id)}`),
      ...update.endpoints.map(({ taskId: id, state }) => `+${short(id)} ${state}`),
      ...update.removedTaskIds.map((id) => `-${short(id)}`),
    ];
    return `${short(update.networkId)} ${update.appliesTo}>${update.version}: ${words.join(" ")}`;
  }

  #all(id: string): string {
    const view = this.views.get(id as ReturnType<typeof networkId>);
    const endpoints = [...(view?.endpoints.values() ?? [])].map(({ taskId: key, state }) => `${short(key)} ${state}`);
    return [...[...(view?.nodes.keys() ?? [])].map(short), ...endpoints].join(" ");
  }
}

const OBJECTS = {
  networks: [network("net1"), network("net2")],
  nodes: [node("n1"), node("n2")],
  services: [service("web", ["net1"])],
  tasks: [task("a"), task("b", { on: "n2", slot: 2 })],
};

describe("a node hears of a network", () => {
  test("as a whole, then by changes, each upon the last, and that it is gone", () => {
    const at = new Scene(OBJECTS);
    assert.deepEqual(at.said(), ["net1 whole 10: n1 n2 a ready b ready"]);
    assert.deepEqual(at.said(), []);
    at.commit(put.task(task("b", { on: "n2", slot: 2, desired: "shutdown" })));
    assert.deepEqual(at.said(), ["net1 10>11: +b draining"]);
    at.commit(put.service(service("db", ["net1"])), put.task(task("c", { on: "n3" })));
    at.commit(put.task(task("b", { on: "n2", state: "shutdown", desired: "shutdown" })));
    assert.deepEqual(at.said(), ["net1 11>13: -n2 +db -b"]);
    at.commit(put.task(task("a", { state: "failed" })));
    assert.deepEqual(at.said(), ["net1 gone"]);
    assert.equal(at.views.size, 0);
  });

  test("what queues is said together, as it is in the end", () => {
    const at = new Scene(OBJECTS);
    at.said();
    for (const state of ["assigned", "running", "failed"] as const) at.commit(put.task(task("c", { state })));
    at.commit(put.task(task("b", { on: "n2", slot: 2, desired: "shutdown" })));
    at.commit(put.task(task("d", { state: "assigned" })));
    assert.deepEqual(at.said(), ["net1 10>15: +b draining +d starting -c"]);
  });

  test("nothing of those that its tasks are not on", () => {
    const at = new Scene(OBJECTS);
    at.said();
    const before = at.woken;
    at.commit(put.task(task("c", { on: "n2", networks: ["net2"] })));
    assert.deepEqual(at.said(), []);
    assert.equal(at.woken, before);
  });

  test("a node that leaves and comes back before it was told hears of changes only", () => {
    const at = new Scene(OBJECTS);
    at.said();
    at.commit(put.task(task("a", { state: "failed" })));
    at.commit(put.task(task("e", { state: "assigned" })));
    assert.deepEqual(at.said(), ["net1 10>12: +n1 +e starting -a"]);
  });

  test("a network that is removed under it is gone, and a new one of that name is another", () => {
    const at = new Scene(OBJECTS);
    at.said();
    at.commit(remove.network(network("net1")));
    at.commit(put.network(network("net1")));
    assert.deepEqual(at.said(), ["net1 10>12: mtu 1450"]);
    at.commit(remove.network(network("net1")));
    assert.deepEqual(at.said(), ["net1 gone"]);
    at.commit(put.network(network("net1")));
    assert.deepEqual(at.said(), ["net1 whole 14: n1 n2 a ready b ready"]);
  });
});

describe("an agent that knows a network already", () => {
  const known = (at: Scene, held: readonly NetworkHeld[]): string[] => {
    const feed = new NetworkFeed(nodeId("n1"), at.networks, at, () => undefined, held);
    return at.said(feed);
  };

  test("hears that it is just so, and goes on from there", () => {
    const at = new Scene(OBJECTS);
    at.said();
    const held = heldNetworks(at.views);
    const next = new Scene(OBJECTS, undefined, 40);
    next.views = at.views;
    assert.deepEqual(known(next, held), ["net1 10>40: "]);
    assert.equal(next.views.get(networkId("net1"))?.version, 40);
    assert.equal(next.views.get(networkId("net1"))?.endpoints.size, 2);
  });

  test("hears it also at the very version", () => {
    const at = new Scene(OBJECTS);
    at.said();
    assert.deepEqual(known(at, heldNetworks(at.views)), ["net1 10>10: "]);
    assert.equal(at.views.get(networkId("net1"))?.version, 10);
  });

  const others: readonly (readonly [
    name: string,
    change: (at: Scene, held: readonly NetworkHeld[]) => readonly NetworkHeld[],
  ])[] = [
    [
      "otherwise",
      (at, held) => {
        at.commit(put.task(task("a", { desired: "shutdown" })));
        return held;
      },
    ],
    ["with another digest", (_, held) => held.map((each) => ({ ...each, digest: new Uint8Array(32) }))],
    ["without a digest", (_, held) => held.map((each) => ({ ...each, digest: new Uint8Array() }))],
    ["at a version that is still to come", (_, held) => held.map((each) => ({ ...each, version: 99 }))],
  ];
  for (const [name, change] of others) {
    test(`${name}, hears the whole`, () => {
      const at = new Scene(OBJECTS);
      at.said();
      assert.match(known(at, change(at, heldNetworks(at.views))).join(), /^net1 whole \d+: n1 n2 a \w+ b ready$/);
    });
  }

  test("of one that its node gets later, when it has forgotten it, hears the whole", () => {
    const at = new Scene({ ...OBJECTS, tasks: [task("b", { on: "n2", slot: 2 })] });
    const elsewhere = new NetworkFeed(nodeId("n2"), at.networks, at, () => undefined);
    at.said(elsewhere);
    at.networks.apply(commit(11, put.task(task("a"))));
    at.said(elsewhere);
    const held = heldNetworks(at.views);
    at.networks.apply(commit(12, remove.task(task("a"))));
    const feed = new NetworkFeed(nodeId("n1"), at.networks, at, () => undefined, held);
    assert.deepEqual(at.said(feed), []);
    feed.begun();
    at.networks.apply(commit(13, put.task(task("a"))));
    feed.mark(networkId("net1"));
    assert.deepEqual(at.said(feed), ["net1 whole 13: n2 n1 b ready a ready"]);
  });
});

describe("the whole is said again", () => {
  test("when it is asked for, but not ever faster", () => {
    const at = new Scene(OBJECTS);
    at.said();
    at.feed.resync(networkId("net1"), 1_000);
    assert.deepEqual(at.said(), ["net1 whole 10: n1 n2 a ready b ready"]);
    at.feed.resync(networkId("net1"), 1_500);
    at.feed.sweep(1_900);
    assert.deepEqual(at.said(), []);
    at.feed.sweep(2_000);
    assert.deepEqual(at.said(), ["net1 whole 10: n1 n2 a ready b ready"]);
    at.feed.sweep(9_000);
    assert.deepEqual(at.said(), []);
  });

  test("when the store was looked at anew", () => {
    const at = new Scene(OBJECTS);
    at.said();
    at.feed.restart(new Networks(viewOf({ ...OBJECTS, tasks: [task("a"), task("c", { networks: ["net2"] })] }, 20)));
    assert.deepEqual(at.said(), ["net1 whole 20: n1 a ready", "net2 whole 20: n1 c ready"]);
    at.feed.restart(new Networks(viewOf({ ...OBJECTS, tasks: [task("a")] }, 30)));
    assert.deepEqual(at.said(), ["net1 whole 30: n1 a ready", "net2 gone"]);
  });

  test("when the changes are not known any more, or are more than it", () => {
    const at = new Scene(OBJECTS);
    at.said();
    for (let n = 0; n < 2_500; n++)
      at.commit(put.task(task("b", { on: "n2", slot: 2, desired: n % 2 === 0 ? "shutdown" : "running" })));
    assert.deepEqual(at.said(), ["net1 whole 2510: n1 n2 a ready b ready"]);
    at.commit(...Array.from({ length: 1_500 }, (_, n) => put.task(task(`x${n}y`, { on: "n2" }))));
    assert.match(at.said().join(), /^net1 whole 2511: /);
  });
});

describe("a node's word that it has applied a version", () => {
  test("counts for what it was sent, and only forward", () => {
    const at = new Scene(OBJECTS);
    const [net1, net2] = [networkId("net1"), networkId("net2")];
    assert.equal(at.feed.applied(net1, 10), false, "before it was sent");
    at.said();
    assert.equal(at.feed.applied(net1, 11), false, "from the future");
    assert.equal(at.feed.applied(net1, 10), true);
    assert.equal(at.feed.applied(net1, 10), false, "again");
    assert.equal(at.feed.applied(net1, 9), false, "backward");
    assert.equal(at.feed.applied(net2, 9), false, "of another network");
    assert.equal(at.feed.appliedVersion(net1), 10);
    assert.equal(at.feed.appliedVersion(net2), 0);
  });

  test("about a network that it should have forgotten is answered so", () => {
    const at = new Scene(OBJECTS);
    at.said();
    at.feed.applied(networkId("net2"), 7);
    at.feed.resync(networkId("net7"), 0);
    assert.deepEqual(at.said(), ["net2 gone", "net7 gone"]);
    for (let n = 0; n < 5_000; n++) at.feed.applied(networkId(`strange${n}x`), 1);
    assert.equal(at.said().length, 1_000, "but not without end");
  });
});

describe("large networks", () => {
  const many = Array.from({ length: 300 }, (_, n) => task(`t${n}x`, { on: `n${(n % 3) + 1}`, slot: n + 1 }));

  test("are cut into a snapshot and deltas upon it, which end at the version", () => {
    const at = new Scene({ ...OBJECTS, nodes: [node("n1"), node("n2"), node("n3")], tasks: many }, 20_000);
    const lines = at.said();
    assert.match(lines[0] ?? "", /^net1 whole 8: n1 n2 n3 t0x ready/);
    const versions = lines.slice(1).map((line) => line.split(":")[0]);
    assert.deepEqual(versions, ["net1 8>9", "net1 9>10"]);
    assert.equal(at.views.get(networkId("net1"))?.version, 10);
    assert.equal(at.views.get(networkId("net1"))?.endpoints.size, 300);
    at.commit(put.task(task("t0x", { desired: "shutdown" })));
    assert.deepEqual(at.said(), ["net1 10>11: +t0x draining"]);
  });

  test("parts that are under way go on when the network changes meanwhile", () => {
    const at = new Scene({ ...OBJECTS, tasks: many }, 20_000);
    const first = at.feed.nextSnapshot();
    assert.ok(first !== undefined);
    at.commit(put.task(task("t0x", { state: "failed" })));
    const second = at.feed.nextSnapshot();
    assert.ok(second?.message?.kind === "network" && second.message.update?.kind === "delta");
    assert.ok(second.message.update.version <= 10);
  });

  test("parts wait for the next turn, and other networks have their word meanwhile", () => {
    const at = new Scene({ ...OBJECTS, tasks: [task("c", { networks: ["net2"] })] }, 20_000);
    const turns = new Turns<NetworkFeed>((feed) => feed.wake(), 1);
    const feed = new NetworkFeed(nodeId("n1"), at.networks, { messages: at.messages, turns }, () => undefined);
    const other = new NetworkFeed(nodeId("n2"), at.networks, { messages: at.messages, turns }, () => undefined);
    const hear = (...changes: readonly Change[]): void => {
      at.commit(...changes);
      for (const name of ["net1", "net2"]) feed.mark(networkId(name));
    };
    assert.deepEqual(at.said(feed), ["net2 whole 10: n1 c ready"]);
    hear(...many.map(put.task));
    assert.ok(at.said(feed, 1)[0]?.startsWith("net1 whole 10: "));
    turns.leave(feed); // it took too long
    assert.ok(turns.enter(other));
    hear(put.task(task("t0x", { desired: "shutdown" })), put.task(task("c", { networks: ["net2"], state: "failed" })));
    hear(put.task(task("d", { networks: ["net2"] })));
    assert.deepEqual(at.said(feed), ["net2 10>13: +n1 +d ready -c"]);
    turns.leave(other);
    const lines = at.said(feed).map((line) => line.split(":")[0]);
    assert.deepEqual(lines, ["net1 10>11", "net1 11>12"]);
    assert.equal(at.views.get(networkId("net1"))?.endpoints.size, 200);
    assert.equal(at.views.get(networkId("net1"))?.endpoints.get(taskId("t0x"))?.state, "draining");
  });

  test("whose rest an agent has no use for are said anew, or not at all", () => {
    const at = new Scene({ ...OBJECTS, tasks: many }, 20_000);
    assert.ok(at.said(at.feed, 1)[0]?.startsWith("net1 whole 9: "));
    at.feed.resync(networkId("net1"), 1_000);
    assert.ok(at.said(at.feed, 1)[0]?.startsWith("net1 whole 9: "));
    at.commit(...many.map((each) => remove.task(each)));
    at.turns.leave(at.feed);
    const waiting = Array.from({ length: 64 }, () => new NetworkFeed(nodeId("n2"), at.networks, at, () => undefined));
    for (const each of waiting) at.turns.enter(each);
    assert.deepEqual(at.said(), ["net1 gone"]);
    for (const each of waiting) at.turns.leave(each);
    assert.deepEqual(at.said(), []);
  });

  test("of ten thousand endpoints fit into one message of 8 MiB", () => {
    const tasks = Array.from({ length: 10_000 }, (_, n) => task(`t${n}x`, { on: `n${(n % 3) + 1}`, slot: n + 1 }));
    const at = new Scene({ ...OBJECTS, nodes: [node("n1"), node("n2"), node("n3")], tasks });
    assert.equal(at.said().length, 1);
    assert.ok(at.last !== undefined);
    const bytes = encodeDispatcherMessage(at.last).length;
    assert.ok(bytes < 3 * 2 ** 20, `${bytes} bytes`);
  });
});

/** The outbox of n1, over a store that may be ahead of what follows it. */
function outboxOver(networks: Networks, turns: Turns<NetworkFeed>, tasks: readonly Task[]) {
  const view = {
    version: 12,
    tasksOfNode: () => tasks,
    get: (table: string, id: string) => (id === networkId("net7") ? undefined : { table, id }),
  } as unknown as View;
  const outbox = new Outbox(nodeId("n1"), (read) => read(view));
  const feed = new NetworkFeed(nodeId("n1"), networks, { messages: new NetworkMessages(), turns }, () => undefined);
  outbox.networks(feed);
  const said = (): string[] => {
    const lines: string[] = [];
    for (let next = outbox.next(); next !== undefined; next = outbox.next()) {
      const { message } = next;
      const update = message?.kind === "network" ? message.update : undefined;
      if (update?.kind === "snapshot") lines.push(`${update.network?.name} whole`);
      else if (message?.kind === "assignments")
        lines.push(`${message.type} ${message.tasks.map(({ id }) => short(id)).join()}`);
      else lines.push(message?.kind ?? "");
    }
    return lines;
  };
  return { outbox, feed, said };
}

test("all tasks wait for their networks where the store is ahead of what follows it, and nothing else waits", () => {
  const behind = new Networks(viewOf(OBJECTS));
  const tasks = [task("a"), task("c", { networks: ["net2"] }), task("d", { networks: ["net7"] })];
  const { outbox, feed, said } = outboxOver(behind, new Turns(() => undefined), tasks);
  outbox.stored(newTaskStatusUpdate({ taskId: taskId("a") }));
  outbox.drained(taskId("a"));
  assert.deepEqual(said(), ["net1 whole", "stored"]);
  behind.apply(commit(12, put.task(task("c", { networks: ["net2"] }))));
  feed.mark(networkId("net2"));
  assert.deepEqual(said(), ["net2 whole", "complete a,c,d", "drained"]);
});

test("while others have their turn, a task waits for its network, and nothing else waits", () => {
  const networks = new Networks(viewOf({ ...OBJECTS, tasks: [] }));
  const woken: NetworkFeed[] = [];
  const turns = new Turns<NetworkFeed>((feed) => woken.push(feed), 1);
  const { outbox, feed, said } = outboxOver(networks, turns, []);
  assert.deepEqual(said(), ["complete "]);
  const other = new NetworkFeed(nodeId("n2"), networks, { messages: new NetworkMessages(), turns }, () => undefined);
  networks.apply(commit(11, put.task(task("x", { on: "n2" }))));
  other.mark(networkId("net1"));
  assert.ok(other.nextSnapshot() !== undefined, "and its transport is full now");

  networks.apply(commit(13, put.task(task("a")), put.task(task("b", { networks: [] }))));
  feed.mark(networkId("net1"));
  outbox.change(taskId("a"), task("a"), 13);
  outbox.change(taskId("b"), task("b", { networks: [] }), 13);
  outbox.change(taskId("gone"), undefined, 13);
  outbox.drained(taskId("a"));
  outbox.beat();
  assert.deepEqual(said(), ["incremental b"], "every message is a sign of life");
  assert.equal(other.nextSnapshot(), undefined, "there is room again, and nothing more to send");
  assert.deepEqual(woken, [feed]);
  assert.deepEqual(said(), ["net1 whole", "incremental a", "drained"]);
});

test("a network that changes all the time does not hold up tasks, nor they it", () => {
  const networks = new Networks(viewOf(OBJECTS));
  const { outbox, feed, said } = outboxOver(networks, new Turns(() => undefined), [task("a")]);
  said();
  const kinds: string[] = [];
  for (let n = 0; n < 6; n++) {
    const desired = n % 2 === 0 ? "shutdown" : "running";
    networks.apply(commit(13 + n, put.task(task("b", { on: "n2", slot: 2, desired }))));
    feed.mark(networkId("net1"));
    outbox.change(taskId(`x${n}y`), undefined, 13 + n);
    outbox.stored(newTaskStatusUpdate({ taskId: taskId("a") }));
    kinds.push(outbox.next()?.message?.kind ?? "nothing");
  }
  assert.deepEqual(kinds, ["network", "assignments", "network", "assignments", "network", "assignments"]);
  const rest = [outbox.next(), outbox.next(), outbox.next()].map((next) => next?.message?.kind);
  assert.deepEqual(rest, ["network", "stored", undefined]);
});

test("agents at one version get the very same message", () => {
  const at = new Scene(OBJECTS);
  const other = new NetworkFeed(nodeId("n2"), at.networks, at, () => undefined);
  assert.equal(other.nextSnapshot(), at.feed.nextSnapshot());
  at.commit(put.task(task("c")));
  other.mark(networkId("net1"));
  assert.equal(other.nextDelta(), at.feed.nextDelta());
});
