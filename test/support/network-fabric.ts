// Nodes as network namespaces on one bridge, and small programs in namespaces: what tests of the network in a real kernel share.
// Needs root, iproute2 and nftables. All names begin with the fabric's; whoever makes one removes it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROBE = join(import.meta.dirname, "network-probe.ts");

export function sh(script: string): string {
  const result = spawnSync("sh", ["-ec", script], { encoding: "utf8" });
  assert.equal(result.status, 0, `${script}: ${result.stderr}`);
  return result.stdout;
}

export interface Fabric {
  /** Of every host's namespace: "NAME-host". */
  readonly name: string;
  /** Name to IPv4 address in a /24; the last number is that of the IPv6 address in fd00:99::/64, too. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly mtu?: number;
}

export const hostNamespace = ({ name }: Fabric, host: string): string => `${name}-${host}`;

export function makeFabric(fabric: Fabric): void {
  const { name, hosts, mtu = 1500 } = fabric;
  sh(`ip netns add ${name}-fab; ip -n ${name}-fab link add br0 type bridge; ip -n ${name}-fab link set br0 up`);
  for (const [host, address] of Object.entries(hosts)) {
    const namespace = hostNamespace(fabric, host);
    sh(`ip netns add ${namespace}
      ip -n ${name}-fab link add ${host} mtu ${mtu} type veth peer name up0 mtu ${mtu} netns ${namespace}
      ip -n ${name}-fab link set ${host} master br0 up
      ip -n ${namespace} link set lo up
      ip -n ${namespace} addr add ${address}/24 dev up0
      ip -n ${namespace} addr add fd00:99::${address.split(".")[3]}/64 dev up0 nodad
      ip -n ${namespace} link set up0 up`);
  }
}

/** Removes the hosts, and the namespaces that agents made for ids that begin with `ids`. */
export function removeFabric(name: string, ids: string): void {
  const names = sh("ip netns list")
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((namespace) => namespace.startsWith(`${name}-`) || /^sk[tn]-/.test(namespace))
    .filter((namespace) => namespace.startsWith(`${name}-`) || namespace.slice(4).startsWith(ids));
  for (const namespace of names) spawnSync("ip", ["netns", "del", namespace]);
}

/** A probe in a namespace; lines are answered in order. */
class Probe {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(namespace: string) {
    const words = [`--net=/run/netns/${namespace}`, "--", process.execPath, PROBE];
    this.#child = spawn("nsenter", words, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    assert.ok(stdout);
    createInterface({ input: stdout }).on("line", (line) => this.#waiting.shift()?.(line));
    this.#child.on("exit", () => {
      for (const wake of this.#waiting.splice(0)) wake("error the probe ended");
    });
  }

  say(line: string): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin?.write(`${line}\n`);
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** The probes of all namespaces: network-probe.ts says what they can do. */
export class Probes {
  readonly #probes = new Map<string, Probe>();

  tell(namespace: string, line: string): Promise<string> {
    const probe = this.#probes.get(namespace) ?? new Probe(namespace);
    this.#probes.set(namespace, probe);
    return probe.say(line);
  }

  /** Who answered and whom he saw, sorted. */
  async ask(
    namespace: string,
    host: string,
    port: number,
    count = 1,
    protocol: "tcp" | "udp" = "tcp",
  ): Promise<string[]> {
    const verb = protocol === "tcp" ? "ask" : "ask-udp";
    return (JSON.parse(await this.tell(namespace, `${verb} ${host} ${port} ${count}`)) as string[]).toSorted();
  }

  kill(): void {
    for (const probe of this.#probes.values()) probe.kill();
  }
}
