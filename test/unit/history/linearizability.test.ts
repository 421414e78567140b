import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { checkHistory, type Operation } from "../../history/linearizability.ts";
import {
  nameModel,
  type RegisterInput,
  type RegisterOutput,
  registerModel,
  type SetInput,
  type SetOutput,
} from "../../history/models.ts";

const register = registerModel({ version: 1, value: 0 });

let clock = 0;
function op<I, O>(input: I, output: O | undefined, calledAt: number, returnedAt: number, key = "k"): Operation<I, O> {
  return { process: clock++, key, input, output, calledAt, returnedAt };
}
const read = (version: number, value: number, from: number, to: number): Operation<RegisterInput, RegisterOutput> =>
  op({ kind: "read" }, { kind: "value", version, value }, from, to);
const update = (
  expected: number,
  value: number,
  version: number | "conflict" | undefined,
  from: number,
  to: number,
): Operation<RegisterInput, RegisterOutput> =>
  op(
    { kind: "update", expected, value },
    version === undefined
      ? undefined
      : version === "conflict"
        ? { kind: "conflict" }
        : { kind: "value", version, value },
    from,
    to,
  );

const INF = Number.POSITIVE_INFINITY;
const cases: readonly (readonly [
  name: string,
  history: readonly Operation<RegisterInput, RegisterOutput>[],
  want: string,
])[] = [
  ["an empty history is fine", [], "linearizable"],
  ["a read after a write sees it", [update(1, 5, 2, 0, 1), read(2, 5, 2, 3)], "linearizable"],
  ["a read after a write misses it", [update(1, 5, 2, 0, 1), read(1, 0, 2, 3)], "violation"],
  ["a read beside a write may miss it", [update(1, 5, 2, 0, 4), read(1, 0, 2, 3)], "linearizable"],
  [
    "two reads beside a write go back in time",
    [update(1, 5, 2, 0, 9), read(2, 5, 1, 2), read(1, 0, 3, 4)],
    "violation",
  ],
  ["two updates of one version both work", [update(1, 5, 2, 0, 1), update(1, 6, 3, 0, 1)], "violation"],
  ["the second of two updates is refused", [update(1, 5, 2, 0, 1), update(1, 6, "conflict", 2, 3)], "linearizable"],
  ["an update is refused though nothing changed", [update(1, 5, "conflict", 0, 1)], "violation"],
  ["an acknowledged update is lost", [update(1, 5, 2, 0, 1), update(1, 6, 3, 2, 3)], "violation"],
  ["an unknown update took effect", [update(1, 5, undefined, 0, INF), read(7, 5, 5, 6)], "linearizable"],
  ["an unknown update did not take effect", [update(1, 5, undefined, 0, INF), read(1, 0, 5, 6)], "linearizable"],
  [
    "an unknown update takes effect late",
    [update(1, 5, undefined, 0, INF), read(1, 0, 5, 6), read(2, 5, 7, 8)],
    "linearizable",
  ],
  [
    "an unknown update takes effect and is undone",
    [update(1, 5, undefined, 0, INF), read(2, 5, 5, 6), read(1, 0, 7, 8)],
    "violation",
  ],
  [
    "the version goes back after an unknown update",
    [update(1, 5, 4, 0, 1), update(4, 6, undefined, 2, INF), read(3, 6, 5, 6)],
    "violation",
  ],
  [
    "unknown updates follow one another",
    [update(1, 5, undefined, 0, INF), update(2, 6, undefined, 1, INF), read(3, 6, 5, 6)],
    "linearizable",
  ],
  ["a value from nowhere", [read(1, 9, 0, 1)], "violation"],
];
for (const [name, history, want] of cases) {
  test(`checkHistory, register: ${name}`, () => assert.equal(checkHistory(history, register).kind, want));
}

const create = (output: SetOutput | undefined, from: number, to: number, key = "web"): Operation<SetInput, SetOutput> =>
  op<SetInput, SetOutput>({ kind: "create" }, output, from, to, key);
const done: SetOutput = { kind: "done" };
const refused: SetOutput = { kind: "refused" };

test("checkHistory, names: of two creates at once one wins", () => {
  assert.equal(checkHistory([create(done, 0, 5), create(refused, 1, 4)], nameModel).kind, "linearizable");
  assert.equal(checkHistory([create(done, 0, 5), create(done, 1, 4)], nameModel).kind, "violation");
  assert.equal(checkHistory([create(refused, 0, 5), create(refused, 1, 4)], nameModel).kind, "violation");
});

test("checkHistory, names: keys are independent, and a violation names its key", () => {
  const history = [create(done, 0, 1, "a"), create(done, 2, 3, "b"), create(done, 4, 5, "b")];
  const verdict = checkHistory(history, nameModel);
  assert.equal(verdict.kind === "violation" ? verdict.key : "", "b");
});

test("checkHistory: says when it gives up", () => {
  const history = Array.from({ length: 20 }, (_, i) => update(1 + i, i, undefined, 0, INF));
  const impossible = [...history, read(99, -1, 0, 1)];
  assert.equal(checkHistory(impossible, register, 50).kind, "undecided");
});

// Histories of a real register under concurrency are accepted; the same with one answer falsified are mostly not, and
// never accepted when the falsified value was never written.
test("checkHistory: accepts what a register did and refuses a value that was never written, by seed", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const history: Operation<RegisterInput, RegisterOutput>[] = [];
    let state = { version: 1, value: 0 };
    for (let moment = 0; moment < 60; moment++) {
      const from = moment * 10 - random() * 40;
      const to = moment * 10 + random() * 40; // overlaps its neighbours; takes effect at moment * 10
      if (random() < 0.5) history.push(read(state.version, state.value, from, to));
      else if (random() < 0.3) history.push(update(state.version - 1, moment, "conflict", from, to));
      else {
        const next = { version: state.version + 1, value: moment };
        const unknown = random() < 0.2;
        history.push(update(state.version, moment, unknown ? undefined : next.version, from, unknown ? INF : to));
        state = next;
      }
    }
    assert.equal(checkHistory(history, register).kind, "linearizable", `seed ${seed}`);
    const reads = history.flatMap((operation, i) => (operation.input.kind === "read" ? [i] : []));
    const victim = reads[Math.floor(random() * reads.length)] ?? 0;
    const falsified = history.map((operation, i) =>
      i === victim ? { ...operation, output: { kind: "value" as const, version: 3, value: 1000 } } : operation,
    );
    assert.equal(checkHistory(falsified, register).kind, "violation", `seed ${seed}`);
  }
});

test("checkHistory: long histories with many unknown operations are decided soon", () => {
  const history: Operation<RegisterInput, RegisterOutput>[] = [];
  let version = 1;
  for (let moment = 0; moment < 5000; moment++) {
    const from = moment * 10 - 15;
    if (moment % 100 === 0) history.push(update(version - 1, -moment, undefined, from, INF)); // never took effect
    const next = version + 1;
    history.push(update(version, moment, next, from, moment * 10 + 15));
    version = next;
  }
  assert.equal(checkHistory(history, register).kind, "linearizable");
  history.push(read(version, 4998, 100_000, 100_001));
  assert.equal(checkHistory(history, register).kind, "violation");
});

test("checkHistory: of several violated keys the shortest history is told", () => {
  const long = Array.from({ length: 5 }, (_, i) => create(done, i * 2, i * 2 + 1, "long"));
  const short = [create(done, 0, 1, "short"), create(done, 2, 3, "short")];
  const verdict = checkHistory([...long, ...short], nameModel);
  assert.equal(verdict.kind === "violation" ? verdict.key : "", "short");
});
