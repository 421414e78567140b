// Hosts for tests of the network: each a network namespace on one bridge and a mount namespace of its own, so that names under
// /run/netns and sockets under /run are its own, too. All end with `close`.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { createToolRunner, type ToolRunner } from "../../agent/network/apply/run.ts";
import { startWorkerBy } from "../../agent/network/apply/worker-port.ts";
import { realEnv } from "../../shared/env/real-env.ts";

export function sh(script: string): string {
  const result = spawnSync("sh", ["-ec", script], { encoding: "utf8" });
  assert.equal(result.status, 0, `${script}: ${result.stderr}`);
  return result.stdout;
}

export interface TestHost {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  /** Words before a command that runs on the host. */
  readonly enter: readonly string[];
  readonly runner: ToolRunner;
  readonly kernel: KernelProcess;
  /** Standard output of a shell script on the host; fails the test when the script fails. */
  readonly sh: (script: string) => string;
  /** In a namespace under the host's /run/netns. */
  readonly shIn: (namespace: string, script: string) => string;
  readonly spawn: (words: readonly string[], namespace?: string) => ChildProcess;
}

export interface HostNamespaces {
  readonly hosts: readonly TestHost[];
  /** In the namespace of the bridge, where everything on the wire can be seen. */
  readonly fabric: { readonly enter: readonly string[]; readonly bridge: string };
  readonly close: () => Promise<void>;
}

/**
 * @param prefix of the names of network namespaces: "skepenc".
 * @param dir for what the hosts have of their own.
 * @param net third byte of the underlay's addresses: 10.98.NET.1 and fd00:98:NET::1 is the first host.
 */
export async function openHosts(prefix: string, dir: string, net: number, count: number): Promise<HostNamespaces> {
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const remove = (): void => {
    for (const name of [...names, "fab"]) spawnSync("ip", ["netns", "del", `${prefix}-${name}`]);
  };
  remove(); // what a run that was cut short has left
  sh(`ip netns add ${prefix}-fab
    ip -n ${prefix}-fab link add br0 type bridge
    ip -n ${prefix}-fab link set br0 up`);
  const children: ChildProcess[] = [];
  const hosts: TestHost[] = [];
  for (const [i, name] of names.entries()) {
    const address = `10.98.${net}.${i + 1}`;
    const address6 = `fd00:98:${net}::${i + 1}`;
    sh(`ip netns add ${prefix}-${name}
      ip -n ${prefix}-fab link add ${name} type veth peer name up0 netns ${prefix}-${name}
      ip -n ${prefix}-fab link set ${name} master br0 up
      ip -n ${prefix}-${name} link set lo up
      ip -n ${prefix}-${name} addr add ${address}/24 dev up0
      ip -n ${prefix}-${name} addr add ${address6}/64 dev up0 nodad
      ip -n ${prefix}-${name} link set up0 up`);
    const run = join(dir, name);
    for (const part of ["netns", "wireguard"]) mkdirSync(join(run, part), { recursive: true });
    const boot = `mount --make-rprivate /; mkdir -p /run/netns /run/wireguard
      mount --bind ${run}/netns /run/netns; mount --bind ${run}/wireguard /run/wireguard
      echo ready; exec sleep infinity`;
    const child = spawn("nsenter", [`--net=/run/netns/${prefix}-${name}`, "unshare", "-m", "sh", "-ec", boot], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    assert.ok(child.stdout && child.pid !== undefined);
    await once(child.stdout, "data");
    hosts.push(hostOf(name, address, address6, ["nsenter", "-t", String(child.pid), "-n", "-m", "--"]));
  }
  return {
    hosts,
    fabric: { enter: ["nsenter", `--net=/run/netns/${prefix}-fab`, "--"], bridge: "br0" },
    close: async () => {
      for (const host of hosts) host.sh("for d in skwg0 skwg1; do ip link del $d 2>/dev/null || :; done");
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(
        children.map((child) => ((child.exitCode ?? child.signalCode) ? undefined : once(child, "exit"))),
      );
      remove();
    },
  };
}

function hostOf(name: string, address: string, address6: string, enter: readonly string[]): TestHost {
  const wordsIn = (namespace: string | undefined): readonly string[] =>
    namespace === undefined ? enter : [...enter, "nsenter", `--net=/run/netns/${namespace}`, "--"];
  const shell = (namespace: string | undefined, script: string): string => {
    const [file = "", ...args] = [...wordsIn(namespace), "sh", "-ec", script];
    const result = spawnSync(file, args, { encoding: "utf8" });
    assert.equal(result.status, 0, `${name}: ${script}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const real = createToolRunner({ env: realEnv });
  return {
    name,
    address,
    address6,
    enter,
    runner: {
      run: ({ command, args, ...rest }, signal) => {
        const [file = "", ...words] = [...enter, command, ...args];
        return real.run({ command: file, args: words, ...rest }, signal);
      },
    },
    kernel: new KernelProcess({ env: realEnv }, (options) => startWorkerBy(enter, options)),
    sh: (script) => shell(undefined, script),
    shIn: shell,
    spawn: (words, namespace) => {
      const [file = "", ...args] = [...wordsIn(namespace), ...words];
      return spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    },
  };
}
