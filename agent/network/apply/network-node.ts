// The node's network, kept as it should be: look, plan, do, until the plan is empty. What was done is remembered, so a change
// costs only its own steps; after a failure, and whenever the caller wants to be sure, the kernel is read again. Calls must
// not overlap: the caller runs one at a time.
import { arch } from "node:os";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { type Desired, desiredNetwork } from "../plan/desired.ts";
import { type Difference, differences } from "../plan/differences.ts";
import { type FlowNet, flowLines, flowNets, shrunkNets } from "../plan/flows.ts";
import type { HostFacts, NodeInput } from "../plan/input.ts";
import { possibleInput } from "../plan/ipv6.ts";
import type { ObservedState } from "../plan/kernel.ts";
import { assignLocalAddresses, observedLocalAddresses } from "../plan/local-addresses.ts";
import { namespacePath } from "../plan/names.ts";
import { observedOf } from "../plan/ruleset.ts";
import { planSteps, type Step } from "../plan/steps.ts";
import { SharedRules } from "../plan/task-rules.ts";
import { execute } from "./execute.ts";
import { canEnterMany, enterMany } from "./many.ts";
import { type Observed, type ObserveOptions, observe } from "./observe.ts";

const MAX_ROUNDS = 3;

export interface Reconciled {
  readonly steps: number;
  /** Tasks that cannot have their network now, and why. */
  readonly unready: ReadonlyMap<TaskId, string>;
}

/** A NodeInput before the node-local addresses are given: `localAddresses` of its tasks are not read. */
export type NodeWish = NodeInput;

export class NetworkNode {
  readonly #options: ObserveOptions;
  readonly #log: Log;
  readonly #shared = new SharedRules();
  #believed: Observed | undefined;
  /** Undefined: whatever is in the tables of connections must be looked at. */
  #flows: readonly FlowNet[] | undefined;
  #local: ReadonlyMap<TaskId, readonly string[]> = new Map();

  constructor(options: ObserveOptions & { readonly log: Log }) {
    this.#options = options;
    this.#log = options.log;
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
   * @throws {SkepError} `internal`: a tool refused, or the kernel does not stay as it was set.
   */
  async reconcile(wish: NodeWish, signal: AbortSignal): Promise<Reconciled> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const sure = this.#believed === undefined;
      const observed = this.#believed ?? (await this.#observe(wish, signal));
      const desired = this.#desired(wish, observed);
      const steps = planSteps(desired, observed.state);
      this.#believed = undefined;
      try {
        await execute(steps, this.#options.runner, signal);
        await this.#endFlows(wish, desired, sure, signal);
      } catch (error) {
        // What was believed may be wrong; what was just read is not.
        if (sure || signal.aborted) throw error;
        this.#log.warn({ error: SkepError.from(error).message }, "network: reading the kernel again after a failure");
        continue;
      }
      if (steps.length > 0) this.#log.debug({ steps: steps.map(describe) }, "network: changed");
      const state = believedAfter(desired, observed.state);
      if (state !== undefined) this.#believed = { ...observed, state };
      return { steps: steps.length, unready: desired.unready };
    }
    throw new SkepError("internal", `the node's network does not stay as it was set, after ${MAX_ROUNDS} attempts`);
  }

  /** Ends connections to endpoints that are gone. @param looked the kernel was read: then wherever some are. */
  async #endFlows(wish: NodeWish, { state }: Desired, looked: boolean, signal: AbortSignal): Promise<void> {
    const now = flowNets(this.#withLocal(wish), state);
    const before = looked ? undefined : this.#flows;
    const nets = before === undefined ? now : shrunkNets(before, now);
    this.#flows = undefined;
    if (canEnterMany(arch())) {
      await enterMany(flowLines(nets, before === undefined, namespacePath), this.#options.runner, arch(), signal);
    }
    this.#flows = now;
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
  #observe(wish: NodeWish, signal: AbortSignal): Promise<Observed> {
    const given = assignLocalAddresses(wish.localSubnets, new Map(), wish.tasks.keys());
    const tasks = [...wish.tasks].map(([id, task]) => [id, { ...task, localAddresses: given.get(id) ?? [] }] as const);
    const wanted = (host: HostFacts) => desiredNetwork({ ...wish, host, tasks: new Map(tasks) }).state;
    return observe(wanted, this.#options, signal);
  }
}

/** After all steps: what was wanted, and what was held back for tasks that are not ready: that part is read again. */
function believedAfter(desired: Desired, observed: ObservedState): ObservedState | undefined {
  if (desired.unready.size > 0 && observed.size > 1) return undefined;
  return new Map([...desired.state].map(([name, state]) => [name, { ...state, rules: observedOf(state.rules) }]));
}

/** A step in a few words, for the log. */
export function describe(step: Step): string {
  const what = "name" in step ? step.name : "fact" in step ? `${step.fact} ${step.key} ${step.value}`.trim() : "";
  return `${step.namespace}: ${step.kind} ${what}`.trim();
}
