// Swarm's filters in Swarm's order. Each node that is refused counts for the first filter that refused it, and the counts
// make the words that `service ps` shows.
import type { Node, PortConfig, Task, TaskSpec } from "../../proto/gen/objects.ts";
import { assertNever } from "../../shared/errors.ts";
import { compileConstraints } from "../../shared/model/constraints.ts";
import type { NodeEntry, TasksByNode } from "./node-load.ts";
import { platformMatches } from "./platform.ts";
import { type Amounts, amountsOf, fits } from "./resources.ts";

export type Refusal = "ready" | "resources" | "constraints" | "platform" | "host_ports" | "max_replicas";
/** What a placement can turn from yes to no. */
type Filling = Extract<Refusal, "resources" | "host_ports" | "max_replicas">;

const ORDER: readonly Refusal[] = ["ready", "resources", "constraints", "platform", "host_ports", "max_replicas"];

export type Refusals = Record<Refusal, number>;
export const noRefusals = (): Refusals => ({
  ready: 0,
  resources: 0,
  constraints: 0,
  platform: 0,
  host_ports: 0,
  max_replicas: 0,
});

export const isReady = (node: Node): boolean =>
  node.status?.state === "ready" && (node.spec?.availability ?? "active") === "active";

const UNKNOWN = 0;
const PASSES = 1;
const CONSTRAINTS = 2;
const PLATFORM = 3;

/** Constraints and platform ask only what the node is, not what it does: the answer is kept until the node changes. */
export class TraitFilter {
  readonly #matches: (node: Node) => boolean;
  readonly #platforms: NonNullable<TaskSpec["placement"]>["platforms"];
  #verdicts = new Uint8Array(64);

  constructor(spec: TaskSpec | undefined) {
    this.#matches = compileConstraints(spec?.placement?.constraints ?? []);
    this.#platforms = spec?.placement?.platforms ?? [];
  }

  static key(spec: TaskSpec | undefined): string {
    const placement = spec?.placement;
    if (placement === undefined || placement.constraints.length + placement.platforms.length === 0) return "";
    return JSON.stringify([placement.constraints, placement.platforms]);
  }

  refuses(entry: NodeEntry): "constraints" | "platform" | undefined {
    let verdict = this.#verdicts[entry.index] ?? UNKNOWN;
    if (verdict === UNKNOWN) {
      verdict = this.#judge(entry.node);
      this.#grow(entry.index);
      this.#verdicts[entry.index] = verdict;
    }
    return verdict === CONSTRAINTS ? "constraints" : verdict === PLATFORM ? "platform" : undefined;
  }

  forget(index: number): void {
    if (index < this.#verdicts.length) this.#verdicts[index] = UNKNOWN;
  }

  #judge(node: Node): number {
    if (!this.#matches(node)) return CONSTRAINTS;
    return platformMatches(this.#platforms, node.description?.platform) ? PASSES : PLATFORM;
  }

  #grow(index: number): void {
    if (index < this.#verdicts.length) return;
    const grown = new Uint8Array(Math.max(index + 1, this.#verdicts.length * 2));
    grown.set(this.#verdicts);
    this.#verdicts = grown;
  }
}

/** All filters for one kind of task. `tasks` is where its service runs, and changes with every placement. */
export class Filters {
  readonly #tasks: TasksByNode;
  readonly #reservation: Amounts;
  readonly #traits: TraitFilter;
  readonly #ports: readonly PortConfig[];
  readonly #maxReplicas: number;

  constructor(tasks: TasksByNode, { spec, ports }: Pick<Task, "spec" | "ports">, traits: TraitFilter) {
    this.#tasks = tasks;
    this.#reservation = amountsOf(spec?.resources?.reservations);
    this.#traits = traits;
    this.#ports = ports.filter(({ publishedPort }) => publishedPort !== 0);
    this.#maxReplicas = spec?.placement?.maxReplicas ?? 0;
  }

  /** Undefined: the node can take one more. */
  refuses(entry: NodeEntry): Refusal | undefined {
    if (!entry.ready) return "ready";
    return (
      this.#isFull(entry, "resources") ??
      this.#traits.refuses(entry) ??
      this.#isFull(entry, "host_ports") ??
      this.#isFull(entry, "max_replicas")
    );
  }

  takesAnother(entry: NodeEntry): boolean {
    return FILLING.every((which) => this.#isFull(entry, which) === undefined);
  }

  #isFull(entry: NodeEntry, which: Filling): Filling | undefined {
    return this.#fits(entry, which) ? undefined : which;
  }

  #fits(entry: NodeEntry, which: Filling): boolean {
    switch (which) {
      case "resources":
        return fits(entry.capacity, entry.load.used, this.#reservation);
      case "host_ports":
        return this.#ports.length === 0 || this.#ports.every((port) => entry.load.ports.isFree(port));
      case "max_replicas":
        return this.#maxReplicas === 0 || (this.#tasks.get(entry.id) ?? 0) < this.#maxReplicas;
      default:
        return assertNever(which);
    }
  }
}

const FILLING: readonly Filling[] = ["resources", "host_ports", "max_replicas"];

const nodes = (count: number): string => (count === 1 ? "1 node" : `${count} nodes`);

function words(refusal: Refusal, count: number): string {
  switch (refusal) {
    case "ready":
      return `${nodes(count)} not available for new tasks`;
    case "resources":
      return `insufficient resources on ${nodes(count)}`;
    case "constraints":
      return `scheduling constraints not satisfied on ${nodes(count)}`;
    case "platform":
      return `unsupported platform on ${nodes(count)}`;
    case "host_ports":
      return `host-mode port already in use on ${nodes(count)}`;
    case "max_replicas":
      return "max replicas per node limit exceed";
  }
}

/** Swarm's sentence: the filter that refused most nodes first. */
export function explain(refusals: Refusals): string {
  const reasons = ORDER.filter((refusal) => refusals[refusal] > 0)
    .sort((a, b) => refusals[b] - refusals[a])
    .map((refusal) => words(refusal, refusals[refusal]));
  return reasons.length === 0 ? "no suitable node" : `no suitable node (${reasons.join("; ")})`;
}
