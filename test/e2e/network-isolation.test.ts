// What a task may not do to networks that it is not on: put frames into them. Nodes take VXLAN from any sender, and what a task
// sends into the world has its node's address.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pageImage } from "./images.ts";
import {
  addrOf,
  eventually,
  eventuallyRunning,
  inHost,
  processesOn,
  type Result,
  removeNetworks,
  removeServices,
  runCommand,
  skep,
  useCluster,
} from "./support.ts";

const SERVICES = ["guarded", "intruder"];
const NETWORK = "net-guarded";
const VXLAN_PORT = 4789;
const PORT = 9_999;

before(async () => {
  await useCluster();
  const image = await pageImage();
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
  await skep("network", "create", NETWORK);
  const sleeping = (name: string) => [
    image,
    "sh",
    "-c",
    `trap 'exit 0' TERM; : sleep-of-${name}; while :; do sleep 1 & wait $!; done`,
  ];
  const on = (node: string) => ["--constraint", `node.hostname==${node}`];
  await skep("service", "create", "--name", "guarded", ...on("node5"), "--network", NETWORK, ...sleeping("guarded"));
  await skep("service", "create", "--name", "intruder", ...on("node4"), ...sleeping("intruder"));
  for (const service of SERVICES) await eventuallyRunning(service, 1);
});
after(async () => {
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
});

/** A program of this machine in the network of a task. */
function withNetOf(node: string, service: string, ...command: readonly string[]): Promise<Result> {
  const [pid] = processesOn(node, new RegExp(`sleep-of-${service}`));
  assert.ok(pid !== undefined, `no task of ${service} on ${node}`);
  return runCommand("nsenter", ["-t", String(pid), "-n", "--", ...command]);
}

/** Prints each datagram until one says "end". */
const LISTEN = `socket(S, AF_INET, SOCK_DGRAM, 0); bind(S, pack_sockaddr_in(${PORT}, INADDR_ANY));
  while (defined recv(S, $m, 100, 0)) { print "$m\\n"; last if $m eq "end" }`;
const send = (to: string, frame: Buffer): readonly string[] => [
  "perl",
  "-MSocket",
  "-e",
  "socket(S, AF_INET, SOCK_DGRAM, 0); send(S, pack('H*', $ARGV[1]), 0, pack_sockaddr_in($ARGV[2], inet_aton($ARGV[0]))) for 1..3",
  to,
  frame.toString("hex"),
  String(VXLAN_PORT),
];

function sum16(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A datagram to the port of an address, as VXLAN carries it. */
function frameTo(vni: number, mac: string, address: string, text: string): Buffer {
  const vxlan = Buffer.alloc(8);
  vxlan.writeUInt8(8, 0);
  vxlan.writeUInt32BE(vni * 256, 4);
  const ethernet = Buffer.from(`${mac.replaceAll(":", "")}0200000000990800`, "hex");
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(1_234, 0);
  udp.writeUInt16BE(PORT, 2);
  udp.writeUInt16BE(8 + text.length, 4);
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(28 + text.length, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(17, 9);
  const bytesOf = (text: string): Buffer => Buffer.from(text.split(".").map(Number));
  bytesOf(address.replace(/\d+$/, "250")).copy(ip, 12);
  bytesOf(address).copy(ip, 16);
  ip.writeUInt16BE(sum16(ip), 10);
  return Buffer.concat([vxlan, ethernet, ip, udp, Buffer.from(text)]);
}

test("a task cannot put frames into a network that it is not on", async () => {
  const format = '{{index .Options "com.docker.network.driver.overlay.vxlanid_list"}}';
  const vni = Number(await skep("network", "inspect", NETWORK, "--format", format));
  const told = await withNetOf("node5", "guarded", "ip", "-4", "-o", "addr", "show", "eth0");
  const address = /inet (\S+)\//.exec(told.stdout)?.[1] ?? "";
  const mac = /ether (\S+)/.exec((await withNetOf("node5", "guarded", "ip", "-o", "link", "show", "eth0")).stdout)?.[1];
  assert.ok(vni > 0 && address !== "" && mac !== undefined, told.stdout);

  const listening = withNetOf("node5", "guarded", "timeout", "60", "perl", "-MSocket", "-e", LISTEN);
  await eventually("the guarded task listens", async () => {
    assert.match((await withNetOf("node5", "guarded", "ss", "-Huln")).stdout, new RegExp(`:${PORT}\\b`));
  });
  for (const node of ["node5", "node4"]) {
    await withNetOf("node4", "intruder", ...send(addrOf(node), frameTo(vni, mac, address, "intruder")));
  }
  // The same from a host, which must be believed, shows that the frame is a good one, and ends the wait.
  await inHost("node4", ...send(addrOf("node5"), frameTo(vni, mac, address, "end")));
  assert.equal((await listening).stdout, "end\n");
});
