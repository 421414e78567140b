// Runs the test of the network over hosts of host-namespaces.ts, as a manager would.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  decodeProbeAnswer,
  encodeProbeCommand,
  type FirewallBlock,
  newProbeCommand,
  newProbePort,
  newProbePrepare,
  newProbeTarget,
  type ProbeAnswer,
  type ProbeCommand,
} from "../../proto/gen/agent.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { probeAddressOf, tunnelAddressOf } from "../../shared/network/tunnel-address.ts";
import type { TestHost } from "./host-namespaces.ts";

const PROBE_NODE = join(import.meta.dirname, "probe-node.ts");
export const DAEMON_PORT = 7377;
export const DATA_PORT = 4789;

type Answer<K> = Extract<NonNullable<ProbeAnswer["answer"]>, { readonly kind: K }>;

class ProbedHost {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = "";

  constructor(host: TestHost, nodeId: NodeId) {
    const [file = "", ...words] = host.enter;
    const args = [...words, process.execPath, PROBE_NODE, nodeId, String(DAEMON_PORT)];
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    assert.ok(this.#child.stdout);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
  }

  async listening(): Promise<void> {
    assert.equal((await this.#lines.next()).value, "listening", this.#errors);
  }

  async ask<K extends "ready" | "sent" | "arrived">(
    command: NonNullable<ProbeCommand["command"]>,
    kind: K,
  ): Promise<Answer<K>> {
    this.#child.stdin?.write(`${Buffer.from(encodeProbeCommand(newProbeCommand({ command }))).toString("hex")}\n`);
    const line = await this.#lines.next();
    assert.ok(line.done !== true, this.#errors);
    const { answer } = decodeProbeAnswer(Buffer.from(line.value, "hex"));
    assert.equal(answer?.kind, kind);
    return answer as Answer<K>;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end("end\n");
    await ended;
  }
}

export interface Probed {
  /** "n1 n2": what went wrong with the connection; empty when nothing did. */
  readonly connections: ReadonlyMap<string, string>;
  /** "n1 n2": sizes of n1's packets that arrived at n2. */
  readonly vxlan: ReadonlyMap<string, readonly number[]>;
  readonly tunnels: ReadonlyMap<string, readonly number[]>;
  /** Host to what its firewall seems to drop. */
  readonly blocks: ReadonlyMap<string, readonly FirewallBlock[]>;
}

/** All hosts to all others. */
export async function probeHosts(
  hosts: readonly { readonly host: TestHost; readonly nodeId: NodeId }[],
  sizes: readonly number[],
  tunnelSizes: readonly number[],
): Promise<Probed> {
  const asked = hosts.map(({ host, nodeId }) => ({ host, nodeId, probe: new ProbedHost(host, nodeId) }));
  try {
    for (const { probe } of asked) await probe.listening();
    for (const { probe, host, nodeId } of asked) {
      const others = hosts.filter((other) => other.nodeId !== nodeId);
      const targets = others.map((other) =>
        newProbeTarget({
          nodeId: other.nodeId,
          addr: `${other.host.address}:${DAEMON_PORT}`,
          underlayAddresses: [other.host.address, other.host.address6],
        }),
      );
      const underlayAddresses = [host.address, host.address6];
      const ports = [
        newProbePort({ protocol: "tcp", port: DAEMON_PORT }),
        newProbePort({ protocol: "udp", port: DATA_PORT }),
      ];
      const prepare = newProbePrepare({
        underlayAddresses,
        targets,
        dataPathPort: DATA_PORT,
        sizes,
        tunnelSizes,
        ports,
      });
      const { problem } = await probe.ask({ kind: "prepare", ...prepare }, "ready");
      assert.equal(problem, "");
    }
    const connections = new Map<string, string>();
    await Promise.all(
      asked.map(async ({ probe, host }) => {
        const sent = await probe.ask({ kind: "send" }, "sent");
        for (const { nodeId, error } of sent.connections) {
          const to = hosts.find((other) => other.nodeId === nodeId)?.host.name ?? "?";
          connections.set(`${host.name} ${to}`, error);
        }
      }),
    );
    const vxlan = new Map<string, readonly number[]>();
    const tunnels = new Map<string, readonly number[]>();
    const blocks = new Map<string, readonly FirewallBlock[]>();
    for (const { probe, host } of asked) {
      const arrived = await probe.ask({ kind: "collect" }, "arrived");
      blocks.set(host.name, arrived.blocks);
      for (const other of hosts) {
        const find = (list: typeof arrived.vxlan, address: string) =>
          list.find((arrival) => arrival.address === address)?.sizes;
        const plain = find(arrived.vxlan, probeAddressOf(other.nodeId));
        const sealed = find(arrived.tunnels, tunnelAddressOf(other.nodeId));
        if (plain !== undefined) vxlan.set(`${other.host.name} ${host.name}`, plain);
        if (sealed !== undefined) tunnels.set(`${other.host.name} ${host.name}`, sealed);
      }
    }
    return { connections, vxlan, tunnels, blocks };
  } finally {
    await Promise.all(asked.map(({ probe }) => probe.end()));
  }
}
