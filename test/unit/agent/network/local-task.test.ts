import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedWayOut } from "../../../../agent/network/local-subnets.ts";
import { taskNetwork } from "../../../../agent/network/local-task.ts";
import {
  newContainerSpec,
  newDNSConfig,
  newNetworkAttachment,
  newNetworkAttachmentConfig,
  newPortConfig,
  type Task,
} from "../../../../proto/gen/objects.ts";
import type { NetworkId } from "../../../../shared/model/ids.ts";
import { task } from "../fixtures.ts";

const WEB = newNetworkAttachment({ networkId: "web" as NetworkId, addresses: ["10.0.9.3"], aliases: ["shop"] });
const on = (targets: readonly string[], init: Partial<Task> = {}): Task => ({
  ...task({ spec: { networks: targets.map((target) => newNetworkAttachmentConfig({ target })) } }),
  ...init,
});

for (const kind of ["host", "none"] as const) {
  test(`a task on ${kind} has no namespace that is ours`, () => assert.deepEqual(taskNetwork(on([kind])), { kind }));
}

for (const targets of [[], ["bridge"]]) {
  test(`a task on ${targets[0] ?? "no named network"} has one with the way out alone`, () => {
    const network = taskNetwork(on(targets));
    assert.ok(network.kind === "own");
    assert.deepEqual(network.task.attachments, []);
  });
}

test("attachments keep their order, the ingress network's is taken though no target names it", () => {
  const ingress = newNetworkAttachment({ networkId: "ingress" as NetworkId, addresses: ["10.0.0.4"] });
  const network = taskNetwork(on(["web"], { attachments: [WEB, ingress] }));
  assert.ok(network.kind === "own");
  assert.deepEqual(network.task.attachments, [WEB, ingress]);
});

test("without an address on a network that the service names there is none", () => {
  assert.throws(() => taskNetwork(on(["back", "web"], { attachments: [WEB] })), {
    code: "unavailable",
    message: /network back: .*no address/,
  });
});

test("ports in host mode, with their address where one is named", () => {
  const ports = [
    newPortConfig({ protocol: "udp", targetPort: 53, publishedPort: 5353, publishMode: "host", hostIp: "10.1.1.1" }),
    newPortConfig({ targetPort: 80, publishedPort: 8080, publishMode: "host" }),
  ];
  const network = taskNetwork(on([], { ports }));
  assert.ok(network.kind === "own");
  assert.deepEqual(
    network.task.ports.map((port) => [port.protocol, port.publishedPort, port.targetPort, port.mode, port.hostIps]),
    [
      ["udp", 5353, 53, "host", ["10.1.1.1"]],
      ["tcp", 8080, 80, "host", []],
    ],
  );
});

test("name servers of the service are asked by the node: not what is loopback to the task, and no nonsense", () => {
  const dnsConfig = newDNSConfig({ nameservers: ["127.0.0.1", "9.9.9.9", "dns.example", "::1", "fd00::53"] });
  const container = newContainerSpec({ dnsConfig });
  const network = taskNetwork(task({ container }));
  assert.ok(network.kind === "own");
  assert.deepEqual(network.task.nameservers, ["9.9.9.9", "fd00::53"]);
});

const zero = "0".repeat(32);
const route = (destination: string, prefix: string, flags: string): string =>
  `${destination} ${prefix} ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 ${flags} eth0\n`;
const routes: readonly (readonly [name: string, text: string, want: boolean])[] = [
  ["none", "", false],
  ["a default route that somebody set", route(zero, "00", "00000003"), false],
  ["a default route from an advertisement", route(zero, "00", "00450003"), true],
  ["a prefix from an advertisement", route("fd00".padEnd(32, "0"), "40", "00450001"), false],
];
for (const [name, text, want] of routes) {
  test(`the host's way out by advertisement: ${name}`, () => assert.equal(advertisedWayOut(text), want));
}
