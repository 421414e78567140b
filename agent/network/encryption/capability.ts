// Whether this node can have tunnels at all, and whether by the kernel, found out by trying.
import type { ToolRunner } from "../apply/run.ts";

/** The script's exit status when only wireguard-go can do it. */
const BY_PROGRAM = 10;
const SCRIPT = `command -v wg >/dev/null || { echo "the command wg is missing: install wireguard-tools"; exit; }
[ -d /proc/sys/net/ipv6 ] || { echo "this kernel has no IPv6, which the tunnels need"; exit; }
ip link del dev skwgtest 2>/dev/null
ip link add dev skwgtest type wireguard 2>/dev/null && { ip link del dev skwgtest; exit; }
command -v wireguard-go >/dev/null || { echo "this kernel has no WireGuard, and there is no wireguard-go: install it"; exit; }
[ -c /dev/net/tun ] || { echo "this kernel has no WireGuard, and there is no /dev/net/tun for wireguard-go"; exit; }
exit ${BY_PROGRAM}`;

export interface TunnelCapability {
  /** Why there can be no encrypted network on this node; empty when there can. */
  readonly problem: string;
  /** What encryption costs here beyond what it need; empty: the kernel does it. */
  readonly cost: string;
}

export async function tunnelCapability(runner: ToolRunner, signal: AbortSignal): Promise<TunnelCapability> {
  const { stdout, code } = await runner.run({ command: "sh", args: ["-c", SCRIPT] }, signal);
  return { problem: stdout.trim(), cost: code === BY_PROGRAM ? COST : "" };
}

const COST = "its kernel has no WireGuard, so encrypted networks go by wireguard-go, some 0.1 Gbit/s between two tasks";
