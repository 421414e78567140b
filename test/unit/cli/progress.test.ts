import assert from "node:assert/strict";
import { test } from "node:test";
import { changedLines, progressLines } from "../../../cli/progress/render.ts";
import { type Look, type Since, viewOf } from "../../../cli/progress/view.ts";
import {
  type Node,
  newNodeSpec,
  newRestartPolicy,
  newTaskSpec,
  newTaskStatus,
  newUpdateStatus,
  type Service,
  type Task,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { fastEnv, NOW_MS, type Result, skep, startDaemon } from "./harness.ts";
import { node, service, task } from "./objects.ts";

const ESC = "\u001b";
const SINCE: Since = { ended: new Set(), pendingSince: new Map(), isRollback: false, writtenAtMs: NOW_MS };
const NODES: ReadonlyMap<string, Node> = new Map([node(1), node(2), node(3, "down")].map((one) => [one.id, one]));
const web = service(1, "web", { mode: { kind: "replicated", replicas: 2 } });

const look = (of: Service, tasks: readonly Task[], desiredTasks = 0): Look => ({
  service: { service: of, status: { runningTasks: 0, desiredTasks, completedTasks: 0, unknownTasks: 0 } },
  tasks,
  nodes: NODES,
});

const once = newTaskSpec({ ...web.spec?.taskTemplate, restartPolicy: newRestartPolicy({ condition: "none" }) });
const job = service(1, "web", { mode: { kind: "replicated", replicas: 1 }, taskTemplate: once });
const global = service(1, "web", { mode: { kind: "global" } });
const updating = (
  state: "updating" | "paused" | "completed" | "rollback_completed",
  startedAtMs = NOW_MS,
): Service => ({
  ...web,
  updateStatus: newUpdateStatus({ state, startedAtMs, message: "because" }),
});
const run = (n: number, slot: number, of = web): Task => task({ n, of, slot, state: "running", node: 1 });
const failed = (n: number, slot: number, of = web): Task =>
  task({ n, of, slot, state: "failed", node: 1, desired: "shutdown", exit: 1, agoMs: 9_000 - n });
const rejected = (n: number): Task =>
  task({
    n,
    of: web,
    slot: 2,
    state: "rejected",
    node: 2,
    desired: "shutdown",
    err: "No such image: x",
    agoMs: 9_000 - n,
  });
const unreached = (n: number): Task => {
  const { status, ...rest } = rejected(n);
  return { ...rest, status: newTaskStatus({ ...status, err: "cannot reach registry r:5000: no route to the host" }) };
};
const reserve = task({ n: 9, of: web, slot: 2, state: "ready", node: 2, desired: "ready", agoMs: 1 });
const pending = task({
  n: 8,
  of: web,
  slot: 2,
  state: "pending",
  err: "no suitable node (insufficient resources on 2 nodes)",
});

const cases: readonly (readonly [name: string, look: Look, since: Partial<Since>, nowMs: number, want: string])[] = [
  ["nothing yet", look(web, []), {}, 0, "waiting 0/2"],
  ["one of two", look(web, [run(1, 1)]), {}, 0, "waiting 1/2"],
  ["all", look(web, [run(1, 1), run(2, 2)]), {}, 0, "converged 2/2"],
  [
    "tasks of the spec before do not count",
    look(web, [run(1, 1), task({ n: 2, of: web, slot: 2, state: "running", node: 1, specVersion: 1 })]),
    {},
    0,
    "waiting 1/2",
  ],
  [
    "a task on a silent node does not run",
    look(web, [run(1, 1), task({ n: 2, of: web, slot: 2, state: "running", node: 3 })]),
    {},
    0,
    "waiting 1/2",
  ],
  ["a slot number beyond the count is a slot", look(web, [run(1, 1), run(2, 7)]), {}, 0, "converged 2/2"],
  ["scaled down, not yet gone", look(web, [run(1, 1), run(2, 2), run(3, 3)]), {}, 0, "waiting 3/2"],
  [
    "scaled down, told to go",
    look(web, [run(1, 1), run(2, 2), task({ n: 3, of: web, slot: 3, state: "running", node: 1, desired: "remove" })]),
    {},
    0,
    "converged 2/2",
  ],
  [
    "scaled to nothing",
    look(service(1, "web", { mode: { kind: "replicated", replicas: 0 } }), []),
    {},
    0,
    "converged 0/0",
  ],
  [
    "a registry that no node reaches",
    look(web, [unreached(2), reserve]),
    {},
    0,
    "failed 0/2 web.2: cannot reach registry r:5000: no route to the host",
  ],
  ["a registry that some node does not reach", look(web, [run(1, 1), unreached(2), reserve]), {}, 0, "waiting 1/2"],
  ["one failure is tried again", look(web, [run(1, 1), failed(2, 2), reserve]), {}, 0, "waiting 1/2"],
  [
    "failing again and again",
    look(web, [run(1, 1), failed(2, 2), failed(3, 2), failed(4, 2), reserve]),
    {},
    0,
    "failed 1/2 web.2: task: non-zero exit (1)",
  ],
  [
    "old failures are not held against it",
    look(web, [run(1, 1), failed(2, 2), failed(3, 2), failed(4, 2), reserve]),
    { ended: new Set([failed(2, 2).id, failed(3, 2).id]) },
    0,
    "waiting 1/2",
  ],
  [
    "rejected twice",
    look(web, [run(1, 1), rejected(2), rejected(3), reserve]),
    {},
    0,
    "failed 1/2 web.2: No such image: x",
  ],
  [
    "pending with a reason, for a moment",
    look(web, [run(1, 1), pending]),
    { pendingSince: new Map([[pending.id, 5_000]]) },
    9_000,
    "waiting 1/2",
  ],
  [
    "pending with a reason, for long",
    look(web, [run(1, 1), pending]),
    { pendingSince: new Map([[pending.id, 5_000]]) },
    15_000,
    "failed 1/2 web.2: no suitable node (insufficient resources on 2 nodes)",
  ],
  [
    "done, and not to be started again",
    look(job, [task({ n: 1, of: job, slot: 1, state: "complete", node: 1, exit: 0 })]),
    {},
    0,
    "converged 0/1",
  ],
  [
    "failed, and not to be started again",
    look(job, [task({ n: 1, of: job, slot: 1, state: "failed", node: 1, exit: 3 })]),
    {},
    0,
    "failed 0/1 web.1: task: non-zero exit (3); its restart policy does not start it again",
  ],
  [
    "ends by itself, again and again",
    look(
      service(1, "web"),
      [1, 2, 3].map((n) => task({ n, of: web, slot: 1, state: "complete", node: 1, desired: "shutdown", exit: 0 })),
    ),
    {},
    0,
    "failed 0/1 web.1: the task ended (complete, exit 0) (it ends by itself; see `skep service logs web`)",
  ],
  ["update under way", look(updating("updating"), [run(1, 1), run(2, 2)]), {}, 0, "waiting 2/2"],
  ["update paused", look(updating("paused"), [run(1, 1), run(2, 2)]), {}, 0, "failed 2/2 update paused: because"],
  [
    "an older update's pause says nothing",
    look(updating("paused", NOW_MS - 1), [run(1, 1), run(2, 2)]),
    {},
    0,
    "converged 2/2",
  ],
  ["update completed", look(updating("completed"), [run(1, 1), run(2, 2)]), {}, 0, "verified 2/2"],
  [
    "rolled back by itself",
    look(updating("rollback_completed"), [run(1, 1), run(2, 2)]),
    {},
    0,
    "failed 2/2 rolled back: because",
  ],
  [
    "rolled back on request",
    look(updating("rollback_completed"), [run(1, 1), run(2, 2)]),
    { isRollback: true },
    0,
    "verified 2/2",
  ],
  ["global: fewer than wanted", look(global, [{ ...run(1, 0, global) }], 2), {}, 0, "waiting 1/2"],
  [
    "global: all",
    look(global, [run(1, 0, global), task({ n: 2, of: global, slot: 0, state: "running", node: 2 })], 2),
    {},
    0,
    "converged 2/2",
  ],
];

for (const [name, seen, since, nowMs, want] of cases) {
  test(`view: ${name}`, () => {
    const view = viewOf(seen, { ...SINCE, ...since }, nowMs);
    const reasons = view.outcome.kind === "failed" ? ` ${view.outcome.reasons.join("; ")}` : "";
    assert.equal(`${view.outcome.kind} ${view.running}/${view.total}${reasons}`, want);
  });
}

test("the picture: docker's words, a bar per task, an error instead of it, within the terminal", () => {
  const view = viewOf(look(web, [run(1, 1), pending]), SINCE, 0);
  assert.deepEqual(progressLines(view, NODES, { columns: 60, rows: 24 }), [
    "overall progress: 1 out of 2 tasks",
    "1/2: running   [=========================================>]",
    "2/2: pending   no suitable node (insufficient resources on …",
  ]);
  const many = service(1, "web", { mode: { kind: "replicated", replicas: 50 } });
  const lines = progressLines(viewOf(look(many, [run(1, 1, many)]), SINCE, 0), NODES, { columns: 80, rows: 10 });
  assert.deepEqual([lines.length, lines[0], lines.at(-1)], [8, "overall progress: 1 out of 50 tasks", "… and 44 more"]);
  const perNode = progressLines(viewOf(look(global, [run(1, 0, global)], 1), SINCE, 0), NODES, {
    columns: 30,
    rows: 24,
  });
  assert.equal(perNode[1], "node1: running   [=========>]");
});

test("a global service: nobody waits for nodes that the update leaves alone, and everybody for the others", () => {
  const paused = node(4);
  const nodes = new Map(
    [...NODES.values(), { ...paused, spec: newNodeSpec({ availability: "pause" }) }].map((one) => [one.id, one]),
  );
  const on = (n: number, specVersion?: number): Task =>
    task({ n, of: global, slot: 0, state: "running", node: n, ...(specVersion === undefined ? {} : { specVersion }) });
  const outcome = (tasks: readonly Task[]): string => {
    const view = viewOf({ ...look(global, tasks, 4), nodes }, SINCE, 0);
    return `${view.outcome.kind} ${view.running}/${view.total}`;
  };
  assert.equal(outcome([on(1), on(2, 1), on(3, 1), on(4, 1)]), "waiting 1/2", "node2 has the spec before");
  assert.equal(outcome([on(1), on(2), on(3, 1), on(4, 1)]), "converged 2/2", "node3 is down, node4 paused");
  assert.equal(outcome([on(1), on(2), on(3), on(4)]), "converged 3/3", "node3 went down with the new one");
});

test("for a pipe: only what changed", () => {
  const first = viewOf(look(web, [run(1, 1)]), SINCE, 0);
  const second = viewOf(look(web, [run(1, 1), pending]), SINCE, 0);
  assert.deepEqual(changedLines(undefined, first), ["overall progress: 1 out of 2 tasks"]);
  assert.deepEqual(changedLines(first, second), ["web.2: no suitable node (insufficient resources on 2 nodes)"]);
  assert.deepEqual(changedLines(second, second), []);
});

test("a failure of a global service's task names the node, not its id, and where it may have said more", async () => {
  const seen = look(global, [failed(1, 0, global), failed(2, 0, global), failed(3, 0, global)], 1);
  const { outcome, places } = viewOf(seen, SINCE, 0);
  assert.deepEqual(
    places.map(({ name }) => name),
    [],
  );
  assert.equal(outcome.kind, "waiting");
  const next = task({ n: 4, of: global, slot: 0, state: "ready", node: 1, desired: "ready", agoMs: 1 });
  const view = viewOf({ ...seen, tasks: [...seen.tasks, next] }, SINCE, 0);
  assert.deepEqual(changedLines(undefined, view), [
    "overall progress: 0 out of 1 tasks",
    "web on node1: task: non-zero exit (1)",
  ]);
});

test("what exited may have said why: its logs are named", async () => {
  const { err } = await play({ looks: [[run(1, 1), failed(2, 2), failed(3, 2), failed(4, 2), reserve]] });
  assert.match(err, /non-zero exit \(1\)[\s\S]*what they said: `skep service logs web`/);
});

interface Story {
  /** What the cluster has at each look; the last one stays. */
  readonly looks: readonly (readonly Task[] | "unavailable" | "gone")[];
  readonly argv?: readonly string[];
  readonly isTty?: boolean;
  readonly abortAfterMs?: number;
}

async function play({
  looks,
  argv = ["service", "create", "--name", "web", "--replicas", "2", "img"],
  isTty = false,
  abortAfterMs,
}: Story): Promise<Result> {
  let at = 0;
  const now = (): Story["looks"][number] => looks[Math.min(at, looks.length - 1)] ?? [];
  const daemon = await startDaemon({
    control: {
      createService: async () => ({ service: web, warnings: [] }),
      getService: async () => {
        const state = now();
        if (state === "unavailable") {
          at += 1;
          throw new SkepError("unavailable", "no leader");
        }
        if (state === "gone") throw new SkepError("not_found", "no such service");
        return { service: web };
      },
      listTasks: async () => {
        const state = now();
        return { tasks: typeof state === "string" ? [] : state };
      },
      listNodes: async () => ({ nodes: [...NODES.values()] }),
    },
  });
  const abort = new AbortController();
  const env = fastEnv((nowMs) => {
    at += 1;
    if (abortAfterMs !== undefined && nowMs >= abortAfterMs) abort.abort(new SkepError("canceled", "interrupted"));
  });
  try {
    return await skep(argv, { socket: daemon.socket, env, isTty, columns: 40, signal: abort.signal });
  } finally {
    daemon.close();
  }
}

const starting = (n: number, slot: number): Task => task({ n, of: web, slot, state: "starting", node: 1 });

test("transcript without a terminal: one line per change, then the verdict", async () => {
  const result = await play({ looks: [[], [starting(1, 1), run(2, 2)], "unavailable", [run(1, 1), run(2, 2)]] });
  assert.deepEqual(result, {
    status: 0,
    out: `${web.id}
overall progress: 0 out of 2 tasks
overall progress: 1 out of 2 tasks
overall progress: 2 out of 2 tasks
verify: Service web converged
`,
    err: "",
  });
});

test("transcript on a terminal: drawn in place", async () => {
  const { out } = await play({ looks: [[starting(1, 1)], [run(1, 1), run(2, 2)]], isTty: true });
  const frames = out
    .split("\u001b[J")
    .map((frame) => frame.replaceAll("\u001b[2K", "").replace(new RegExp(`${ESC}\\[\\d+A`), "^"));
  assert.deepEqual(frames, [
    `${web.id}
overall progress: 0 out of 2 tasks
1/2: starting  [=================>    ]
2/2:           [                      ]
`,
    `^overall progress: 2 out of 2 tasks
1/2: running   [=====================>]
2/2: running   [=====================>]
verify: Waiting 2 seconds to verify tha…
`,
    `^overall progress: 2 out of 2 tasks
1/2: running   [=====================>]
2/2: running   [=====================>]
verify: Waiting 1 second to verify that…
`,
    `^overall progress: 2 out of 2 tasks
1/2: running   [=====================>]
2/2: running   [=====================>]
`,
    `^overall progress: 2 out of 2 tasks
1/2: running   [=====================>]
2/2: running   [=====================>]
verify: Service web converged
`,
    "",
  ]);
});

test("a task that dies while it is watched is seen", async () => {
  const both = [run(1, 1), run(2, 2)];
  const { status, err } = await play({ looks: [both, both, [run(1, 1), rejected(3), rejected(4), reserve]] });
  assert.equal(status, 1);
  assert.match(
    err,
    /^error: service web did not converge:\n {2}web\.2: No such image: x\nThe service stays as it is\..*skep service ps --no-trunc web/,
  );
});

test("a task without a node: given up after some seconds, with the reason", async () => {
  const { status, err, out } = await play({ looks: [[run(1, 1), pending]] });
  assert.equal(status, 1);
  assert.match(err, /web\.2: no suitable node \(insufficient resources on 2 nodes\)/);
  assert.match(out, /overall progress: 1 out of 2 tasks\nweb\.2: no suitable node/);
});

test("a cluster that stays silent is an error, not an endless wait", async () => {
  const { status, err } = await play({ looks: Array.from({ length: 400 }, () => "unavailable" as const) });
  assert.deepEqual([status, err], [1, "error: no leader\n"]);
});

test("removed meanwhile", async () => {
  const { status, err } = await play({ looks: [[], "gone"] });
  assert.equal(status, 1);
  assert.match(err, /it was removed meanwhile/);
});

test("Ctrl-C leaves the operation to the cluster and says so", async () => {
  const { status, err } = await play({ looks: [[]], abortAfterMs: 1_000 });
  assert.equal(status, 130);
  assert.equal(err, "Operation continuing in background.\nUse `skep service ps web` to check progress.\n");
});

test("--quiet waits without a word; --detach does not wait", async () => {
  const create = ["service", "create", "--name", "web", "img"];
  assert.deepEqual(
    await play({ looks: [[run(1, 1), run(2, 2)]], argv: [...create.slice(0, 2), "-q", ...create.slice(2)] }),
    { status: 0, out: `${web.id}\n`, err: "" },
  );
  assert.deepEqual(await play({ looks: [[]], argv: [...create.slice(0, 2), "--detach", ...create.slice(2)] }), {
    status: 0,
    out: `${web.id}\n`,
    err: "",
  });
});
