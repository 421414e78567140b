// Networks under faults: the leader gone while many tasks come and go, daemons killed in the middle of a change, nodes cut off
// and without power. Afterwards every node's links, entries, rules and names are what the store says, and what went on beside
// was not touched.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { pageImage } from "./images.ts";
import {
  addrOf,
  dev,
  eventually,
  eventuallyNetworkTrue,
  eventuallyRunning,
  everyNodeReady,
  inTask,
  killOn,
  leader,
  okAt,
  processesOn,
  removeNetworks,
  removeServices,
  running,
  skep,
  skepAt,
  stateOf,
  tasksOf,
  useCluster,
} from "./support.ts";

const SERVICES = ["crowd", "echo"];
const NETWORK = "net-faults";
const ECHO_PORT = 8085;
const DAEMON = /skep\.(ts|js) daemon/;

/** Serves what `program` prints to whoever connects to port 8080. */
const serving = (program: string): readonly string[] => [
  "sh",
  "-c",
  `trap 'exit 0' TERM; nc -ll -p 8080 -e ${program} & wait $!`,
];

before(async () => {
  await useCluster();
  const image = await pageImage();
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
  await skep("network", "create", NETWORK);
  const crowd = ["--name", "crowd", "--replicas", "5", "--network", NETWORK];
  await skep("service", "create", "-d", ...crowd, image, ...serving("hostname"));
  const echo = ["--name", "echo", "--network", NETWORK, "--publish", `${ECHO_PORT}:8080`];
  await skep("service", "create", "-d", ...echo, "--constraint", "node.hostname==node4", image, ...serving("cat"));
  await eventuallyRunning("crowd", 5);
  await eventuallyRunning("echo", 1);
});
after(async () => {
  await dev("heal");
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
});

const vipOf = (service: string): Promise<string> =>
  okAt("node2", "service", "inspect", service, "--format", "{{json .Endpoint.VirtualIPs}}");

/** Waits until the service's name leads to `count` different tasks, asked from the task of `echo`. */
async function eventuallyAnswering(service: string, count: number): Promise<void> {
  const ask = `for i in $(seq ${count * 8}); do nc -w 5 ${service} 8080 </dev/null; done`;
  await eventually(`${count} tasks of ${service} answer`, async () => {
    const { stdout, stderr } = await inTask("node4", /^nc -ll -p 8080 -e cat/, "/bin/sh", "-c", ask);
    assert.equal(new Set(stdout.trim().split("\n")).size, count, `${stdout}${stderr}`);
  });
}

const someRun = (service: string, count: number, node = "node1"): Promise<void> =>
  eventually(`${count} tasks of ${service} run`, async () => {
    assert.ok(running(await tasksOf(service, node)).length >= count);
  });

/** A connection to `echo` by way of a node that it is not on. */
async function talkTo(node: string): Promise<{ say: (word: string) => Promise<void>; socket: Socket }> {
  const socket = connect(ECHO_PORT, addrOf(node)).setEncoding("utf8");
  const failed = once(socket, "close").then(() => Promise.reject(new Error("the connection has ended")));
  failed.catch(() => undefined);
  await Promise.race([once(socket, "connect"), failed]);
  const say = async (word: string): Promise<void> => {
    const heard = once(socket, "data");
    socket.write(word);
    assert.deepEqual(await Promise.race([heard, failed]), [word]);
  };
  return { say, socket };
}

test("the leader loses power while 50 tasks come and go: names and addresses are right on every node", async () => {
  const vip = await vipOf("crowd");
  const old = await leader();
  const other = ["node2", "node3"].find((node) => node !== old) ?? "";
  await okAt(other, "service", "scale", "-d", "crowd=50");
  await someRun("crowd", 10, other);
  await dev("kill", old);
  await eventually("another manager accepts writes", async () => {
    assert.equal((await skepAt(other, ["service", "scale", "-d", "crowd=5"])).code, 0);
  });
  await eventuallyRunning("crowd", 5, (node) => node !== old, other);
  await dev("start", old);
  await everyNodeReady();
  await eventuallyNetworkTrue();
  assert.equal(await vipOf("crowd"), vip);
  await eventuallyAnswering("crowd", 5);
});

test("daemons killed in the middle of a change: it is finished, and an established connection lives on", async () => {
  // A node that is silent for long is down and its tasks are replaced: on a busy machine a daemon starts slowly.
  await skep("swarm", "update", "--node-down-after", "60s");
  const { say, socket } = await talkTo("node5");
  try {
    await say("before");
    await skep("service", "scale", "-d", "crowd=20");
    await someRun("crowd", 7);
    for (const node of ["node4", "node5"]) killOn(node, DAEMON);
    await say("without daemons");
    await skep("service", "scale", "-d", "crowd=5");
    for (const node of ["node4", "node5"]) {
      await eventually(`the daemon of ${node} is back`, () => assert.notEqual(processesOn(node, DAEMON).length, 0));
    }
    await everyNodeReady();
    await eventuallyRunning("crowd", 5);
    await eventuallyNetworkTrue();
    await say("after");
  } finally {
    socket.destroy();
    await skep("swarm", "update", "--node-down-after", "4s");
  }
});

test("a node cut off and healed: nobody is sent to tasks that it has lost", async () => {
  await skep("service", "scale", "-d", "crowd=10");
  assert.ok((await eventuallyRunning("crowd", 10)).some((task) => task.node === "node5"));
  await dev("cut", "node5");
  await eventuallyRunning("crowd", 10, (node) => node !== "node5");
  await eventuallyAnswering("crowd", 10);
  await skep("service", "scale", "-d", "crowd=5");
  await dev("heal");
  await everyNodeReady();
  await eventuallyRunning("crowd", 5);
  await eventuallyNetworkTrue();
  await eventuallyAnswering("crowd", 5);
});

test("a worker without power: its network comes back with its tasks", async () => {
  await dev("kill", "node4");
  await eventually("its silence is noticed", async () => assert.notEqual(await stateOf("node4", "node1"), "ready"));
  await dev("start", "node4");
  await everyNodeReady();
  await eventuallyRunning("echo", 1);
  await eventuallyNetworkTrue();
  await eventuallyAnswering("crowd", 5);
  await eventually("the published port leads to the new task", async () => {
    const { say, socket } = await talkTo("node5");
    try {
      await say("again");
    } finally {
      socket.destroy();
    }
  });
});

test("names while a daemon restarts: what a task asks every 50 ms is all answered, sooner than a resolver gives up", async () => {
  // Asks without ever repeating a question, and without a resolver of its own: what is lost is never answered.
  const ask = `const s = require("node:dgram").createSocket("udp4"); const at = new Map(); let id = 0, longest = 0;
    s.on("message", (m) => { const n = m.readUInt16BE(0); longest = Math.max(longest, Date.now() - (at.get(n) ?? 0)); at.delete(n); });
    const q = Buffer.from("000001000001000000000000046563686f0000010001", "hex");
    const timer = setInterval(() => { q.writeUInt16BE(++id); at.set(id, Date.now()); s.send(q, 53, "127.0.0.11"); }, 50);
    console.log("asks");
    process.stdin.on("end", () => { clearInterval(timer); const until = Date.now() + 10000;
      const wait = setInterval(() => { if (at.size > 0 && Date.now() < until) return;
        console.log(JSON.stringify({ asked: id, lost: at.size, longest })); process.exit(); }, 20); }).resume();`;
  const [pid] = processesOn("node4", /^nc -ll -p 8080 -e cat/);
  assert.ok(pid !== undefined);
  const asker = spawn("nsenter", ["-t", String(pid), "-n", process.execPath, "-e", ask], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const lines = createInterface({ input: asker.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "asks");
    const old = processesOn("node4", DAEMON);
    killOn("node4", DAEMON);
    await eventually("another daemon answers", async () => {
      assert.ok(processesOn("node4", DAEMON).every((one) => !old.includes(one)));
      const { code } = await inTask("node4", /^nc -ll -p 8080 -e cat/, "nslookup", "echo", "127.0.0.11");
      assert.equal(code, 0);
    });
    asker.stdin.end();
    const told = JSON.parse((await lines.next()).value ?? "") as { asked: number; lost: number; longest: number };
    assert.equal(told.lost, 0, JSON.stringify(told));
    assert.ok(told.longest < 5_000, JSON.stringify(told));
    await everyNodeReady();
  } finally {
    asker.kill("SIGKILL");
  }
});
