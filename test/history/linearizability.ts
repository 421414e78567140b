// Is there an order of these operations, each taking effect at one moment between its call and its return, that a
// sequential object would have answered in just this way? The search is Wing and Gong's with Lowe's memory of visited
// configurations (Wing & Gong 1993; Lowe 2017), over one key at a time: a history is linearizable when the history of
// every key is (Herlihy & Wing 1990, locality).
//
// An operation whose outcome is unknown (a lost connection, a timeout) returns at infinity: it may have taken effect at
// any later moment, or never.

export interface Operation<Input, Output> {
  readonly process: number;
  readonly key: string;
  readonly input: Input;
  /** Undefined: outcome unknown. */
  readonly output: Output | undefined;
  readonly calledAt: number;
  /** Infinity: outcome unknown. */
  readonly returnedAt: number;
}

/** A sequential object. States must be plain data: they are compared by their JSON. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after `input` when the object could have answered `output`; undefined when it could not. For an unknown
   * output: the state after the operation took effect.
   */
  readonly step: (state: State, input: Input, output: Output | undefined) => State | undefined;
}

export type Verdict =
  | { readonly kind: "linearizable" }
  | { readonly kind: "violation"; readonly key: string; readonly longestOrder: readonly string[] }
  /** The search was given up: neither proven nor refuted. */
  | { readonly kind: "undecided"; readonly key: string };

const MAX_CONFIGURATIONS = 2_000_000;

export function checkHistory<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  maxConfigurations = MAX_CONFIGURATIONS,
): Verdict {
  for (const [key, operations] of Map.groupBy(history, (operation) => operation.key)) {
    const verdict = checkKey(key, operations, model, maxConfigurations);
    if (verdict.kind !== "linearizable") return verdict;
  }
  return { kind: "linearizable" };
}

interface Frame<State> {
  readonly state: State;
  readonly done: bigint;
  readonly candidates: readonly number[];
  next: number;
}

function checkKey<State, Input, Output>(
  key: string,
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  maxConfigurations: number,
): Verdict {
  const sorted = operations.toSorted((a, b) => a.calledAt - b.calledAt);
  // An unknown operation need not be placed; all others must.
  const mustDo = sorted.reduce(
    (bits, operation, i) => (operation.output === undefined ? bits : bits | (1n << BigInt(i))),
    0n,
  );

  // What may come next: operations that were called before the earliest return among those not yet placed.
  const candidates = (done: bigint): number[] => {
    let earliestReturn = Number.POSITIVE_INFINITY;
    const open: number[] = [];
    for (const [i, operation] of sorted.entries()) {
      if (operation.calledAt > earliestReturn) break;
      if ((done & (1n << BigInt(i))) !== 0n) continue;
      open.push(i);
      earliestReturn = Math.min(earliestReturn, operation.returnedAt);
    }
    return open.filter((i) => (sorted[i]?.calledAt ?? 0) <= earliestReturn);
  };

  const visited = new Set<string>();
  const stack: Frame<State>[] = [{ state: model.initial, done: 0n, candidates: candidates(0n), next: 0 }];
  const order: number[] = [];
  let longest: readonly number[] = [];

  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if ((frame.done & mustDo) === mustDo) return { kind: "linearizable" };
    const i = frame.candidates[frame.next++];
    if (i === undefined) {
      stack.pop();
      order.pop();
      continue;
    }
    const operation = sorted[i];
    if (operation === undefined) continue;
    const state = model.step(frame.state, operation.input, operation.output);
    if (state === undefined) continue;
    const done = frame.done | (1n << BigInt(i));
    const configuration = `${done.toString(36)} ${JSON.stringify(state)}`;
    if (visited.has(configuration)) continue;
    visited.add(configuration);
    if (visited.size > maxConfigurations) return { kind: "undecided", key };
    order.push(i);
    if (order.length > longest.length) longest = [...order];
    stack.push({ state, done, candidates: candidates(done), next: 0 });
  }
  return { kind: "violation", key, longestOrder: longest.map((i) => JSON.stringify(sorted[i])) };
}
