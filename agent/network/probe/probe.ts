// Agent.ProbeNetwork: one test of this node's ways to others, led by a manager. What it makes in the kernel lives as long as the call.
import {
  type FirewallBlock,
  newProbeAnswer,
  newProbeArrival,
  newProbeArrived,
  newProbeConnection,
  newProbeReady,
  newProbeSent,
  type ProbeAnswer,
  type ProbeCommand,
  type ProbePrepare,
} from "../../../proto/gen/agent.ts";
import type { Env } from "../../../shared/env/env.ts";
import { assertNever, SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { probeAddressOf, tunnelAddressOf } from "../../../shared/network/tunnel-address.ts";
import { type Json, objects, text } from "../apply/parse.ts";
import type { ToolRunner } from "../apply/run.ts";
import { tunnelRoutes } from "../encryption/observe.ts";
import { firewallBlocks } from "../firewall/blocks.ts";
import { kernelHasIpv6 } from "../kernel-ipv6.ts";
import {
  type Arrival,
  entries,
  FIRST_PORT,
  HEADER_BYTES,
  MAX_SIZES,
  neighbours,
  PROBE_DEVICE,
  PROBE_TABLE,
  type ProbePlan,
  parseArrivals,
  planProbe,
  setUp,
  TAKE_DOWN,
} from "./plan.ts";
import type { Datagram, ProbeTransport } from "./transport.ts";

const MAX_TARGETS = 64;
const MAX_PORTS = 8;
const MAX_BYTES = 9_000;
const MIN_BYTES = 100;
/** A packet may be lost without anything being wrong. */
const ROUNDS = 4;
const ROUND_PAUSE_MS = 100;
const CONNECT_LIMIT_MS = 2_000;

export interface ProbeOptions {
  readonly env: Env;
  readonly log: Log;
  readonly nodeId: NodeId;
  readonly runner: ToolRunner;
  readonly transport: ProbeTransport;
}

/** Handles the calls of managers, one at a time. */
export class NetworkProbe {
  readonly #options: ProbeOptions;
  #isBusy = false;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** @throws {SkepError} `unavailable`: another test is running. `invalid_argument`: commands out of order or of bounds. */
  async *run(commands: AsyncIterable<ProbeCommand>, signal: AbortSignal): AsyncGenerator<ProbeAnswer> {
    if (this.#isBusy) throw new SkepError("unavailable", "another test of the network is running on this node");
    this.#isBusy = true;
    try {
      let test: OneTest | undefined;
      for await (const { command } of commands) {
        if (command === undefined) continue;
        switch (command.kind) {
          case "prepare":
            test = new OneTest(this.#options, command);
            yield newProbeAnswer({ answer: await test.prepare(signal) });
            break;
          case "send":
            yield newProbeAnswer({ answer: await begun(test).send(signal) });
            break;
          case "collect":
            yield newProbeAnswer({ answer: await begun(test).collect(signal) });
            return;
          default:
            assertNever(command);
        }
      }
    } finally {
      await this.#clear();
      this.#isBusy = false;
    }
  }

  async #clear(): Promise<void> {
    const { runner, log } = this.#options;
    try {
      await runner.run({ command: "sh", args: ["-c", TAKE_DOWN] }, new AbortController().signal);
    } catch (error) {
      log.warn({ error: SkepError.from(error).message }, "what a test of the network made is still there");
    }
  }
}

function begun(test: OneTest | undefined): OneTest {
  if (test !== undefined) return test;
  throw new SkepError("invalid_argument", "a test of the network begins with prepare");
}

class OneTest {
  readonly #options: ProbeOptions;
  readonly #request: ProbePrepare;
  #plan: ProbePlan | undefined;

  constructor(options: ProbeOptions, request: ProbePrepare) {
    check(request);
    this.#options = options;
    this.#request = request;
  }

  async prepare(signal: AbortSignal): Promise<NonNullable<ProbeAnswer["answer"]>> {
    const { env, nodeId } = this.#options;
    const nowMs = env.wallMs(); // before anything takes time
    const { underlayAddresses, targets, dataPathPort, sizes } = this.#request;
    const plan = planProbe(nodeId, underlayAddresses, targets, dataPathPort, sizes);
    let problem = "";
    if (plan === undefined) problem = "this node has no address for VXLAN packets";
    else if (!kernelHasIpv6()) problem = "its kernel has no IPv6, which the test goes by; networks need none";
    else {
      try {
        await this.#tool("sh", ["-c", setUp(plan)], "", signal);
        await this.#tool("ip", ["-batch", "-"], neighbours(plan), signal);
        await this.#tool("bridge", ["-batch", "-"], entries(plan), signal);
        this.#plan = plan;
      } catch (error) {
        signal.throwIfAborted();
        problem = SkepError.from(error).message;
      }
    }
    return { kind: "ready", ...newProbeReady({ nowMs, problem }) };
  }

  async send(signal: AbortSignal): Promise<NonNullable<ProbeAnswer["answer"]>> {
    const { env, transport, nodeId } = this.#options;
    const { targets, sizes, tunnelSizes } = this.#request;
    const connecting = Promise.all(
      targets.map(async (target) => {
        const error = await transport.connect(target.addr, CONNECT_LIMIT_MS, signal);
        return newProbeConnection({ nodeId: target.nodeId, error });
      }),
    );
    const routes = await this.#tunnelRoutes(signal);
    const tunnelled = targets.filter((target) => routes.has(tunnelAddressOf(target.nodeId)));
    const plain = this.#plan?.peers ?? [];
    for (let round = 0; round < ROUNDS; round++) {
      await transport.send(
        probeAddressOf(nodeId),
        datagrams(
          plain.map((peer) => probeAddressOf(peer.nodeId)),
          sizes,
        ),
      );
      const inside = tunnelled.map((target) => tunnelAddressOf(target.nodeId));
      await transport.send(tunnelAddressOf(nodeId), datagrams(inside, tunnelSizes));
      await env.sleep(ROUND_PAUSE_MS, signal);
    }
    const tunnelNodeIds = tunnelled.map((target) => target.nodeId);
    return { kind: "sent", ...newProbeSent({ connections: await connecting, tunnelNodeIds }) };
  }

  async collect(signal: AbortSignal): Promise<NonNullable<ProbeAnswer["answer"]>> {
    if (this.#plan === undefined) return { kind: "arrived", ...newProbeArrived() };
    const read = async (set: string, sizes: readonly number[]): Promise<readonly Arrival[]> =>
      parseArrivals(
        parse(await this.#tool("nft", ["-j", "list", "set", ...PROBE_TABLE.split(" "), set], "", signal)),
        sizes,
      );
    const vxlan = await read("vxlan", this.#request.sizes);
    const tunnels = await read("tunnels", this.#request.tunnelSizes);
    const blocks = await this.#blocks(this.#plan, signal);
    return {
      kind: "arrived",
      ...newProbeArrived({ vxlan: vxlan.map(newProbeArrival), tunnels: tunnels.map(newProbeArrival), blocks }),
    };
  }

  /** Only words beside what was found: without them, it was found all the same. */
  async #blocks({ local, peers }: ProbePlan, signal: AbortSignal): Promise<readonly FirewallBlock[]> {
    const { runner } = this.#options;
    const { ports, dataPathPort } = this.#request;
    if (ports.length === 0) return [];
    try {
      const link = linkWith(local, parse(await this.#tool("ip", ["-j", "addr"], "", signal)));
      const ways = { link, own: local, peers: peers.map(({ underlay }) => underlay), ports };
      return await firewallBlocks({ ...ways, untrackedPort: dataPathPort }, runner, signal);
    } catch {
      signal.throwIfAborted();
      return [];
    }
  }

  /** Addresses that lead into a tunnel. */
  async #tunnelRoutes(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const json = parse(await this.#tool("ip", ["-j", "-6", "route"], "", signal));
    return new Set(tunnelRoutes(json).keys());
  }

  async #tool(command: string, args: readonly string[], input: string, signal: AbortSignal): Promise<string> {
    const { code, stdout, stderr } = await this.#options.runner.run({ command, args, input }, signal);
    if (code === 0) return stdout;
    throw new SkepError("internal", `cannot set up ${PROBE_DEVICE}: ${stderr.trim().split("\n")[0] || `exit ${code}`}`);
  }
}

const datagrams = (addresses: readonly string[], sizes: readonly number[]): readonly Datagram[] =>
  addresses.flatMap((address) =>
    sizes.map((size, i) => ({ address, port: FIRST_PORT + i, bytes: size - HEADER_BYTES })),
  );

/** @param json what `ip -j addr` printed. */
const linkWith = (address: string, json: Json): string =>
  text(objects(json).find((link) => objects(link["addr_info"]).some(({ local }) => local === address))?.["ifname"]);

function parse(output: string): Json {
  try {
    return JSON.parse(output.trim() || "[]") as Json; // the boundary: everything is looked at before it is used
  } catch (cause) {
    throw new SkepError("internal", `ip or nft print what is no JSON: ${output.slice(0, 80)}`, { cause });
  }
}

/** Managers are believed, but not to be without mistakes. */
function check({ targets, sizes, tunnelSizes, dataPathPort, ports }: ProbePrepare): void {
  const isSize = (size: number): boolean => size >= MIN_BYTES && size <= MAX_BYTES;
  const areSizes = (list: readonly number[]): boolean =>
    list.length >= 1 && list.length <= MAX_SIZES && list.every(isSize);
  const isGood =
    targets.length <= MAX_TARGETS &&
    ports.length <= MAX_PORTS &&
    areSizes(sizes) &&
    areSizes(tunnelSizes) &&
    dataPathPort >= 1 &&
    dataPathPort <= 65_535;
  if (!isGood) throw new SkepError("invalid_argument", "this test of the network is out of bounds");
}
