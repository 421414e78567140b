// The namespace of the node's bridges, and its one link to the host: desired.ts says why it is there. Its other side on the host
// is a link with the gateways' addresses and routes to them; both ends know each other's MAC, so that nothing is asked.
import { macOfAll, readAddresses } from "./addresses.ts";
import type { NodeInput } from "./input.ts";
import type { Link, MutableFacts } from "./kernel.ts";
import { hostNets, type LocalNet, localNets } from "./local-nets.ts";
import { LOCAL_BRIDGE, LOCAL_LINK, switchboardOf, UPLINK } from "./names.ts";
import { goesPast } from "./past-forward.ts";

export interface Namespace {
  readonly links: Map<string, Link>;
  readonly facts: MutableFacts;
}

export const LOOPBACK: Link = { make: { kind: "loopback" }, mtu: 65536, up: true };
export const MAIN_TABLE = 254;
const LOCAL_TABLE = 255;
export const ANY = { 4: "0.0.0.0/0", 6: "::/0" } as const;
export const BITS = { 4: 32, 6: 128 } as const;

export function addSwitchboard(input: NodeInput, node: Namespace, board: Namespace): void {
  const { localMtu: mtu } = input;
  const nets = localNets(input);
  const hostMac = macOfAll(readAddresses(nets.map(({ host }) => host.text)));
  const ownMac = macOfAll(readAddresses(nets.map(({ own }) => own.text)));
  const make = { kind: "veth", peerNamespace: switchboardOf(input.nodeId), peerName: UPLINK } as const;
  node.links.set(LOCAL_LINK, { make, mtu, mac: hostMac, up: true });
  board.links.set(LOCAL_BRIDGE, { make: { kind: "bridge" }, mtu, mac: ownMac, up: true });
  board.links.set(UPLINK, { make: { kind: "peer" }, mtu, mac: ownMac, up: true });
  for (const { own, subnet } of nets) {
    board.facts.address.set(`${own.text}/${BITS[own.ip.family]} dev ${LOCAL_BRIDGE}`, "");
    board.facts.route.set(`${subnet} table ${MAIN_TABLE}`, `dev ${LOCAL_BRIDGE}`);
  }
  const onHost = hostNets(input);
  for (const { host, own, subnet } of onHost) {
    const { family } = own.ip;
    node.facts.address.set(`${host.text}/${BITS[family]} dev ${LOCAL_LINK}`, "");
    node.facts.route.set(`${own.text}/${BITS[family]} table ${MAIN_TABLE}`, `dev ${LOCAL_LINK}`);
    node.facts.route.set(`${subnet} table ${MAIN_TABLE}`, `via ${own.text} dev ${LOCAL_LINK}`);
    node.facts.neighbour.set(`${own.text} dev ${LOCAL_LINK}`, `lladdr ${ownMac}`);
    board.facts.route.set(`${host.text}/${BITS[family]} table ${MAIN_TABLE}`, `dev ${UPLINK}`);
    board.facts.route.set(`${ANY[family]} table ${MAIN_TABLE}`, `via ${host.text} dev ${UPLINK}`);
    board.facts.neighbour.set(`${host.text} dev ${UPLINK}`, `lladdr ${hostMac}`);
  }
  const isSix = ({ own }: LocalNet): boolean => own.ip.family === 6;
  addSettings(node.facts.sysctl, board.facts.sysctl, !goesPast(input));
  if (nets.some(isSix)) board.facts.sysctl.set("net/ipv6/conf/all/forwarding", "1");
  if (!onHost.some(isSix)) return;
  if (!goesPast(input)) node.facts.sysctl.set("net/ipv6/conf/all/forwarding", "1");
  // A client that asks ::1 is sent on like one that asks 127.0.0.1; but a reply to ::1 is taken only from a link that has it.
  node.facts.route.set(`local ::1/128 table ${LOCAL_TABLE}`, `dev ${LOCAL_LINK}`);
}

function addSettings(node: Map<string, string>, board: Map<string, string>, forwards: boolean): void {
  // For what tasks send into the world; published ports need no forwarding by the host.
  if (forwards) node.set("net/ipv4/ip_forward", "1");
  node.set(`net/ipv4/conf/${LOCAL_LINK}/route_localnet`, "1"); // published ports answer on 127.0.0.1 too
  board.set("net/ipv4/ip_forward", "1");
  board.set("net/ipv4/conf/all/rp_filter", "0");
  board.set("net/ipv4/conf/default/rp_filter", "0");
  for (const key of ["arp", "ip", "ip6"]) board.set(`net/bridge/bridge-nf-call-${key}tables`, "0");
}
