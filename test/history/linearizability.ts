// Is there an order of these operations, each taking effect at one moment between its call and its return, that a
// sequential object would have answered in just this way? The search is Wing and Gong's with Lowe's memory of visited
// configurations (Wing & Gong 1993; Lowe 2017), over one key at a time: a history is linearizable when the history of
// every key is (Herlihy & Wing 1990, locality).
//
// An operation whose outcome is unknown (a lost connection, a timeout) returns at infinity: it may have taken effect at
// any later moment, or never.
//
// A configuration is what was placed and the state it led to. Operations with an answer are placed nearly in the order of
// their calls, so they are told by how many from the beginning are placed without a gap, and which few beyond that; those
// without an answer, which may be left out for ever, by a set of their own. So a long history costs no more per step than
// a short one: only overlap costs.

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

/** Of several keys that are violated, the one with the fewest operations is told: it is the easiest to read. */
export function checkHistory<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  maxConfigurations = MAX_CONFIGURATIONS,
): Verdict {
  const keys = [...Map.groupBy(history, (operation) => operation.key)].sort(([, a], [, b]) => a.length - b.length);
  let undecided: Verdict | undefined;
  for (const [key, operations] of keys) {
    const verdict = checkKey(key, operations, model, maxConfigurations);
    if (verdict.kind === "violation") return verdict;
    if (verdict.kind === "undecided") undecided ??= verdict;
  }
  return undecided ?? { kind: "linearizable" };
}

interface Placed {
  /** Of the answered operations, in the order of their calls: all before this one. */
  readonly upTo: number;
  /** Bit i: the answered operation `upTo + 1 + i`. */
  readonly beyond: bigint;
  /** Bit i: the unknown operation i. */
  readonly unknown: bigint;
}

interface Frame<State> {
  readonly state: State;
  readonly placed: Placed;
  readonly candidates: readonly Candidate[];
  next: number;
}

interface Candidate {
  readonly isKnown: boolean;
  readonly index: number;
}

function checkKey<State, Input, Output>(
  key: string,
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  maxConfigurations: number,
): Verdict {
  const sorted = operations.toSorted((a, b) => a.calledAt - b.calledAt);
  const known = sorted.filter((operation) => operation.output !== undefined);
  const unknown = sorted.filter((operation) => operation.output === undefined);
  const at = ({ isKnown, index }: Candidate): Operation<Input, Output> | undefined =>
    (isKnown ? known : unknown)[index];

  // What may come next: operations that were called before the earliest return among those not yet placed.
  const candidates = ({ upTo, beyond, unknown: taken }: Placed): Candidate[] => {
    let earliestReturn = Number.POSITIVE_INFINITY;
    const open: Candidate[] = [];
    for (let index = upTo; index < known.length; index++) {
      const operation = known[index];
      if (operation === undefined || operation.calledAt > earliestReturn) break;
      if (index > upTo && (beyond & (1n << BigInt(index - upTo - 1))) !== 0n) continue;
      open.push({ isKnown: true, index });
      earliestReturn = Math.min(earliestReturn, operation.returnedAt);
    }
    for (const [index, operation] of unknown.entries()) {
      if (operation.calledAt > earliestReturn) break;
      if ((taken & (1n << BigInt(index))) === 0n) open.push({ isKnown: false, index });
    }
    return open.filter((candidate) => (at(candidate)?.calledAt ?? 0) <= earliestReturn);
  };

  const visited = new Set<string>();
  const start: Placed = { upTo: 0, beyond: 0n, unknown: 0n };
  const stack: Frame<State>[] = [{ state: model.initial, placed: start, candidates: candidates(start), next: 0 }];
  const order: Candidate[] = [];
  let longest: readonly Candidate[] = [];

  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    // An unknown operation need not be placed; all others must.
    if (frame.placed.upTo === known.length) return { kind: "linearizable" };
    const candidate = frame.candidates[frame.next++];
    if (candidate === undefined) {
      stack.pop();
      order.pop();
      continue;
    }
    const operation = at(candidate);
    if (operation === undefined) continue;
    const state = model.step(frame.state, operation.input, operation.output);
    if (state === undefined) continue;
    const placed = place(frame.placed, candidate);
    const configuration = `${placed.upTo} ${placed.beyond} ${placed.unknown} ${JSON.stringify(state)}`;
    if (visited.has(configuration)) continue;
    visited.add(configuration);
    if (visited.size > maxConfigurations) return { kind: "undecided", key };
    order.push(candidate);
    if (order.length > longest.length) longest = [...order];
    stack.push({ state, placed, candidates: candidates(placed), next: 0 });
  }
  return { kind: "violation", key, longestOrder: longest.map((candidate) => JSON.stringify(at(candidate))) };
}

function place({ upTo, beyond, unknown }: Placed, { isKnown, index }: Candidate): Placed {
  if (!isKnown) return { upTo, beyond, unknown: unknown | (1n << BigInt(index)) };
  if (index > upTo) return { upTo, beyond: beyond | (1n << BigInt(index - upTo - 1)), unknown };
  let [next, rest] = [upTo + 1, beyond];
  while ((rest & 1n) !== 0n) [next, rest] = [next + 1, rest >> 1n];
  return { upTo: next, beyond: rest >> 1n, unknown };
}
