// The node's tunnels, kept as they should be: look, plan, do (plan.ts has the design). It runs beside the rest of the network:
// VXLAN of an encrypted network may be there before its tunnel, and sends nothing until then.
import { type NodeDescription, newTunnelKey } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { DEFAULT_UNDERLAY_MTU, MIN_IPV6_MTU, tunnelMtu } from "../../../shared/network/overlay-mtu.ts";
import { tunnelAddressOf } from "../../../shared/network/tunnel-address.ts";
import { Pulse } from "../../pulse.ts";
import type { ToolRunner } from "../apply/run.ts";
import type { NetworkViews } from "../view.ts";
import { tunnelCapability } from "./capability.ts";
import { executeTunnels } from "./execute.ts";
import { type KeyFile, newOwnKey, type OwnKey } from "./keys.ts";
import { observeTunnels } from "./observe.ts";
import { tunnelPeers } from "./peers.ts";
import { desiredTunnels, planTunnels, type TunnelInput } from "./plan.ts";
import { DEFAULT_TUNNEL_PORT } from "./port.ts";
import { hasMoved, keysFor, RETIRE_AFTER_MS } from "./retire.ts";
import { deviceOf, NO_TUNNELS, type ObservedTunnels } from "./state.ts";

/** While keys are being replaced, and until a device that was just made has shown that it works. */
const BUSY_LOOK_MS = 2_000;
/** A process that died, a hand that meddled. */
const LOOK_MS = 15_000;
const IDLE_LOOK_MS = 120_000;
const LONGEST_RETRY_MS = 30_000;
const MAX_ROUNDS = 3;

export interface TunnelsOptions {
  readonly env: Env;
  readonly log: Log;
  readonly runner: ToolRunner;
  readonly nodeId: NodeId;
  readonly keyFile: KeyFile;
  readonly port?: number;
  /** MTU of the link between nodes; 0 is unknown. */
  readonly underlayMtu: () => number;
  /** `description` answers differently now. Must not throw. */
  readonly onDescription: () => void;
}

export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #address: string;
  readonly #pulse = new Pulse();
  #keys: readonly OwnKey[] = [];
  /** See TunnelCapability. */
  #cost = "";
  #problem = "";
  #failure = "";
  #epoch = 0;
  #views: NetworkViews = new Map();
  #isKnown = false;
  #hadAny = true;
  #movedAtMs: number | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: TunnelsOptions) {
    this.#options = options;
    this.#address = tunnelAddressOf(options.nodeId);
  }

  /** What the node says of itself. */
  get description(): Pick<NodeDescription, "tunnelKeys" | "tunnelProblem"> {
    const tunnelKeys = this.#keys.map(({ epoch, publicKey, port }) =>
      newTunnelKey({ epoch, port, publicKey: Buffer.from(publicKey, "base64") }),
    );
    if (this.#problem !== "") return { tunnelKeys: [], tunnelProblem: this.#problem };
    return { tunnelKeys, tunnelProblem: tunnelKeys.length > 0 ? this.#cost : "" };
  }

  /** What keeps the tunnels from being as they should; empty when nothing does. */
  get problem(): string {
    return this.#problem || this.#failure;
  }

  /** The epoch that managers want keys of; 0 is none that is known. */
  wantEpoch(epoch: number): void {
    if (epoch === 0 || epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#pulse.fire();
  }

  /** What managers say of the networks; until the first call nothing is taken away. */
  wantNetworks(views: NetworkViews): void {
    const isNews = !this.#isKnown || !hasSameNodes(this.#views, views);
    this.#views = views;
    this.#isKnown = true;
    if (isNews) this.#pulse.fire();
  }

  /** Once. Until the signal aborts: the tunnels stay. Never throws. */
  run(signal: AbortSignal): Promise<void> {
    this.#running = this.#run(signal);
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { env, log, runner, keyFile, onDescription } = this.#options;
    let failures = 0;
    let isLoaded = false;
    while (!signal.aborted && !this.#isStopped) {
      let pauseMs = LOOK_MS;
      try {
        if (!isLoaded) {
          this.#keys = await keyFile.load();
          const { problem, cost } = await tunnelCapability(runner, signal);
          this.#problem = problem || this.#tooSmall();
          this.#cost = cost;
          isLoaded = true;
          onDescription();
          if (this.#problem !== "") log.info({ problem: this.#problem }, "no encrypted network can be on this node");
        }
        pauseMs = await this.#keep(signal);
        failures = 0;
        this.#failure = "";
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        pauseMs = Math.min(LONGEST_RETRY_MS, 500 * 2 ** Math.min(failures, 10));
        this.#failure = SkepError.from(error).message;
        log.warn({ error: this.#failure, failures }, "the tunnels of encrypted networks are not as they should be");
      }
      await this.#pulse.wait(env, signal, pauseMs).catch(() => undefined);
    }
  }

  /** For a node that leaves: no tunnel, and no process, is left. @throws {SkepError} what could not go. */
  async clear(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#pulse.fire();
    await this.#running;
    this.#views = new Map();
    await this.#round(await this.#observe(signal), signal);
  }

  #tooSmall(): string {
    const mtu = this.#mtu(6);
    if (mtu >= MIN_IPV6_MTU) return "";
    return `the link to the other nodes has an MTU of ${this.#underlay()}: encrypted networks need ${MIN_IPV6_MTU + this.#underlay() - mtu}`;
  }

  #underlay(): number {
    return this.#options.underlayMtu() || DEFAULT_UNDERLAY_MTU;
  }

  #mtu(family: 4 | 6): number {
    return tunnelMtu(this.#underlay(), family);
  }

  #observe(signal: AbortSignal): Promise<ObservedTunnels> {
    const { runner, env } = this.#options;
    return observeTunnels({ runner, address: this.#address, wallMs: env.wallMs }, signal);
  }

  /** @returns in how many milliseconds to look again. */
  async #keep(signal: AbortSignal): Promise<number> {
    if (this.#problem !== "") return IDLE_LOOK_MS;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const isNeeded = this.#input().isNeeded;
      // Where nothing is encrypted, nothing is looked at.
      const observed = isNeeded || this.#hadAny ? await this.#observe(signal) : NO_TUNNELS;
      // Before the networks are known nobody can say whether an old key is needed.
      if (!this.#isKnown || this.#isStopped) return LOOK_MS;
      await this.#renewKeys(observed);
      const steps = await this.#round(observed, signal);
      this.#hadAny = isNeeded;
      if (steps > 0) continue;
      if (!isNeeded) return IDLE_LOOK_MS;
      return this.#isSettled(observed) ? LOOK_MS : BUSY_LOOK_MS;
    }
    return BUSY_LOOK_MS;
  }

  async #round(observed: ObservedTunnels, signal: AbortSignal): Promise<number> {
    const { runner, log } = this.#options;
    const steps = planTunnels(desiredTunnels(this.#input(), observed), observed);
    if (steps.length === 0) return 0;
    await executeTunnels(steps, { runner, address: this.#address, keys: this.#keys }, signal);
    log.debug({ steps: steps.map(({ kind }) => kind) }, "tunnels: changed");
    return steps.length;
  }

  #input(): TunnelInput {
    const { isNeeded, family, peers } = tunnelPeers(this.#views, this.#options.nodeId);
    const hasKey = this.#keys.length > 0;
    return { isNeeded: isNeeded && hasKey, epoch: this.#target(), keys: this.#keys, peers, mtu: this.#mtu(family) };
  }

  /** Before managers have said it: that of the newest key there is. */
  #target(): number {
    return this.#epoch || Math.max(0, ...this.#keys.map(({ epoch }) => epoch));
  }

  /** All that this node sends goes by present keys, and there are no others. */
  #isSettled(observed: ObservedTunnels): boolean {
    return this.#keys.length === 1 && hasMoved(this.#input(), observed);
  }

  async #renewKeys(observed: ObservedTunnels): Promise<void> {
    const { env, log, keyFile, onDescription, port = DEFAULT_TUNNEL_PORT } = this.#options;
    if (this.#epoch === 0) return;
    const input = this.#input();
    this.#movedAtMs = hasMoved(input, observed) ? (this.#movedAtMs ?? env.nowMs()) : undefined;
    const isRetired = this.#movedAtMs !== undefined && env.nowMs() - this.#movedAtMs >= RETIRE_AFTER_MS;
    const make = (epoch: number): OwnKey => newOwnKey(epoch, port + (deviceOf(epoch) === "skwg0" ? 0 : 1));
    const keys = keysFor(this.#keys, this.#epoch, input.isNeeded && !isRetired, make);
    if (keys === this.#keys) return;
    try {
      await keyFile.save(keys);
    } catch (error) {
      // They work without: after a restart there will be others.
      log.warn({ error: SkepError.from(error).message }, "cannot keep the keys of this node's tunnels");
    }
    log.info({ epochs: keys.map(({ epoch }) => epoch) }, "tunnels: this node has other keys");
    this.#keys = keys;
    onDescription();
  }
}

/** Endpoints come and go all the time, and say nothing of tunnels. */
const hasSameNodes = (before: NetworkViews, after: NetworkViews): boolean =>
  before.size === after.size &&
  [...after].every(([id, { nodes, network }]) => {
    const known = before.get(id);
    return known?.nodes === nodes && known.network.encrypted === network.encrypted;
  });
