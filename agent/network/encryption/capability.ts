// Whether this node can have tunnels at all, found out by trying.
import type { ToolRunner } from "../apply/run.ts";

const SCRIPT = `command -v wg >/dev/null || { echo "the command wg is missing: install wireguard-tools"; exit; }
[ -d /proc/sys/net/ipv6 ] || { echo "this kernel has no IPv6, which the tunnels need"; exit; }
ip link del dev skwgtest 2>/dev/null
ip link add dev skwgtest type wireguard 2>/dev/null && { ip link del dev skwgtest; exit; }
command -v wireguard-go >/dev/null || { echo "this kernel has no WireGuard, and there is no wireguard-go: install it"; exit; }
[ -c /dev/net/tun ] || echo "this kernel has no WireGuard, and there is no /dev/net/tun for wireguard-go"`;

/** Why there can be no encrypted network on this node; empty when there can. */
export async function tunnelProblem(runner: ToolRunner, signal: AbortSignal): Promise<string> {
  const { stdout } = await runner.run({ command: "sh", args: ["-c", SCRIPT] }, signal);
  return stdout.trim();
}
