// Bridge, links and network namespaces of a dev cluster.
import { readFileSync, writeFileSync } from "node:fs";
import { run, tryRun } from "./exec.ts";
import {
  bridgeAddrOf,
  bridgeOf,
  cutTableOf,
  type DevCluster,
  type DevNode,
  natTableOf,
  netnsOf,
  vethOf,
} from "./model.ts";
import { wayOutRules } from "./rules.ts";

const IP_FORWARD = "/proc/sys/net/ipv4/ip_forward";

/** Returns whether forwarding was off before, so that `down` can put it back. */
export async function makeBridge(cluster: DevCluster): Promise<{ readonly forwardingWasOff: boolean }> {
  const bridge = bridgeOf(cluster.number);
  await run("ip", ["link", "add", bridge, "type", "bridge"]);
  await run("ip", ["addr", "add", `${bridgeAddrOf(cluster.number)}/24`, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
  await run("nft", ["-f", "-"], { input: wayOutRules(cluster.number) });
  const forwardingWasOff = readFileSync(IP_FORWARD, "utf8").trim() === "0";
  if (forwardingWasOff) writeFileSync(IP_FORWARD, "1");
  return { forwardingWasOff };
}

export async function makeLink(cluster: DevCluster, node: DevNode): Promise<void> {
  const netns = netnsOf(cluster.name, node.name);
  const veth = vethOf(cluster.number, node);
  await run("ip", ["netns", "add", netns]);
  await run("ip", ["link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", netns]);
  await run("ip", ["link", "set", veth, "master", bridgeOf(cluster.number), "up"]);
  const inside = [
    "link set lo up",
    `addr add ${node.addr}/24 dev eth0`,
    "link set eth0 up",
    `route add default via ${bridgeAddrOf(cluster.number)}`,
  ];
  await run("ip", ["-n", netns, "-batch", "-"], { input: `${inside.join("\n")}\n` });
}

/** Plugs or unplugs a host: a host without power answers nothing, not even with a reset. */
export async function setPlugged(cluster: DevCluster, node: DevNode, plugged: boolean): Promise<void> {
  await run("ip", ["link", "set", vethOf(cluster.number, node), plugged ? "up" : "down"]);
}

export async function removeNetwork(cluster: DevCluster, forwardingWasOff: boolean): Promise<void> {
  for (const node of cluster.nodes) {
    await tryRun("ip", ["link", "del", vethOf(cluster.number, node)]);
    await tryRun("ip", ["netns", "del", netnsOf(cluster.name, node.name)]);
  }
  await tryRun("ip", ["link", "del", bridgeOf(cluster.number)]);
  await tryRun("nft", ["delete", "table", "ip", natTableOf(cluster.number)]);
  await tryRun("nft", ["delete", "table", "bridge", cutTableOf(cluster.number)]);
  if (forwardingWasOff) writeFileSync(IP_FORWARD, "0");
}
