// A task that has all power over its own network namespace, and what its neighbours see of it: nothing but what is its own. In a real
// kernel. All names begin with skepspoof- or an id with netspf.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { macOfAll, readAddresses } from "../../agent/network/plan/addresses.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { type Fabric, makeFabric, Probes, removeFabric, sh } from "../support/network-fabric.ts";
import { inputOf, ownNamespaces, type Story, taskNamespace } from "../support/network-story.ts";

const signal = AbortSignal.timeout(120_000);
const FABRIC: Fabric = { name: "skepspoof", hosts: { n1: "10.99.0.1", n2: "10.99.0.2" } };
const on = (n: number) => ({ back: [`10.0.9.${n}`, `fd00:9::${n}`] });
const STORY: Story = {
  ids: "netspf",
  nodes: { n1: "10.99.0.1", n2: "10.99.0.2" },
  networks: {
    back: {
      vni: 4097,
      subnets: [
        { subnet: "10.0.9.0/24", gateway: "10.0.9.1" },
        { subnet: "fd00:9::/64", gateway: "fd00:9::1" },
      ],
      services: {},
    },
  },
  tasks: [
    { name: "bad", node: "n1", service: "bad", on: on(3) },
    { name: "victim", node: "n1", service: "victim", on: on(4) },
    { name: "near", node: "n1", service: "near", on: on(5) },
    { name: "far", node: "n2", service: "far", on: on(6) },
  ],
};
const task = (name: string): string => taskNamespace(STORY, name);
const at = (name: string, command: string): string => sh(`nsenter --net=/run/netns/${task(name)} ${command}`);
const macOf = (n: number): string => macOfAll(readAddresses([`10.0.9.${n}`])) ?? "";
const probes = new Probes();
const children: ChildProcess[] = [];
const ears = new Map<string, Interface>();

// ------------------------------------------------------------------------------------------------------------- frames

const mac = (text: string): Buffer => Buffer.from(text.replaceAll(":", ""), "hex");
const ip = (n: number): Buffer => Buffer.from([10, 0, 9, n]);
const ip6 = (n: number): Buffer => Buffer.from(`fd000009${"0".repeat(22)}${n.toString(16).padStart(2, "0")}`, "hex");
const be16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const ethernet = (to: string, from: string, type: number, body: Buffer): string =>
  Buffer.concat([mac(to), mac(from), be16(type), body, Buffer.alloc(Math.max(0, 46 - body.length))]).toString("hex");

function checksum(bytes: Buffer): Buffer {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return be16(~sum & 0xffff);
}

/** "The one with this address has that MAC", as an answer that nobody asked for. */
const arpReply = (from: string, claimed: number, claimedMac: string, to: number): string =>
  ethernet(
    macOf(to),
    from,
    0x0806,
    Buffer.concat([Buffer.from("0001080006040002", "hex"), mac(claimedMac), ip(claimed), mac(macOf(to)), ip(to)]),
  );

function udp(fromMac: string, from: number, to: number, word: string): string {
  const data = Buffer.from(word);
  const head = Buffer.concat([
    Buffer.from("4500", "hex"),
    be16(28 + data.length),
    Buffer.from("000040004011", "hex"),
    be16(0),
    ip(from),
    ip(to),
  ]);
  checksum(head).copy(head, 10);
  const body = Buffer.concat([be16(5_000), be16(9_999), be16(8 + data.length), be16(0), data]);
  return ethernet(macOf(to), fromMac, 0x0800, Buffer.concat([head, body]));
}

/** A neighbour advertisement that overrides what is known. */
function advert(from: number, claimed: number, claimedMac: string, to: number): string {
  const body = Buffer.concat([
    Buffer.from("8800000060000000", "hex"),
    ip6(claimed),
    Buffer.from("0201", "hex"),
    mac(claimedMac),
  ]);
  const pseudo = Buffer.concat([ip6(from), ip6(to), Buffer.from([0, 0, 0, body.length, 0, 0, 0, 58])]);
  checksum(Buffer.concat([pseudo, body])).copy(body, 2);
  const head = Buffer.concat([
    Buffer.from("60000000", "hex"),
    be16(body.length),
    Buffer.from([58, 255]),
    ip6(from),
    ip6(to),
  ]);
  return ethernet(macOf(to), macOf(3), 0x86dd, Buffer.concat([head, body]));
}

/** From the bad task's interface, just as they are. */
function send(...frames: readonly string[]): void {
  const perl = `use Socket; socket(my $s,17,SOCK_RAW,0) or die $!;
    open(my $f,"<","/sys/class/net/eth0/ifindex"); my $i=0;
    for (\`ip -o link show eth0\`) { $i=$1 if /^(\\d+):/ }
    for (@ARGV) { send($s,pack("H*",$_),0,pack("SnISCCx8",17,0,$i,0,0,6)) or die $! }`;
  at("bad", `perl -e '${perl}' ${frames.join(" ")}`);
}

/** Words that come by UDP to port 9999 of a task, with who sends them. */
async function hear(name: string): Promise<Interface> {
  const known = ears.get(name);
  if (known !== undefined) return known;
  const perl = `use Socket; $|=1; socket(my $s,AF_INET,SOCK_DGRAM,0); bind($s,pack_sockaddr_in(9999,INADDR_ANY));
    print "ready\n"; while (my $from=recv($s,my $d,99,0)) { my ($p,$a)=unpack_sockaddr_in($from); print inet_ntoa($a)," $d\n" }`;
  const child = spawn("nsenter", [`--net=/run/netns/${task(name)}`, "perl", "-e", perl], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  ears.set(name, lines);
  return lines;
}

describe("what a task sends that is not its own", () => {
  before(async () => {
    removeFabric(FABRIC.name, STORY.ids);
    makeFabric(FABRIC);
    for (const name of Object.keys(STORY.nodes)) {
      const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath: `/run/netns/${FABRIC.name}-${name}` });
      const own = ownNamespaces(STORY, name);
      const agent = new NetworkNode({ kernel, isOurs: (namespace) => own.has(namespace), log: silentLog });
      await agent.reconcile(inputOf(STORY, name), signal);
      agent.doubt();
      assert.equal((await agent.reconcile(inputOf(STORY, name), signal)).steps, 0, "all of it is read as it was made");
    }
    for (const name of ["victim", "near", "far"]) {
      assert.equal(await probes.tell(task(name), `serve ${name} 80`), "ready");
    }
  });

  after(() => {
    probes.kill();
    for (const child of children) child.kill("SIGKILL");
    removeFabric(FABRIC.name, STORY.ids);
  });

  test("what is its own goes everywhere, by IPv4 and IPv6", async () => {
    for (const [name, n] of [
      ["victim", 4],
      ["near", 5],
      ["far", 6],
    ] as const) {
      assert.deepEqual(await probes.ask(task("bad"), `10.0.9.${n}`, 80), [`${name} 10.0.9.3`]);
      assert.deepEqual(await probes.ask(task("bad"), `fd00:9::${n}`, 80), [`${name} fd00:9::3`]);
    }
  });

  test("a false source, or a false MAC, reaches nobody on its node nor on another", async () => {
    for (const [name, n] of [
      ["near", 5],
      ["far", 6],
    ] as const) {
      const lines = await hear(name);
      const heard: string[] = [];
      lines.on("line", (line) => heard.push(line));
      send(
        udp(macOf(3), 4, n, "as-victim"),
        udp(macOf(4), 4, n, "as-victim-wholly"),
        udp(macOf(4), 3, n, "with-its-mac"),
        udp(macOf(3), 99, n, "as-nobody"),
        udp(macOf(3), 3, n, "as-itself"),
      );
      while (!heard.some((line) => line.endsWith("as-itself"))) await once(lines, "line");
      assert.deepEqual(heard, ["10.0.9.3 as-itself"], name);
    }
  });

  test("no neighbour believes that another's address is behind its MAC: ARP, and advertisements of IPv6", async () => {
    const lines = await hear("near");
    assert.deepEqual(await probes.ask(task("near"), "10.0.9.4", 80), ["victim 10.0.9.5"]);
    assert.deepEqual(await probes.ask(task("near"), "fd00:9::4", 80), ["victim fd00:9::5"]);
    const known = (address: string): string => at("near", `ip neigh show ${address} dev eth0`);
    assert.match(known("10.0.9.4"), new RegExp(macOf(4)));
    assert.match(known("fd00:9::4"), new RegExp(macOf(4)));
    const heard = once(lines, "line");
    send(
      arpReply(macOf(3), 4, macOf(3), 5),
      arpReply(macOf(4), 4, macOf(3), 5),
      arpReply(macOf(3), 4, macOf(4), 5),
      advert(3, 4, macOf(3), 5),
      advert(4, 4, macOf(3), 5),
      udp(macOf(3), 3, 5, "sent"),
    );
    await heard; // what was sent before it has come, or will not
    assert.match(known("10.0.9.4"), new RegExp(macOf(4)));
    assert.match(known("fd00:9::4"), new RegExp(macOf(4)));
    assert.deepEqual(await probes.ask(task("near"), "10.0.9.4", 80), ["victim 10.0.9.5"]);
    assert.deepEqual(await probes.ask(task("near"), "fd00:9::4", 80), ["victim fd00:9::5"]);
  });
});
