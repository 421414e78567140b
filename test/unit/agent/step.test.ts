import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  afterFailure,
  type ContainerView,
  exitReport,
  formatBytes,
  nextStep,
  retryDelayMs,
  type Step,
  type StopView,
  type TaskView,
} from "../../../agent/task/step.ts";
import { type TaskState, TaskStateNumber } from "../../../proto/gen/objects.ts";
import { isTerminal, rank } from "../../../shared/model/tasks.ts";

const base: TaskView = {
  desired: "running",
  removed: false,
  state: "assigned",
  portsNews: false,
  imageReady: false,
  credentialsWithheld: false,
  container: { kind: "none" },
  stop: { kind: "none" },
  namespace: false,
  drainUntilMs: undefined,
  stopGraceMs: 10_000,
  memoryLimitBytes: 0,
  nowMs: 5_000,
};
const exited = (exitCode: number, oomKilled = false): ContainerView => ({
  kind: "exited",
  exit: { exitCode, oomKilled, exitedAtMs: 1 },
});
const created: ContainerView = { kind: "created" };
const running: ContainerView = { kind: "running", pid: 9 };
const unknown: ContainerView = { kind: "unknown" };

/** A step in a few words, so that a table reads. */
function brief(step: Step): string {
  if (step.kind === "report") return `${step.state}: ${step.message}${step.err === "" ? "" : ` | ${step.err}`}`;
  return step.kind === "wait" && step.forMs !== undefined ? `wait ${step.forMs}` : step.kind;
}

const gone = "task: the container is gone: its host was restarted, or it was removed behind the agent's back";
const cases: readonly (readonly [name: string, view: Partial<TaskView>, want: string])[] = [
  ["assigned is accepted", {}, "accepted: accepted"],
  ["a task straight from the scheduler too", { state: "pending" }, "accepted: accepted"],
  ["accepted is prepared", { state: "accepted" }, "preparing: preparing"],
  ["preparing pulls first", { state: "preparing" }, "pull"],
  [
    "waits to pull until managers have sent its credentials again",
    { state: "preparing", credentialsWithheld: true },
    "wait",
  ],
  ["then makes the container", { state: "preparing", imageReady: true }, "create"],
  ["a made container is ready", { state: "preparing", container: created }, "ready: prepared"],
  ["ready is held at desired ready", { state: "ready", desired: "ready", container: created }, "wait"],
  ["ready starts at desired running", { state: "ready", container: created }, "starting: starting"],
  ["and at desired complete", { state: "ready", desired: "complete", container: created }, "starting: starting"],
  ["starting starts", { state: "starting", container: created }, "start"],
  ["started is running", { state: "starting", container: running }, "running: started"],
  ["that ports are open is told", { state: "running", container: running, portsNews: true }, "running: started"],
  ["running waits", { state: "running", container: running }, "wait"],
  ["exit 0 completes", { state: "running", container: exited(0) }, "complete: finished"],
  ["another exit fails", { state: "running", container: exited(3) }, "failed: started | task: non-zero exit (3)"],
  ["an exit before running was seen", { state: "starting", container: exited(0) }, "complete: finished"],
  ["lost while running", { state: "running" }, `failed: started | ${gone}`],
  ["lost while starting: never started twice", { state: "starting" }, `failed: starting | ${gone}`],
  ["lost before the start: made again", { state: "ready", imageReady: true }, "create"],
  ["half made: cleaned up first", { state: "preparing", container: unknown }, "remove"],

  ["told to stop before anything", { desired: "shutdown" }, "shutdown: shutdown"],
  ["told to stop when made", { desired: "shutdown", state: "ready", container: created }, "shutdown: shutdown"],
  ["told to stop when running", { desired: "shutdown", state: "running", container: running }, "signal"],
  [
    "connections may still come: the signal waits",
    { desired: "shutdown", state: "running", container: running, drainUntilMs: 5_400 },
    "wait 400",
  ],
  [
    "and so does the kill without grace",
    { desired: "shutdown", state: "running", container: running, stopGraceMs: 0, drainUntilMs: 5_400 },
    "wait 400",
  ],
  ["no longer", { desired: "shutdown", state: "running", container: running, drainUntilMs: 5_000 }, "signal"],
  [
    "nobody sends to a task that managers removed",
    { removed: true, state: "running", container: running, drainUntilMs: 9_000 },
    "signal",
  ],
  [
    "nor to one that was not known to run",
    { desired: "shutdown", state: "starting", container: running, drainUntilMs: 9_000 },
    "signal",
  ],
  ["no grace, no signal", { desired: "shutdown", state: "running", container: running, stopGraceMs: 0 }, "kill"],
  [
    "in its grace",
    { desired: "shutdown", state: "running", container: running, stop: { kind: "signalled", atMs: 1_000 } },
    "wait 6000",
  ],
  [
    "grace over",
    {
      desired: "remove",
      state: "running",
      container: running,
      stop: { kind: "signalled", atMs: 1_000 },
      nowMs: 11_000,
    },
    "kill",
  ],
  ["killed", { desired: "shutdown", state: "running", container: running, stop: { kind: "killed" } }, "wait"],
  [
    "stopped: shutdown, whatever the exit code",
    { desired: "shutdown", state: "running", container: exited(143), stop: { kind: "signalled", atMs: 1_000 } },
    "shutdown: shutdown",
  ],
  [
    "ended by itself before the stop was asked",
    { desired: "shutdown", state: "running", container: exited(1) },
    "failed: started | task: non-zero exit (1)",
  ],
  ["half made when told to stop", { desired: "shutdown", state: "preparing", container: unknown }, "remove"],
  ["removed while running", { removed: true, state: "running", container: running }, "signal"],
  ["ended: the container goes", { state: "failed", container: exited(1) }, "remove"],
  ["rejected: what was half made goes", { state: "rejected", container: unknown }, "remove"],
  ["ended: the rest stays as history", { state: "failed" }, "wait"],
  ["ended: its namespace goes after the container", { state: "failed", namespace: true }, "release"],
  ["also when it never had a container", { state: "rejected", namespace: true, removed: true }, "release"],
  [
    "but not before the end is told",
    { state: "preparing", desired: "shutdown", namespace: true },
    "shutdown: shutdown",
  ],
  ["removed: the rest goes", { state: "failed", removed: true }, "forget"],
  ["declared dead by managers, but alive", { state: "orphaned", container: running }, "signal"],
];
for (const [name, view, want] of cases) {
  test(`next step: ${name}`, () => assert.equal(brief(nextStep({ ...base, ...view })), want));
}

test("out of memory is told as such", () => {
  assert.equal(
    exitReport({ exitCode: 137, oomKilled: true, exitedAtMs: 1 }, 64 * 1024 * 1024).err,
    "task: non-zero exit (137): killed by the kernel: out of memory (limit 64MiB)",
  );
  assert.equal(
    exitReport({ exitCode: 137, oomKilled: true, exitedAtMs: 1 }, 0).err,
    "task: non-zero exit (137): killed by the kernel: out of memory",
  );
});

for (const unseen of ["rebooted", "vanished"] as const) {
  test(`an end that nobody saw says what is known instead of a stand-in code: ${unseen}`, () => {
    const { state, err } = exitReport({ exitCode: 255, oomKilled: false, exitedAtMs: 1, unseen }, 0);
    assert.equal(state, "failed");
    assert.match(err, /its host lost power/);
    assert.doesNotMatch(err, /255/);
  });
}

const sizes: readonly (readonly [bytes: number, want: string])[] = [
  [0, "0B"],
  [1023, "1023B"],
  [4 * 1024 * 1024, "4MiB"],
  [1.5 * 1024 ** 3, "1.5GiB"],
  [100_000_000, "95.37MiB"],
];
for (const [bytes, want] of sizes) test(`formatBytes ${bytes}`, () => assert.equal(formatBytes(bytes), want));

type Failure = Parameters<typeof afterFailure>;
const failures: readonly (readonly [name: string, args: Failure, want: string])[] = [
  [
    "no image",
    ["pull", e("not_found", "manifest unknown"), 1, "x:1"],
    "rejected: No such image: x:1: manifest unknown",
  ],
  ["said already", ["pull", e("not_found", "No such image: x:1"), 1, "x:1"], "rejected: No such image: x:1"],
  [
    "a full disk, while unpacking",
    ["pull", e("resource_exhausted", "cannot unpack layer a: no space left on this node's disk (write /b)"), 1, "x"],
    "rejected: no space left on this node's disk: cannot unpack layer a (write /b)",
  ],
  [
    "a full disk, anywhere",
    ["create", e("internal", "ENOSPC: no space left on device, write"), 1, "x"],
    "rejected: no space left on this node's disk: ENOSPC: no space left on device, write",
  ],
  ["refused", ["pull", e("unauthenticated", "401 of reg"), 1, "x"], "rejected: 401 of reg"],
  ["registry away", ["pull", e("unavailable", "refused"), 1, "x"], "retry in 250"],
  ["still away", ["pull", e("unavailable", "refused"), 3, "x"], "retry in 1000"],
  ["away for good", ["pull", e("unavailable", "refused"), 4, "x"], "rejected: refused"],
  [
    "no way to the registry, which took seconds to find out",
    ["pull", e("unavailable", "cannot reach registry r:5000: no route to the host"), 1, "x"],
    "rejected: cannot reach registry r:5000: no route to the host",
  ],
  ["bad mount", ["create", e("invalid_argument", "no /x"), 1, "x"], "rejected: no /x"],
  ["disk full", ["create", e("resource_exhausted", "no space"), 1, "x"], "rejected: no space"],
  ["runtime away", ["create", e("unavailable", "gone"), 5, "x"], "retry in 4000"],
  ["no binary", ["start", e("invalid_argument", "no such file"), 1, "x"], "rejected: no such file"],
  ["start broke", ["start", e("internal", "runc: bang"), 1, "x"], "failed: runc: bang"],
  ["a start that took too long is not repeated", ["start", e("deadline_exceeded", "slow"), 1, "x"], "failed: slow"],
];
function e(code: Failure[1]["code"], message: string): Failure[1] {
  return { code, message };
}
for (const [name, args, want] of failures) {
  test(`after a failure: ${name}`, () => {
    const verdict = afterFailure(...args);
    assert.equal(verdict.kind === "retry" ? `retry in ${verdict.afterMs}` : `${verdict.state}: ${verdict.err}`, want);
  });
}

test("retries slow down, and stay bounded", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map(retryDelayMs), [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
});

// ------------------------------------------------------------------------------------------------------ properties

const states = Object.keys(TaskStateNumber) as TaskState[];
const anyContainer = fc.oneof(
  fc.constantFrom<ContainerView>({ kind: "none" }, created, running, unknown),
  fc.record({ code: fc.integer({ min: 0, max: 255 }), oom: fc.boolean() }).map(({ code, oom }) => exited(code, oom)),
);
const anyStop = fc.oneof(
  fc.constantFrom<StopView>({ kind: "none" }, { kind: "killed" }),
  fc.integer({ min: 0, max: 20_000 }).map((atMs): StopView => ({ kind: "signalled", atMs })),
);
const anyView: fc.Arbitrary<TaskView> = fc.record({
  desired: fc.constantFrom<TaskState>("ready", "running", "complete", "shutdown", "remove"),
  removed: fc.boolean(),
  state: fc.constantFrom(...states),
  portsNews: fc.boolean(),
  imageReady: fc.boolean(),
  credentialsWithheld: fc.boolean(),
  container: anyContainer,
  stop: anyStop,
  namespace: fc.boolean(),
  drainUntilMs: fc.option(fc.integer({ min: 0, max: 42_000 }), { nil: undefined }),
  stopGraceMs: fc.constantFrom(0, 1, 10_000),
  memoryLimitBytes: fc.constantFrom(0, 1 << 26),
  nowMs: fc.integer({ min: 0, max: 40_000 }),
});

test("property: a reported state is always later than the one before", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const step = nextStep(view);
      if (step.kind !== "report") return;
      const again = step.state === "running" && view.portsNews && view.state === "running";
      assert.ok(again || rank(step.state) > rank(view.state), `${view.state} → ${step.state}`);
    }),
  );
});

test("property: nothing is started that shall stop or has ended", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const over = view.removed || rank(view.desired) >= rank("shutdown") || isTerminal(view.state);
      if (over) assert.doesNotMatch(nextStep(view).kind, /pull|create|start/);
    }),
  );
});

test("property: whatever the state, a task that shall stop ends, and a removed one is forgotten", () => {
  fc.assert(
    fc.property(anyView, fc.boolean(), (start, obedient) => {
      let view: TaskView = { ...start, desired: "shutdown" };
      for (let steps = 0; steps < 30; steps++) {
        const step = nextStep(view);
        switch (step.kind) {
          case "report":
            view = { ...view, state: step.state };
            break;
          case "signal":
            view = { ...view, stop: { kind: "signalled", atMs: view.nowMs } };
            if (obedient && view.container.kind === "running") view = { ...view, container: exited(143) };
            break;
          case "kill":
            view = { ...view, stop: { kind: "killed" }, container: exited(137) };
            break;
          case "remove":
            view = { ...view, container: { kind: "none" } };
            break;
          case "release":
            assert.equal(view.container.kind, "none");
            view = { ...view, namespace: false };
            break;
          case "wait":
            if (step.forMs !== undefined) view = { ...view, nowMs: view.nowMs + step.forMs };
            // After SIGKILL the process ends.
            else if (view.container.kind === "running") view = { ...view, container: exited(137) };
            else {
              assert.ok(isTerminal(view.state) && view.container.kind === "none" && !view.removed && !view.namespace);
              return;
            }
            break;
          case "forget":
            assert.ok(view.removed);
            return;
          default:
            assert.fail(`${step.kind} on the way down`);
        }
      }
      assert.fail("does not end");
    }),
  );
});
