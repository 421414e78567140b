// The whole network room of a node over a real kernel: tasks prepared and released, names, a restart that touches nothing,
// what was lost found again, and a node that leaves. The node is a network and a mount namespace, so that /run/netns is its
// own. Needs root, iproute2, nftables and busybox.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { AdoptedTask, TaskNamespace, TaskPlace } from "../../agent/network/room.ts";
import {
  encodeNetworkUpdate,
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newNetworkSnapshot,
  newNetworkUpdate,
  newOverlayNetwork,
} from "../../proto/gen/network.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import type { RoomLine } from "../support/room-node.ts";

const PROGRAM = join(import.meta.dirname, "../support/room-node.ts");
const NETNS = `skeproom-${process.pid}`;
const id = <T extends string>(text: string): T => `room${text}`.padEnd(25, "0") as T;
const NODE = id<NodeId>("node1");
const NET = id<NetworkId>("webnet");
const WEB = id<ServiceId>("websvc");
const dir = mkdtempSync(join(tmpdir(), "skep-room-"));
const children = new Set<ChildProcess>();
let host: ChildProcess;

const enter = (): string[] => ["-t", String(host.pid), "-n", "-m", "--"];
/** A command on the node; its output, whatever its exit code. */
const onNode = (script: string): string => spawnSync("nsenter", [...enter(), "sh", "-c", script]).stdout.toString();
const namespaceOf = (place: TaskPlace): string => `skt-${place.taskId}`;
const inTask = (place: TaskPlace, script: string): string =>
  onNode(`nsenter --net=/run/netns/${namespaceOf(place)} sh -c '${script}'`);

/** The agent, as far as the network goes. */
class Room {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor() {
    this.#child = spawn("nsenter", [...enter(), process.execPath, PROGRAM, NODE, dir], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.add(this.#child);
    assert.ok(this.#child.stdout);
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.(line));
  }

  async say<T = { problem?: string; error?: string }>(line: RoomLine): Promise<T> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
    return JSON.parse(await answer) as T;
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}

const places = Array.from(
  { length: 10 },
  (_, i): TaskPlace => ({
    taskId: id<TaskId>(`${String(i).padStart(3, "0")}task`),
    attachments: [{ networkId: NET, addresses: [`10.0.9.${i + 3}`] }],
    ports: [],
    nameservers: [],
  }),
);
const [first, second] = places;
assert.ok(first && second);

const snapshot = (version: number, ready: readonly TaskPlace[]): RoomLine => {
  const network = newOverlayNetwork({
    networkId: NET,
    name: "web",
    vni: 4097,
    mtu: 1450,
    subnets: [{ subnet: "10.0.9.0/24", gateway: "10.0.9.1" }],
  });
  const said = newNetworkSnapshot({
    version,
    network,
    nodes: [newNetworkNode({ nodeId: NODE, underlayAddresses: ["10.98.0.1"] })],
    services: [newNetworkService({ serviceId: WEB, name: "web", mode: "vip", vips: ["10.0.9.200"] })],
    endpoints: places.map((place, i) =>
      newNetworkEndpoint({
        taskId: place.taskId,
        serviceId: WEB,
        slot: i + 1,
        name: `web.${i + 1}.${place.taskId}`,
        addresses: place.attachments.flatMap(({ addresses }) => [...addresses]),
        nodeId: NODE,
        state: ready.includes(place) ? "ready" : "starting",
      }),
    ),
  });
  const update = newNetworkUpdate({ update: { kind: "snapshot", ...said } });
  return { update: Buffer.from(encodeNetworkUpdate(update)).toString("hex") };
};

/** Every link, address and rule of the node and of its tasks, with the kernel's numbers; not what ends by itself. */
const everything = (): string[] =>
  onNode(`all='ip -o link | cut -d" " -f1,2; ip -o addr; ip route; bridge fdb | sort; nft -a list ruleset'
    sh -c "$all"; for n in $(ls /run/netns); do echo "== $n"; nsenter --net=/run/netns/$n sh -c "$all"; done`)
    .split("\n")
    .filter((line) => !/ scope link |expires/.test(line));
/** What is in one and not in the other: short enough to be read. */
const differences = (was: readonly string[], is: readonly string[]) => ({
  gone: was.filter((line) => !is.includes(line)),
  come: is.filter((line) => !was.includes(line)),
});
const adopted = (list: readonly TaskPlace[]): AdoptedTask[] => list.map((place) => ({ place, pid: undefined }));

before(async () => {
  const link = `ip -n ${NETNS} link add up0 type veth peer name up1 && ip -n ${NETNS} link set up0 up && ip -n ${NETNS} link set up1 up`;
  const made = `ip netns add ${NETNS} && ip -n ${NETNS} link set lo up && ${link} && ip -n ${NETNS} addr add 10.98.0.1/24 dev up0`;
  assert.equal(spawnSync("sh", ["-c", made]).status, 0);
  const boot = "mount -t tmpfs none /run/netns && echo up && exec sleep 100000";
  const words = [`--net=/run/netns/${NETNS}`, "--", "unshare", "-m", "--propagation", "private", "sh", "-c", boot];
  host = spawn("nsenter", words, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => host.stdout?.once("data", resolve));
});
after(() => {
  for (const child of children) child.kill("SIGKILL");
  host.kill("SIGKILL");
  spawnSync("ip", ["netns", "del", NETNS]);
  rmSync(dir, { recursive: true, force: true });
});

let room: Room;

test("ten tasks at once have their namespaces, and managers hear when the kernel has a version", async (t) => {
  // Somebody else has the port that the name server takes first.
  children.add(spawn("nsenter", [...enter(), "busybox", "nc", "-u", "-l", "-p", "7353"], { stdio: "ignore" }));
  room = new Room();
  await room.say({ adopt: [] });
  await room.say({ session: "begins" });
  await room.say(snapshot(5, places));
  await room.say({ session: "complete" });
  await room.say({ applied: 5 });
  const { made, ms } = await room.say<{ made: TaskNamespace[]; ms: number }>({ prepare: places });
  t.diagnostic(`10 tasks prepared in ${ms} ms`);
  assert.equal(made[0]?.path, `/run/netns/${namespaceOf(first)}`);
  assert.equal(made[0]?.addresses[0], "10.0.9.3");
  assert.match(made[0]?.addresses[1] ?? "", /^172\.29\./);
  assert.equal(onNode("ls /run/netns | grep -c ^skt-").trim(), "10");
  assert.match(inTask(first, "busybox ping -c1 -W2 10.0.9.12"), /1 packets received/);
});

/** The addresses that a task is told for a name. */
const lookUp = (place: TaskPlace, name: string): string[] =>
  [...inTask(place, `busybox nslookup ${name} 127.0.0.11`).matchAll(/^Address(?: \d+)?:\s*(10\.[0-9.]+)/gm)]
    .map((match) => match[1] ?? "")
    .sort();

test("names are answered, and follow what managers say before they hear of it", async () => {
  assert.deepEqual(lookUp(first, "web"), ["10.0.9.200"]);
  assert.equal(lookUp(first, "tasks.web").length, 10);
  await room.say(snapshot(6, [second]));
  await room.say({ applied: 6 });
  assert.deepEqual(lookUp(first, "tasks.web"), ["10.0.9.4"]);
});

test("an agent that was killed finds everything, and touches nothing, without a word from managers", async () => {
  const untouched = everything();
  await room.kill();
  // Asked once while nobody answers: a question that is lost is never answered.
  const script = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m) => { console.log([...m.subarray(-4)].join('.')); s.close(); });
    s.send(Buffer.from('123401000001000000000000037765620000010001', 'hex'), 53, '127.0.0.11', () => console.log('asked'));`;
  const asking = spawn(
    "nsenter",
    [...enter(), "nsenter", `--net=/run/netns/${namespaceOf(first)}`, process.execPath, "-e", script],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  children.add(asking);
  const lines = createInterface({ input: asking.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "asked");
  room = new Room();
  await room.say({ adopt: adopted(places) });
  const { made } = await room.say<{ made: TaskNamespace[] }>({ prepare: [first] });
  assert.equal(made[0]?.addresses[0], "10.0.9.3");
  assert.deepEqual(differences(untouched, everything()), { gone: [], come: [] });
  assert.equal((await lines.next()).value, "10.0.9.200");
  assert.deepEqual(lookUp(first, "tasks.web"), ["10.0.9.4"]);
});

test("a task that asks without end takes no answer from another one", async () => {
  // As a name that is known, for which the server does most.
  const flood = `perl -MSocket -e 'socket(my $s,AF_INET,SOCK_DGRAM,0); connect($s,pack_sockaddr_in(53,inet_aton("127.0.0.11")));
    my $q="\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3web\\0\\0\\1\\0\\1"; $|=1; print "floods\\n"; for (;;) { send($s,$q,0) }'`;
  const greedy = spawn(
    "nsenter",
    [...enter(), "sh", "-c", `exec nsenter --net=/run/netns/${namespaceOf(second)} ${flood}`],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  children.add(greedy);
  try {
    await new Promise((resolve) => greedy.stdout.once("data", resolve));
    // One try each, of at most five seconds.
    const script = `const r = new (require('node:dns').promises.Resolver)({ timeout: 5000, tries: 1 }); r.setServers(['127.0.0.11']);
      (async () => { let got = 0; for (let i = 0; i < 300; i++) await r.resolve4('web').then(() => got++, () => 0); console.log(got); })()`;
    const asks = ["nsenter", `--net=/run/netns/${namespaceOf(first)}`, process.execPath, "-e", script];
    assert.equal(
      spawnSync("nsenter", [...enter(), ...asks], { timeout: 120_000 })
        .stdout.toString()
        .trim(),
      "300",
    );
  } finally {
    greedy.kill("SIGKILL");
  }
});

test("a namespace whose name was lost is that of the running container again", async () => {
  const task = spawn("nsenter", [...enter(), "nsenter", `--net=/run/netns/${namespaceOf(first)}`, "sleep", "100000"]);
  children.add(task);
  const inodeOf = (path: string): string => onNode(`stat -L -c %i ${path}`).trim();
  const own = (): string => String(statSync(`/proc/${task.pid}/ns/net`).ino);
  while (own() !== inodeOf(`/run/netns/${namespaceOf(first)}`)) await delay(10);
  await room.kill();
  onNode(`ip netns del ${namespaceOf(first)}; ip netns add ${namespaceOf(first)}`);
  assert.notEqual(inodeOf(`/run/netns/${namespaceOf(first)}`), own());
  room = new Room();
  await room.say({ adopt: places.map((place) => ({ place, pid: place === first ? task.pid : undefined })) });
  await room.say({ prepare: [first] });
  assert.equal(inodeOf(`/run/netns/${namespaceOf(first)}`), own());
  assert.match(inTask(second, "busybox ping -c1 -W2 10.0.9.3"), /1 packets received/);
});

test("what an agent that is killed in the middle of a change leaves half done, the next one finishes", async () => {
  const count = (): number => Number(onNode("ls /run/netns | grep -c ^skt-"));
  const rest = places.slice(2);
  void room.say({ release: rest.map(({ taskId }) => taskId) });
  while (count() === 10) await delay(1);
  await room.kill();
  room = new Room();
  await room.say({ adopt: adopted([first, second]) });
  const before = count();
  void room.say({ prepare: rest });
  while (count() === before && before < 10) await delay(1);
  await room.kill();
  room = new Room();
  await room.say({ adopt: adopted(places) });
  await room.say({ prepare: places });
  for (const place of rest) {
    const [address] = place.attachments.flatMap(({ addresses }) => addresses);
    assert.match(inTask(first, `busybox ping -c1 -W2 ${address}`), /1 packets received/, address);
  }
  assert.deepEqual(lookUp(rest[3] ?? first, "tasks.web"), ["10.0.9.4"]);
});

test("a name with no namespace behind it gets one; a name that cannot be used is the trouble of its task alone", async () => {
  const of = (name: string): TaskPlace => ({ taskId: id<TaskId>(name), attachments: [], ports: [], nameservers: [] });
  const [torn, barred] = [of("torn"), of("barred")];
  onNode(`touch /run/netns/${namespaceOf(torn)}; mkdir -p /run/netns/${namespaceOf(barred)}/in-the-way`);
  const [refused, made] = await Promise.all([
    room.say<{ error: string }>({ prepare: [barred] }),
    room.say<{ made: TaskNamespace[] }>({ prepare: [torn] }),
  ]);
  assert.match(refused.error, new RegExp(`namespace ${namespaceOf(barred)}: addNamespace`));
  assert.equal(made.made[0]?.path, `/run/netns/${namespaceOf(torn)}`);
  assert.match(inTask(torn, "ip -o link show eth0"), /UP/);
  onNode(`rm -r /run/netns/${namespaceOf(barred)}`);
  await room.say({ release: [barred.taskId, torn.taskId] });
});

test("released tasks leave nothing, and a node that leaves has nothing of ours", async () => {
  await room.say({ release: places.slice(2).map(({ taskId }) => taskId) });
  assert.equal(onNode("ls /run/netns | grep -c ^skt-").trim(), "2");
  assert.doesNotMatch(everything().join("\n"), new RegExp(`sv${places[5]?.taskId.slice(0, 8)}`));
  assert.deepEqual(await room.say({ clear: true }), { problem: "" });
  assert.equal(onNode("ls /run/netns; ip -o link | grep -E ' (sk|sv)'; nft list ruleset"), "");
  assert.deepEqual(onNode(`ls ${dir}/networks`), "");
});
