// What breaks, and what the cluster does about it: drained and killed workers, a killed leader, cut links, restarted and
// stopped daemons, containerd gone. Real hosts' power and links are cut; nothing is simulated.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { busybox } from "./images.ts";
import {
  dev,
  eventually,
  eventuallyRunning,
  everyNodeReady,
  killOn,
  leader,
  okAt,
  processesOn,
  removeServices,
  running,
  skep,
  skepAt,
  stateOf,
  tasksOf,
  useCluster,
} from "./support.ts";

let image = "";
before(async () => {
  await useCluster();
  image = await busybox();
  await removeServices("svc", "after", "acked");
  await skep("service", "create", "--name", "svc", "--replicas", "5", image, ...forever);
});
after(async () => {
  await dev("heal");
  await removeServices("svc", "after", "acked");
});

const forever = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"];

/** The command line of such a task, and of nothing else. */
const TASK = /^sh -c trap 'exit 0' TERM/;

test("a drained node gives its tasks to the others and gets none", async () => {
  await skep("node", "update", "--availability", "drain", "node5");
  await eventuallyRunning("svc", 5, (node) => node !== "node5");
  await skep("node", "update", "--availability", "active", "node5");
  await skep("service", "scale", "svc=6");
  assert.equal((await eventuallyRunning("svc", 6)).filter((task) => task.node === "node5").length, 1);
});

test("a worker that loses power is replaced; back again it stops what it must not run", async () => {
  const before = (await eventuallyRunning("svc", 6)).filter((task) => task.node === "node5").length;
  assert.ok(before > 0);
  await dev("kill", "node5");
  await eventuallyRunning("svc", 6, (node) => node !== "node5");
  assert.equal(await stateOf("node5", "node1"), "down");
  await dev("start", "node5");
  await everyNodeReady();
  await eventuallyRunning("svc", 6, (node) => node !== "node5");
});

test("a worker cut off is replaced; healed it stops its old tasks", async () => {
  await skep("service", "scale", "svc=8");
  await eventuallyRunning("svc", 8);
  assert.ok(running(await tasksOf("svc")).some((task) => task.node === "node5"));
  await dev("cut", "node5");
  await eventuallyRunning("svc", 8, (node) => node !== "node5");
  await dev("heal");
  await everyNodeReady();
  await eventually("the old containers are stopped", async () => {
    assert.deepEqual(processesOn("node5", TASK), []);
  });
});

test("the leader loses power: another leads, every acknowledged write is there, and it comes back as follower", async () => {
  const old = await leader();
  const other = ["node1", "node2", "node3"].find((node) => node !== old) ?? "";
  await okAt(old, "service", "create", "-d", "--name", "acked", "--replicas", "2", image, ...forever);
  await dev("kill", old);
  await eventually("another manager accepts writes", async () => {
    assert.equal((await skepAt(other, ["service", "scale", "-d", "acked=3"])).code, 0);
  });
  await eventuallyRunning("acked", 3, (node) => node !== old, other);
  await eventuallyRunning("svc", 8, (node) => node !== old, other);
  assert.notEqual(await okAt(other, "node", "ls", "--filter", `name=${old}`), "");
  await dev("start", old);
  await everyNodeReady();
  await okAt(other, "service", "rm", "acked");
});

test("a daemon restarts and its containers live on", async () => {
  const on = running(await tasksOf("svc")).find((task) => task.node === "node4");
  assert.ok(on);
  const before = processesOn("node4", TASK);
  assert.notEqual(before.length, 0);
  killOn("node4", /skep\.(ts|js) daemon/);
  await eventually("the daemon is back", async () => {
    assert.equal((await skepAt("node4", ["info"])).code, 0);
  });
  await everyNodeReady();
  assert.deepEqual(processesOn("node4", TASK), before);
  assert.equal(
    running(await tasksOf("svc")).filter((task) => task.node === "node4" && task.name === on.name).length,
    1,
  );
});

test("containerd killed under the agent: its containers live on, new ones start", async () => {
  const before = processesOn("node4", TASK);
  assert.notEqual(before.length, 0);
  killOn("node4", /^\S*containerd --config/);
  await skep("service", "create", "-d", "--name", "after", "--constraint", "node.hostname==node4", image, ...forever);
  await eventuallyRunning("after", 1, (node) => node === "node4");
  const now = processesOn("node4", TASK);
  assert.ok(
    before.every((pid) => now.includes(pid)),
    `${before} in ${now}`,
  );
});

test("no quorum: the CLI says so, tasks run on, and the cluster comes back by itself", async () => {
  await dev("kill", "node2", "node3");
  await eventually("the command says that there is no leader", async () => {
    const result = await skepAt("node1", ["service", "scale", "-d", "svc=8"]);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /the swarm has no leader now: 2 of its 3 managers must be running/);
  });
  assert.equal((await skepAt("node1", ["status"])).code, 2);
  assert.notEqual(processesOn("node4", TASK).length, 0);
  await dev("start", "node2", "node3");
  await everyNodeReady();
  await eventuallyRunning("svc", 8);
});
