// What the clients saw, for the checker of linearizability: registers under versioned updates, names that are taken or free.
import { checkHistory, type Model, type Operation } from "../../history/linearizability.ts";
import { nameModel, type SetInput, type SetOutput } from "../../history/models.ts";
import type { World } from "./world.ts";

export type LabelInput =
  | { readonly kind: "read" }
  /** Writes `value` when the register's version is `expected`. */
  | { readonly kind: "update"; readonly expected: number; readonly value: string };

export type LabelOutput =
  | { readonly kind: "value"; readonly version: number; readonly value: string }
  | { readonly kind: "written" }
  | { readonly kind: "conflict" };

interface Register {
  /** Open (-1) after an update, whose answer may already hold the next writer's version. */
  readonly version: number;
  readonly value: string;
  /** Of the versions before. */
  readonly above: number;
}

const labelModel = (initial: Register): Model<Register, LabelInput, LabelOutput> => ({
  initial,
  step: (state, input, output) => {
    const fits = (version: number): boolean => (state.version < 0 ? version > state.above : version === state.version);
    if (input.kind === "read") {
      if (output === undefined) return state;
      if (output.kind !== "value" || output.value !== state.value || !fits(output.version)) return undefined;
      return { version: output.version, value: state.value, above: output.version };
    }
    if (output?.kind === "conflict") return state.version === input.expected ? undefined : state;
    if (!fits(input.expected)) return undefined;
    return { version: -1, value: input.value, above: input.expected };
  },
});

export class Histories {
  readonly #world: World;
  readonly #labels = new Map<
    string,
    { readonly initial: Register; operations: Operation<LabelInput, LabelOutput>[] }
  >();
  readonly #names: Operation<SetInput, SetOutput>[] = [];
  #length = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get length(): number {
    return this.#length;
  }

  register(key: string, version: number, value: string): void {
    this.#labels.set(key, { initial: { version, value, above: version }, operations: [] });
  }

  label(operation: Operation<LabelInput, LabelOutput>): void {
    this.#length++;
    this.#labels.get(operation.key)?.operations.push(operation);
  }

  name(operation: Operation<SetInput, SetOutput>): void {
    this.#length++;
    this.#names.push(operation);
  }

  check(): void {
    for (const { initial, operations } of this.#labels.values())
      this.#judge(checkHistory(operations, labelModel(initial)));
    this.#judge(checkHistory(this.#names, nameModel));
  }

  #judge(verdict: ReturnType<typeof checkHistory>): void {
    if (verdict.kind === "linearizable") return;
    if (verdict.kind === "undecided") {
      this.#world.count("history too large to decide");
      return;
    }
    const operations = [...(this.#labels.get(verdict.key)?.operations ?? this.#names)].filter(
      ({ key }) => key === verdict.key,
    );
    this.#world.record(`longest order of ${verdict.key}: ${verdict.longestOrder.join("\n    ")}`);
    this.#world.record(`history of ${verdict.key}: ${operations.map((one) => JSON.stringify(one)).join("\n    ")}`);
    this.#world.fail(`the history of ${verdict.key} is not linearizable`);
  }
}
