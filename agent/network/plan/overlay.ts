// An overlay network on this node: a bridge, a VXLAN device as one of its ports, and for everything that is elsewhere one
// exact entry: which port its MAC is behind, which node, and the answer to who has its address. Nothing is flooded to other
// nodes and nothing is learned from packets: what no entry names cannot be reached, and what an entry names is reached at once.
import type { NodeId } from "../../../shared/model/ids.ts";
import type { NetworkView } from "../view.ts";
import { type Address, macOfAll, macOfVni, prefixOf, readAddresses } from "./addresses.ts";
import { byKey, networkSubnets, remoteUnderlay, vxlanPortOf } from "./input.ts";
import type { Link, MutableFacts } from "./kernel.ts";
import { bridgeOf, vxlanOf } from "./names.ts";

/** Adds it to the switchboard. */
export function addOverlay(
  view: NetworkView,
  nodeId: NodeId,
  local: Address,
  links: Map<string, Link>,
  facts: MutableFacts,
): void {
  const { vni, mtu } = view.network;
  const bridge = bridgeOf(vni);
  const vxlan = vxlanOf(vni);
  const own = readAddresses(view.nodes.get(nodeId)?.addresses ?? []);
  links.set(bridge, { make: { kind: "bridge" }, mtu, mac: macOfAll(own) ?? macOfVni(vni), up: true });
  links.set(vxlan, {
    make: { kind: "vxlan", vni, local: local.text, port: vxlanPortOf(view) },
    mtu,
    master: bridge,
    port: "vxlan",
    up: true,
  });
  const subnets = networkSubnets(view);
  // An address that is replaced must not take the new one along.
  if (own.length > 0) facts.sysctl.set(`net/ipv4/conf/${bridge}/promote_secondaries`, "1");
  for (const { text, ip } of own) facts.address.set(`${text}/${prefixOf(ip, subnets)} dev ${bridge}`, "");

  const remote = (id: NodeId, addresses: readonly Address[]): void => {
    const mac = macOfAll(addresses);
    const underlay = remoteUnderlay(view, id, local);
    if (mac === undefined || underlay === undefined) return;
    facts.fdb.set(`${mac} dev ${vxlan}`, `dst ${underlay}`);
    facts["bridge-port"].set(`${mac} ${bridge}`, vxlan);
    for (const { text } of addresses) facts.neighbour.set(`${text} dev ${vxlan}`, `lladdr ${mac}`);
  };
  for (const node of byKey(view.nodes)) {
    if (node.nodeId !== nodeId) remote(node.nodeId, readAddresses(node.addresses));
  }
  for (const endpoint of byKey(view.endpoints)) {
    if (endpoint.nodeId !== nodeId) remote(endpoint.nodeId, readAddresses(endpoint.addresses));
  }
}
