// The node's network, kept as it should be: look, plan, do. What was done is remembered, so a change
// costs only its own steps; after a failure, and whenever the caller wants to be sure, the kernel is read again. Calls must
// not overlap: the caller runs one at a time.
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { type Desired, desiredNetwork } from "../plan/desired.ts";
import { type Difference, differences } from "../plan/differences.ts";
import { type FlowNet, type FlowPlace, flowNets, netsAt, shrunkNets, stalePlaces } from "../plan/flows.ts";
import { type HostFacts, NO_HOST, type NodeInput } from "../plan/input.ts";
import { possibleInput } from "../plan/ipv6.ts";
import type { KernelState, NamespaceState, ObservedState } from "../plan/kernel.ts";
import { assignLocalAddresses, observedLocalAddresses } from "../plan/local-addresses.ts";
import { NODE, taskOf } from "../plan/names.ts";
import { type ObservedRuleset, observedOf } from "../plan/ruleset.ts";
import { describeStep, heldBack, planSteps, type Step } from "../plan/steps.ts";
import { SharedRules } from "../plan/task-rules.ts";
import type { KernelNetwork } from "./kernel-process.ts";

/** Tables of connections that are looked at in one go; it is some 5 ms for each, on a large host 20. */
const PLACES_AT_ONCE = 8;

export interface Reconciled {
  readonly steps: number;
  /** Tasks that cannot have their network now, and why. */
  readonly unready: ReadonlyMap<TaskId, string>;
  /** Tasks for which the kernel refused something, and what; those of others are as they should be. */
  readonly failed: ReadonlyMap<TaskId, string>;
  /** What the node's network goes without, in words; empty when nothing. What was refused is tried again when the kernel is read. */
  readonly without: readonly string[];
}

/** A NodeInput before the node-local addresses are given: `localAddresses` of its tasks are not read. */
export type NodeWish = NodeInput;

export interface NetworkNodeOptions {
  readonly kernel: KernelNetwork;
  /** Namespaces of tasks, and switchboards, that are this node's; all that look like one, unless several nodes share a machine. */
  readonly isOurs?: (namespace: string) => boolean;
  readonly log: Log;
}

interface Observed {
  readonly state: ObservedState;
  readonly host: HostFacts;
}

export class NetworkNode {
  readonly #kernel: KernelNetwork;
  readonly #isOurs: (namespace: string) => boolean;
  readonly #log: Log;
  readonly #shared = new SharedRules();
  #believed: Observed | undefined;
  /** Undefined: whatever is in the tables of connections must be looked at. */
  #flows: readonly FlowNet[] | undefined;
  #stale: readonly FlowPlace[] = [];
  #without: readonly string[] = [];
  #local: ReadonlyMap<TaskId, readonly string[]> = new Map();

  constructor({ kernel, isOurs = () => true, log }: NetworkNodeOptions) {
    this.#kernel = kernel;
    this.#isOurs = isOurs;
    this.#log = log;
  }

  /** The next reconcile reads the kernel again instead of believing what was done last. */
  doubt(): void {
    this.#believed = undefined;
  }

  /** The tasks' addresses on the node-local bridge, as last reconciled. The name server knows askers by them. */
  get localAddresses(): ReadonlyMap<TaskId, readonly string[]> {
    return this.#local;
  }

  /**
   * Makes the kernel say what `wish` says. Safe to repeat; after a failure or an abort the next call starts from the kernel.
   * @throws {SkepError} `internal`: the kernel refused something that is for all tasks.
   */
  async reconcile(wish: NodeWish, signal: AbortSignal): Promise<Reconciled> {
    // At most twice: the second time nothing is believed.
    for (;;) {
      const sure = this.#believed === undefined;
      const observed = this.#believed ?? (await this.#observe(wish, signal));
      const desired = this.#desired(wish, observed);
      const steps = planSteps(desired, observed.state);
      this.#believed = undefined;
      let failed: ReadonlyMap<string, string>;
      try {
        const executed = await this.#kernel.execute(steps, signal);
        ({ failed } = executed);
        this.#noteWithout(executed.without, sure);
        await this.#endFlows(wish, desired, sure, signal);
      } catch (error) {
        // What was believed may be wrong; what was just read is not.
        if (sure || signal.aborted) throw error;
        this.#log.warn({ error: SkepError.from(error).message }, "network: reading the kernel again after a failure");
        continue;
      }
      if (steps.length > 0) this.#log.debug({ steps: steps.map(described) }, "network: changed");
      if (failed.size > 0 && !sure) continue; // as above
      const state = failed.size > 0 ? undefined : believedAfter(desired, observed.state);
      if (state !== undefined) this.#believed = { ...observed, state };
      const ofTasks = new Map([...failed].map(([namespace, why]) => [taskOf(namespace), why]));
      return { steps: steps.length, unready: desired.unready, failed: ofTasks, without: this.#lacks(observed) };
    }
  }

  #lacks({ host }: Observed): readonly string[] {
    const [refused] = this.#without;
    return [
      ...(host.filtersBridges ? [] : [NO_BRIDGE_RULES]),
      ...(refused === undefined
        ? []
        : [`the kernel refuses some of IPv6, and the rest is as it should be: ${refused}`]),
    ];
  }

  /** @param sure the kernel was read: what it refused before is among the steps again. */
  #noteWithout(refused: readonly string[], sure: boolean): void {
    if (!sure && refused.length === 0) return;
    if (refused.length > 0) this.#log.warn({ refused }, "network: the kernel refuses some of IPv6; the rest is done");
    this.#without = refused;
  }

  /** Connections may lead to endpoints that are gone: `endStaleFlows` is to be called, not necessarily at once. */
  get hasStaleFlows(): boolean {
    return this.#stale.length > 0;
  }

  /** Ends some of these; a little at a time, because it costs more than most changes. Not while a reconcile runs. */
  async endStaleFlows(signal: AbortSignal): Promise<void> {
    const places = this.#stale.slice(0, PLACES_AT_ONCE);
    await this.#kernel.endFlows(netsAt(this.#flows ?? [], places), true, signal);
    this.#stale = this.#stale.slice(PLACES_AT_ONCE);
  }

  /** Ends connections to endpoints that are gone. @param looked the kernel was read: then wherever some are. */
  async #endFlows(wish: NodeWish, { state }: Desired, looked: boolean, signal: AbortSignal): Promise<void> {
    const now = flowNets(this.#withLocal(wish), state);
    const before = looked ? undefined : this.#flows;
    const nets = before === undefined ? now : shrunkNets(before, now);
    this.#flows = undefined;
    await this.#kernel.endFlows(nets, before === undefined, signal);
    this.#flows = now;
    this.#stale = before === undefined ? [] : stalePlaces(this.#stale, before, now);
  }

  /** What differs between the kernel and `wish`, in words; changes nothing. */
  async check(wish: NodeWish, signal: AbortSignal): Promise<readonly Difference[]> {
    const observed = await this.#observe(wish, signal);
    return differences(this.#desired(wish, observed), observed.state);
  }

  #desired(wish: NodeWish, { state, host }: Observed): Desired {
    const possible = possibleInput({ ...wish, host });
    const subnets = possible.localSubnets;
    const known = new Map([...observedLocalAddresses(subnets, state, wish.tasks.keys()), ...this.#local]);
    this.#local = assignLocalAddresses(subnets, known, wish.tasks.keys());
    return desiredNetwork(this.#withLocal(possible), this.#shared);
  }

  #withLocal(wish: NodeWish): NodeInput {
    const tasks = [...wish.tasks].map(
      ([id, task]) => [id, { ...task, localAddresses: this.#local.get(id) ?? [] }] as const,
    );
    return { ...wish, tasks: new Map(tasks) };
  }

  /** Which sysctls to read follows from a first plan, for which any address will do. */
  async #observe(wish: NodeWish, signal: AbortSignal): Promise<Observed> {
    const given = assignLocalAddresses(wish.localSubnets, new Map(), wish.tasks.keys());
    const tasks = [...wish.tasks].map(([id, task]) => [id, { ...task, localAddresses: given.get(id) ?? [] }] as const);
    const wanted = (host: HostFacts) => desiredNetwork({ ...wish, host, tasks: new Map(tasks) }).state;
    const guess = wanted(NO_HOST);
    const { state: node, host, namespaces } = await this.#kernel.observeNode(sysctlsOf(guess, NODE), signal);
    const state = host.ipv6 === NO_HOST.ipv6 ? guess : wanted(host);
    const observed = new Map<string, NamespaceState<ObservedRuleset>>([[NODE, node]]);
    const ours = namespaces.filter(this.#isOurs);
    for (let at = 0; at < ours.length; at += READ_AT_ONCE) {
      const keys = ours.slice(at, at + READ_AT_ONCE).map((name) => [name, sysctlsOf(state, name)] as const);
      for (const [name, read] of await this.#kernel.observeNamespaces(new Map(keys), signal)) observed.set(name, read);
    }
    return { state: observed, host };
  }
}

const NO_BRIDGE_RULES =
  "tasks are not kept from sending as another task of their network: this kernel has no nftables for bridges (CONFIG_NF_TABLES_BRIDGE)";

/** Answers are large: in pieces they hold up neither side. */
const READ_AT_ONCE = 20;

const sysctlsOf = (state: KernelState, namespace: string): readonly string[] => [
  ...(state.get(namespace)?.facts.sysctl.keys() ?? []),
];

/** After all steps: what was wanted, and what was held back for tasks that are not ready: that part is read again. */
function believedAfter(desired: Desired, observed: ObservedState): ObservedState | undefined {
  const held = heldBack(desired.unready.keys(), observed);
  if (held.namespaces.size > 0 || held.links.size > 0) return undefined;
  return new Map([...desired.state].map(([name, state]) => [name, { ...state, rules: observedOf(state.rules) }]));
}

const described = (step: Step): string => `${step.namespace}: ${describeStep(step)}`;
