import assert from "node:assert/strict";
import { test } from "node:test";
import { palette } from "../../../cli/render/colour.ts";
import { logDetails } from "../../../cli/render/log-details.ts";
import { createLogFormatter } from "../../../cli/render/logs.ts";
import { type LogLine, type LogsRequest, newLogLine } from "../../../proto/gen/control.ts";
import { newContainerSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { skep, startDaemon } from "./harness.ts";
import { node, nodeId, service, serviceId, task, taskId } from "./objects.ts";

const line = (n: number, text: string, rest: Partial<LogLine> = {}): LogLine =>
  newLogLine({
    taskId: taskId(n),
    serviceId: serviceId(1),
    nodeId: nodeId(1),
    timestampMs: 1_700_000_000_005,
    timestampNs: 600,
    data: Buffer.from(text),
    ...rest,
  });

async function logs(
  argv: readonly string[],
  colour = false,
): Promise<{
  readonly result: Awaited<ReturnType<typeof skep>>;
  readonly request: LogsRequest | undefined;
  readonly asked: number;
}> {
  let request: LogsRequest | undefined;
  let asked = 0;
  const web = service(1, "web");
  const daemon = await startDaemon({
    control: {
      listNodes: async () => ({ nodes: [node(1)] }),
      listTasks: async () => {
        asked += 1;
        return {
          tasks: [
            task({ n: 1, of: web, slot: 1, state: "running", node: 1 }),
            task({ n: 2, of: web, slot: 10, state: "running", node: 1 }),
          ],
        };
      },
      async *logs(given) {
        request = given;
        yield {
          lines: [line(1, "hello"), line(2, "oops", { stream: "stderr" })],
          warnings: ["node3: no connection"],
          caughtUp: false,
        };
        yield {
          lines: [
            line(1, "a", { partial: true }),
            line(2, "between"),
            line(1, "b"),
            line(7, "who?"),
            line(7, "again"),
            line(2, "cut", { partial: true }),
          ],
          warnings: [],
          caughtUp: false,
        };
      },
    },
  });
  try {
    return { result: await skep(["service", "logs", ...argv], { socket: daemon.socket, colour }), request, asked };
  } finally {
    daemon.close();
  }
}

test("logs: who and where before each line, streams kept apart, parts put together, warnings on stderr", async () => {
  const { result, asked } = await logs(["web"]);
  assert.deepEqual(result, {
    status: 0,
    out: `web.1.task1xxxxxxx@node1    | hello
web.10.task2xxxxxxx@node1    | between
web.1.task1xxxxxxx@node1     | ab
task7xxxxxxx@node1xxxxxxxxxxxxxxxxxxxx    | who?
task7xxxxxxx@node1xxxxxxxxxxxxxxxxxxxx    | again
web.10.task2xxxxxxx@node1                 | cut
`,
    err: "warning: node3: no connection\nweb.10.task2xxxxxxx@node1    | oops\n",
  });
  assert.equal(asked, 2, "names are asked for once per new task, also in vain");
});

test("logs: options reach the cluster", async () => {
  const { request } = await logs(["-f", "--tail", "20", "--since", "10m", "web", "api"]);
  assert.deepEqual(request, {
    refs: ["web", "api"],
    options: { follow: true, tail: 20, sinceMs: 1_700_000_000_000 - 600_000, untilMs: 0, stdout: true, stderr: true },
  });
  assert.equal((await logs(["web"])).request?.options?.tail, -1);
  assert.equal((await logs(["-n", "all", "web"])).request?.options?.tail, -1);
});

test("logs --raw -t, --no-task-ids, --no-trunc", async () => {
  assert.match((await logs(["--raw", "-t", "web"])).result.out, /^2023-11-14T22:13:20\.005000600Z hello\n/);
  assert.match((await logs(["--no-task-ids", "web"])).result.out, /^web\.1@node1 {4}\| hello\n/);
  assert.match(
    (await logs(["--no-trunc", "web"])).result.out,
    new RegExp(`^web\\.1\\.${taskId(1)}@node1 {4}\\| hello\n`),
  );
});

test("logs: one colour per task, only where colour may be", async () => {
  const { out } = (await logs(["web"], true)).result;
  assert.ok(out.startsWith("\u001b[36mweb.1.task1xxxxxxx@node1    |\u001b[39m hello\n\u001b[33m"), out);
});

test("logs: a line without end is given out at 1 MiB", () => {
  const formatter = createLogFormatter(
    { timestamps: false, raw: true, noTrunc: false, noTaskIds: false },
    palette(false),
    () => undefined,
  );
  const part = line(1, "x".repeat(16_384), { partial: true });
  let given = 0;
  for (let i = 0; i < 64; i++) given += formatter.format(part)?.body.length ?? 0;
  assert.equal(given, 1024 * 1024);
  assert.deepEqual(formatter.flush(), []);
});

const withOptions = (options: Readonly<Record<string, string>>): ReturnType<typeof task> => {
  const web = service(1, "web");
  const made = task({ n: 1, of: web, slot: 3, state: "running", node: 1 });
  return {
    ...made,
    spec: newTaskSpec({
      ...made.spec,
      containerSpec: newContainerSpec({
        image: "nginx",
        labels: { tier: "front end", "com.x": "1", other: "no" },
        env: ["NAME={{.Task.Slot}} of {{.Node.Hostname}}", "EMPTY", "HOME=/"],
      }),
      logDriver: { name: "json-file", options },
    }),
  };
};
const IDS = `com.docker.swarm.node.id=${nodeId(1)},com.docker.swarm.service.id=${serviceId(1)},com.docker.swarm.task.id=${taskId(1)}`;
for (const [options, withIds, want] of [
  [{}, false, ""],
  [{}, true, IDS],
  [{ labels: "tier,none", env: "NAME" }, false, "NAME=3+of+node1,tier=front+end"],
  [{ "labels-regex": "^com\\.", "env-regex": "^E" }, false, "EMPTY=,com.x=1"],
  [{ "labels-regex": "(", env: "HOME" }, true, `HOME=%2F,${IDS}`],
] as const) {
  test(`logs --details ${JSON.stringify(options)} ${withIds}`, () =>
    assert.equal(logDetails(withOptions(options), node(1), withIds), want));
}

test("logs --details: behind who and when; with --raw the swarm's own attributes too, without a name", async () => {
  const daemon = await startDaemon({
    control: {
      listNodes: async () => ({ nodes: [node(1)] }),
      listTasks: async () => ({ tasks: [withOptions({ labels: "tier" })] }),
      async *logs() {
        yield { lines: [line(1, "hello")], warnings: [], caughtUp: false };
      },
    },
  });
  const { socket } = daemon;
  try {
    const plain = await skep(["service", "logs", "--details", "web"], { socket });
    assert.equal(plain.out, "web.3.task1xxxxxxx@node1    | tier=front+end hello\n");
    const raw = await skep(["service", "logs", "--details", "--raw", "web"], { socket });
    assert.equal(raw.out, `${IDS},tier=front+end hello\n`);
  } finally {
    daemon.close();
  }
});

test("logs -f: without a leader ids stand for names, and after the loss of the daemon each task goes on where it was", async () => {
  let names = 0;
  let calls = 0;
  const asked: (number | undefined)[] = [];
  const gone = (): never => {
    throw new SkepError("unavailable", "the swarm has no leader now");
  };
  const at = (n: number, text: string, ms: number): LogLine => line(n, text, { timestampMs: ms });
  const daemon = await startDaemon({
    control: {
      listNodes: async () => ({ nodes: [node(1)] }),
      listTasks: async () => {
        if (++names === 1) gone();
        const web = service(1, "web");
        return { tasks: [1, 2].map((n) => task({ n, of: web, slot: n, state: "running", node: 1 })) };
      },
      async *logs(given) {
        asked.push(given.options?.sinceMs);
        calls++;
        if (calls === 2) gone();
        const old = [at(1, "one", 5_000), at(2, "two", 1_000)];
        const news = calls === 1 ? [] : [at(2, "three", 2_000), at(1, "four", 5_001)];
        yield { lines: calls === 1 ? [at(1, "one", 5_000)] : [], warnings: [], caughtUp: false };
        yield { lines: [...old.slice(calls === 1 ? 1 : 0), ...news], warnings: [], caughtUp: false };
        if (calls === 1) gone();
      },
    },
  });
  try {
    const { out, err, status } = await skep(["service", "logs", "-f", "web"], { socket: daemon.socket });
    const texts = out.split("\n").map((text) => text.replace(/\s+\|/, " |"));
    assert.deepEqual(texts, [
      `task1xxxxxxx@${nodeId(1)} | one`,
      "web.2.task2xxxxxxx@node1 | two",
      "web.2.task2xxxxxxx@node1 | three",
      "web.1.task1xxxxxxx@node1 | four",
      "",
    ]);
    assert.deepEqual([status, err, asked], [0, "", [0, 1_000, 1_000]]);
  } finally {
    daemon.close();
  }
});

test("logs: without -f the loss of the daemon is an error", async () => {
  const daemon = await startDaemon({
    control: {
      async *logs() {
        yield { lines: [line(1, "one")], warnings: [], caughtUp: false };
        throw new SkepError("unavailable", "the leader went away");
      },
    },
  });
  try {
    const { status, err } = await skep(["service", "logs", "--raw", "web"], { socket: daemon.socket });
    assert.deepEqual([status, err], [1, "error: the leader went away\n"]);
  } finally {
    daemon.close();
  }
});
