// Reads the tunnels from the kernel and from wireguard-go, in one run of a shell.
import { SkepError } from "../../../shared/errors.ts";
import { parseIp } from "../../../shared/model/ip.ts";
import { subnetOf, TUNNEL_PREFIX } from "../../../shared/network/tunnel-address.ts";
import { type Json, list, objects, text } from "../apply/parse.ts";
import type { ToolRunner } from "../apply/run.ts";
import { formatIp } from "../plan/addresses.ts";
import { DEVICES, type DeviceName, type ObservedDevice, type ObservedTunnels, type TunnelPeer } from "./state.ts";

/** WireGuard makes a new handshake every two minutes while there is traffic, and there always is. */
const SILENT_AFTER_MS = 200_000;

export const TUNNEL_SUBNET = subnetOf(TUNNEL_PREFIX);

// A device whose process died half-way makes wg complain: what it says of the others counts.
const SCRIPT = "ip -j -d addr\necho @@@\nwg show all dump 2>/dev/null\necho @@@\nip -j -6 route";

export interface ObserveTunnelsOptions {
  readonly runner: ToolRunner;
  /** This node's own, inside the tunnel. */
  readonly address: string;
  /** Unix milliseconds. */
  readonly wallMs: () => number;
}

/** @throws {SkepError} `internal` when ip cannot be run. */
export async function observeTunnels(options: ObserveTunnelsOptions, signal: AbortSignal): Promise<ObservedTunnels> {
  const { code, stdout, stderr } = await options.runner.run({ command: "sh", args: ["-c", SCRIPT] }, signal);
  const parts = stdout.split("@@@\n");
  if (code !== 0 || parts.length !== 3) {
    throw new SkepError("internal", `cannot read this node's tunnels: ${stderr.trim() || `exit ${code}`}`);
  }
  return parseTunnels(parts, options.address, options.wallMs());
}

const isDevice = (name: string): name is DeviceName => DEVICES.some((device) => device === name);

/** @param parts what `ip addr`, `wg show all dump` and `ip -6 route` printed. */
export function parseTunnels(
  [links = "", dump = "", routing = ""]: readonly string[],
  own: string,
  nowMs: number,
): ObservedTunnels {
  const answered = parseDump(dump, nowMs);
  const devices = new Map<DeviceName, ObservedDevice>();
  const dead = new Set<DeviceName>();
  for (const link of objects(json(links))) {
    const name = text(link["ifname"]);
    if (!isDevice(name)) continue;
    const device = answered.get(name);
    const hasAddress = objects(link["addr_info"]).some((address) => text(address["local"]) === own);
    const isSet = list(link["flags"]).includes("UP") && hasAddress;
    if (device === undefined) dead.add(name);
    else devices.set(name, { ...device, mtu: Number(link["mtu"] ?? 0), isSet });
  }
  const table = json(routing);
  const isFenced = objects(table).some(
    (route) => text(route["dst"]) === TUNNEL_SUBNET && route["type"] === "unreachable",
  );
  return { devices, dead, routes: tunnelRoutes(table), isFenced };
}

/** @param routing what `ip -j -6 route` printed. */
export function tunnelRoutes(routing: Json): ReadonlyMap<string, DeviceName> {
  const routes = new Map<string, DeviceName>();
  for (const route of objects(routing)) {
    const device = text(route["dev"]);
    if (!isDevice(device) || route["protocol"] !== "static") continue;
    routes.set(text(route["dst"]).replace(/\/128$/, ""), device);
  }
  return routes;
}

function json(part: string): Json {
  try {
    return JSON.parse(part.trim() || "[]") as Json; // the boundary: everything is looked at before it is used
  } catch (cause) {
    throw new SkepError("internal", `ip prints what is no JSON: ${part.slice(0, 80)}`, { cause });
  }
}

type Answered = Pick<ObservedDevice, "publicKey" | "port" | "peers" | "proven" | "silent">;

/** A device's line has five fields, a peer's nine. */
function parseDump(dump: string, nowMs: number): ReadonlyMap<string, Answered> {
  const devices = new Map<string, Answered>();
  const peers = new Map<string, Map<string, TunnelPeer>>();
  const proven = new Set<string>();
  const silent = new Set<string>();
  for (const line of dump.split("\n")) {
    const [name = "", first = "", second = "", third = "", allowed = "", handshake = ""] = line.split("\t");
    const fields = line.split("\t").length;
    if (fields === 5) {
      const own = new Map<string, TunnelPeer>();
      peers.set(name, own);
      devices.set(name, { publicKey: second, port: Number(third), peers: own, proven, silent });
    } else if (fields === 9) {
      const ip = parseIp(allowed.replace(/\/128$/, ""));
      peers.get(name)?.set(first, {
        endpoint: third === "(none)" ? "" : third,
        address: ip === undefined ? "" : formatIp(ip),
      });
      const atMs = Number(handshake) * 1000;
      if (atMs > 0) proven.add(first);
      if (nowMs - atMs > SILENT_AFTER_MS) silent.add(first);
    }
  }
  return devices;
}
