// `skep daemon`'s command line. Pure.
import { parseArgs } from "node:util";
import { DEFAULT_TUNNEL_PORT } from "../../agent/network/encryption/port.ts";
import { localSubnet } from "../../agent/network/local-subnets.ts";
import type { NetworkSubnet } from "../../proto/gen/network.ts";
import { SkepError } from "../../shared/errors.ts";
import { type Address, formatAddress, parseAddress } from "../../shared/rpc/address.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
const RUNTIMES = ["containerd", "hollow"] as const;
type RuntimeName = (typeof RUNTIMES)[number];

export interface DaemonOptions {
  readonly dataDir: string;
  readonly runDir: string;
  readonly socket: string;
  readonly listen: Address;
  readonly runtime: RuntimeName;
  /** An existing containerd's socket; none: the daemon runs its own. */
  readonly containerdSocket: string | undefined;
  readonly logLevel: LogLevel;
  readonly insecureRegistries: readonly string[];
  /** Engine labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly cgroupParent: string | undefined;
  /** Of the node-local network; none: the default ones. */
  readonly nodeNetworks: readonly NetworkSubnet[];
  /** UDP, and the one after it. */
  readonly tunnelPort: number;
  /** Where others reach this node from now on; undefined: as it said when it joined. */
  readonly advertise: string | undefined;
  /** host:port of managers to ask beside those that this node remembers. */
  readonly managers: readonly string[];
}

export type Command = { readonly kind: "run"; readonly options: DaemonOptions } | { readonly kind: "help" };

export const HELP = `Usage: skep daemon [OPTIONS]

Runs this host's part of a cluster: its containers and, where the node is a manager, the cluster's state.
A new daemon belongs to no cluster: "skep swarm init" makes one, "skep swarm join" joins one.

  --data-dir DIR            state (default /var/lib/skep)
  --run-dir DIR             sockets and pids (default /run/skep)
  --socket PATH             socket of the command line (default RUN_DIR/skep.sock)
  --listen-addr HOST:PORT   where other nodes connect (default 0.0.0.0:7377)
  --advertise-addr ADDR     where other nodes reach this one from now on: IP, IP:PORT or an interface
                            (default: as it said when it joined)
  --manager-addr HOST:PORT  a manager to ask beside those this node remembers, when they have moved; may be repeated
  --runtime NAME            containerd, or hollow: pretends, for trials of scale (default containerd)
  --containerd SOCKET       use this containerd instead of a private one
  --cgroup-parent PATH      cgroup that the containers are put in
  --node-network SUBNET     tasks reach this node and the world outside by it; may be repeated, once for IPv6
                            (default 172.29.0.0/16 and, where the host has IPv6, fd73:6b65:7029::/64)
  --tunnel-port PORT        UDP port, with the one after it, of encrypted networks (default 51820)
  --insecure-registry HOST  registry spoken to over plain HTTP, HOST[:PORT]; may be repeated
  --label KEY=VALUE         engine label of this node; may be repeated
  --log-level LEVEL         debug, info, warn or error (default info)
`;

const FLAGS = {
  "data-dir": { type: "string", default: "/var/lib/skep" },
  "run-dir": { type: "string", default: "/run/skep" },
  socket: { type: "string" },
  "listen-addr": { type: "string", default: "0.0.0.0:7377" },
  "advertise-addr": { type: "string" },
  "manager-addr": { type: "string", multiple: true },
  runtime: { type: "string", default: "containerd" },
  containerd: { type: "string" },
  "cgroup-parent": { type: "string" },
  "tunnel-port": { type: "string", default: String(DEFAULT_TUNNEL_PORT) },
  "node-network": { type: "string", multiple: true },
  "log-level": { type: "string", default: "info" },
  "insecure-registry": { type: "string", multiple: true },
  label: { type: "string", multiple: true },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @throws {SkepError} `invalid_argument` that names the flag. */
export function parseDaemonOptions(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { kind: "help" };
  const runDir = values["run-dir"];
  return {
    kind: "run",
    options: {
      dataDir: absolute("--data-dir", values["data-dir"]),
      runDir: absolute("--run-dir", runDir),
      socket: absolute("--socket", values.socket ?? `${runDir}/skep.sock`),
      listen: parseAddress("--listen-addr", values["listen-addr"]),
      runtime: oneOf("--runtime", values.runtime, RUNTIMES),
      containerdSocket: values.containerd === undefined ? undefined : absolute("--containerd", values.containerd),
      logLevel: oneOf("--log-level", values["log-level"], LOG_LEVELS),
      insecureRegistries: values["insecure-registry"] ?? [],
      labels: Object.fromEntries((values.label ?? []).map(parseLabel)),
      cgroupParent: values["cgroup-parent"],
      nodeNetworks: nodeNetworks(values["node-network"] ?? []),
      tunnelPort: port("--tunnel-port", values["tunnel-port"]),
      advertise: values["advertise-addr"],
      managers: (values["manager-addr"] ?? []).map((addr) => formatAddress(parseAddress("--manager-addr", addr))),
    },
  };
}

/** At most one of each family. */
function nodeNetworks(texts: readonly string[]): readonly NetworkSubnet[] {
  const subnets = texts.map(localSubnet);
  const sixes = subnets.filter(({ subnet }) => subnet.includes(":")).length;
  if (sixes <= 1 && subnets.length - sixes <= 1) return subnets;
  throw new SkepError("invalid_argument", `--node-network ${texts.join(", ")}: give one subnet, or one of each family`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    const [first = ""] = SkepError.from(cause).message.split("\n");
    throw new SkepError("invalid_argument", `${first} (see skep daemon --help)`, { cause });
  }
}

function absolute(flag: string, path: string): string {
  if (path.startsWith("/")) return path;
  throw new SkepError("invalid_argument", `${flag} ${JSON.stringify(path)}: write the whole path, from /`);
}

/** Of two that follow one another, the first. */
function port(flag: string, text: string): number {
  const value = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (value > 0 && value < 65_535) return value;
  throw new SkepError("invalid_argument", `${flag} ${JSON.stringify(text)}: give a port from 1 to 65534`);
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  throw new SkepError("invalid_argument", `${flag} ${JSON.stringify(value)}: must be ${allowed.join(" or ")}`);
}

function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at === 0 || text === "")
    throw new SkepError("invalid_argument", `--label ${JSON.stringify(text)}: write KEY=VALUE`);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
