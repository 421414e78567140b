// Does the steps of a plan with ip, wg and wireguard-go.
import { assertNever, SkepError } from "../../../shared/errors.ts";
import type { ToolCall, ToolRunner } from "../apply/run.ts";
import type { OwnKey } from "./keys.ts";
import { TUNNEL_SUBNET } from "./observe.ts";
import type { TunnelStep } from "./plan.ts";
import type { Device } from "./state.ts";

/** Holds a way open where something between the nodes forgets them, and makes a handshake before there is traffic. */
const KEEPALIVE_S = 25;

// wireguard-go forks once its device is there; its process ends with the device. A session of its own: what ends the agent is not
// meant for it. What failed is told in one line; of wireguard-go's own words only the last are no advertisement.
// A process whose device has just gone takes its socket along when it ends: were the next one there by then, it would lose its own.
const ADD = `ip link add dev "$0" type wireguard 2>/dev/null && exit 0
command -v wireguard-go >/dev/null || { echo "this kernel has no WireGuard, and there is no wireguard-go" >&2; exit 3; }
tries=0 socket="/var/run/wireguard/$0.sock"
while [ -S "$socket" ] && [ "$tries" -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -f "$socket"
mkdir -p /var/run/wireguard && setsid wireguard-go "$0" </dev/null >/dev/null 2>&1 || { echo "wireguard-go cannot start: is there a /dev/net/tun?" >&2; exit 4; }`;
const SET = `[ ! -e "/proc/sys/net/ipv6/conf/$0/disable_ipv6" ] || echo 0 >"/proc/sys/net/ipv6/conf/$0/disable_ipv6"
ip link set dev "$0" mtu "$1" addrgenmode none && ip -6 addr replace "$2/128" dev "$0" nodad && ip link set dev "$0" up`;

export interface ExecuteTunnelsOptions {
  readonly runner: ToolRunner;
  /** This node's own, inside the tunnel. */
  readonly address: string;
  readonly keys: readonly OwnKey[];
}

/** Stops at the first failure. @throws {SkepError} what failed; the next look and plan go on from there. */
export async function executeTunnels(
  steps: readonly TunnelStep[],
  options: ExecuteTunnelsOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const batch of batches(steps, options)) {
    const { code, stderr } = await options.runner.run(batch.call, signal);
    if (code === 0 || (batch.isTolerant && code !== -1)) continue;
    const reason = stderr.trim().split("\n").slice(0, 3).join("; ") || `exit ${code}`;
    throw new SkepError("internal", `cannot ${batch.what}: ${reason}`);
  }
}

interface Batch {
  readonly what: string;
  readonly call: ToolCall;
  /** It may have been done before. */
  readonly isTolerant: boolean;
}

function* batches(steps: readonly TunnelStep[], options: ExecuteTunnelsOptions): Generator<Batch> {
  // Routes are many: one run for those that follow one another.
  let lines: string[] = [];
  const routes = function* (): Generator<Batch> {
    if (lines.length === 0) return;
    const call = { command: "ip", args: ["-6", "-force", "-batch", "-"], input: `${lines.join("\n")}\n` };
    lines = [];
    yield { what: "route into the tunnels", call, isTolerant: true };
  };
  for (const step of steps) {
    if (step.kind === "putRoute") {
      lines.push(`route replace ${step.address}/128 dev ${step.device} proto static`);
    } else if (step.kind === "removeRoute") {
      lines.push(`route del ${step.address}/128 dev ${step.device} proto static`);
    } else {
      yield* routes();
      yield batchOf(step, options);
    }
  }
  yield* routes();
}

type Single = Exclude<TunnelStep, { readonly kind: "putRoute" | "removeRoute" }>;

function batchOf(step: Single, { address, keys }: ExecuteTunnelsOptions): Batch {
  const shell = (script: string, ...args: readonly string[]): ToolCall => ({
    command: "sh",
    args: ["-c", script, ...args],
  });
  switch (step.kind) {
    case "fence":
      return {
        what: "keep what is to be encrypted from other ways",
        call: { command: "ip", args: ["-6", "route", "replace", "unreachable", TUNNEL_SUBNET, "metric", "4096"] },
        isTolerant: false,
      };
    case "unfence":
      return {
        what: "remove the route",
        call: { command: "ip", args: ["-6", "route", "del", "unreachable", TUNNEL_SUBNET] },
        isTolerant: true,
      };
    case "addDevice":
      return { what: `make the tunnel ${step.name}`, call: shell(ADD, step.name), isTolerant: false };
    case "removeDevice":
      return {
        what: `remove the tunnel ${step.name}`,
        call: { command: "ip", args: ["link", "del", "dev", step.name] },
        isTolerant: true,
      };
    case "setDevice":
      return {
        what: `set up the tunnel ${step.name}`,
        call: shell(SET, step.name, String(step.mtu), address),
        isTolerant: false,
      };
    case "syncDevice":
      return {
        what: `give the tunnel ${step.name} its keys`,
        // Our end of the child's standard input is a socket, which cannot be opened by a name: hence the pipe.
        call: { ...shell('cat | wg syncconf "$0" /dev/stdin', step.name), input: configOf(step.device, keys) },
        isTolerant: false,
      };
    default:
      return assertNever(step);
  }
}

/** As wg reads it. */
export function configOf({ publicKey, port, peers }: Device, keys: readonly OwnKey[]): string {
  const own = keys.find((key) => key.publicKey === publicKey);
  if (own === undefined) throw new SkepError("internal", "a tunnel without a key of this node");
  const sections = [...peers].map(
    ([key, peer]) =>
      `[Peer]\nPublicKey = ${key}\nEndpoint = ${peer.endpoint}\nAllowedIPs = ${peer.address}/128\nPersistentKeepalive = ${KEEPALIVE_S}\n`,
  );
  return `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = ${port}\n${sections.join("")}`;
}
