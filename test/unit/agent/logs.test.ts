import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type LogStore, openLogStore } from "../../../agent/logs/log-store.ts";
import { type ReadOptions, readLog } from "../../../agent/logs/reader.ts";
import { decodeRecord, encodeRecord, LineCutter, type LogRecord } from "../../../agent/logs/record.ts";
import { createLogHandlers } from "../../../agent/logs/task-logs.ts";
import { formatStamp, parseStamp } from "../../../agent/logs/timestamp.ts";
import { newTaskLogsRequest } from "../../../proto/gen/agent.ts";
import { type LogsResponse, newLogOptions } from "../../../proto/gen/control.ts";
import type { Task } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { logKeeping } from "../../../shared/model/log-driver.ts";
import { MAX_LOG_PART_BYTES } from "../../../shared/model/log-line.ts";
import { newTaskId, nodeId, task } from "./fixtures.ts";

let root = "";
let folders = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "skep-logs-"));
});
after(() => rm(root, { recursive: true }));

const open = (env: Env = realEnv, dir = join(root, String(++folders))): Promise<LogStore> =>
  openLogStore({ env, log: silentLog, dir });
const never = new AbortController().signal;
const all: ReadOptions = {
  follow: false,
  tail: -1,
  since: undefined,
  until: undefined,
  streams: new Set(["stdout", "stderr"]),
};
const withLimits = (maxSize: string, maxFile: string): Task =>
  task({ spec: { logDriver: { name: "json-file", options: { "max-size": maxSize, "max-file": maxFile } } } });

async function read(logs: LogStore, id: TaskId, options: Partial<ReadOptions> = {}): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const batch of readLog(logs.source(id), { ...all, ...options }, never)) records.push(...batch.records);
  return records;
}
/** Lines put together again, as "o:text" and "e:text". */
function lines(records: readonly LogRecord[]): string[] {
  const parts = { stdout: "", stderr: "" };
  const result: string[] = [];
  for (const { stream, partial, data } of records) {
    parts[stream] += Buffer.from(data).toString();
    if (partial) continue;
    result.push(`${stream === "stdout" ? "o" : "e"}:${parts[stream]}`);
    parts[stream] = "";
  }
  return result;
}
const bytes = (text: string): Uint8Array => Buffer.from(text);

// ------------------------------------------------------------------------------------------------ records and times

test("a timestamp is written as ISO, and read back to the nanosecond", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), fc.integer({ min: 0, max: 999_999 }), (ms, ns) => {
      const text = formatStamp({ ms, ns });
      assert.equal(text, `${new Date(ms).toISOString().slice(0, -1)}${String(ns).padStart(6, "0")}Z`);
      assert.deepEqual(parseStamp(Buffer.from(text), 0), { ms, ns });
    }),
  );
});

test("a record reads back; what is none is refused", () => {
  const record: LogRecord = { stamp: { ms: 1, ns: 2 }, stream: "stderr", partial: true, data: Buffer.from("a b\r") };
  const line = encodeRecord(record);
  assert.equal(line.toString(), "1970-01-01T00:00:00.001000002Z stderr P a b\r\n");
  const read = decodeRecord(line.subarray(0, -1));
  assert.deepEqual(read, { ...record, data: read?.data });
  assert.equal(Buffer.from(read?.data ?? []).toString(), "a b\r");
  for (const damaged of ["", "1970-01-01T00:00:00.001000002Z stder P x", line.toString().replace("1970", "197x")]) {
    assert.equal(decodeRecord(Buffer.from(damaged)), undefined);
  }
});

test("cutting: any split of the bytes gives the same lines, in parts of at most 16 KiB", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom("x".repeat(MAX_LOG_PART_BYTES), "y".repeat(40_000)),
  );
  const clean = line.map((text) => text.replaceAll("\n", ""));
  fc.assert(
    fc.property(fc.array(clean, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30_000 })), (want, cuts) => {
      const text = Buffer.from(want.map((one) => `${one}\n`).join(""));
      const cutter = new LineCutter();
      const parts = [];
      let at = 0;
      for (const cut of cuts) {
        parts.push(...cutter.push(text.subarray(at, at + cut)));
        at += cut;
      }
      parts.push(...cutter.push(text.subarray(at)), ...cutter.end());
      const got: string[] = [];
      let open = Buffer.alloc(0);
      for (const { data, partial } of parts) {
        assert.ok(data.length <= MAX_LOG_PART_BYTES);
        open = Buffer.concat([open, data]);
        if (partial) continue;
        got.push(open.toString());
        open = Buffer.alloc(0);
      }
      assert.deepEqual(got, want);
    }),
    { numRuns: 50 },
  );
});

test("cutting: an unfinished line flushes as a part, and its end belongs to it", () => {
  const cutter = new LineCutter();
  const show = (parts: ReturnType<LineCutter["push"]>): string[] =>
    parts.map((part) => `${part.partial ? "P" : "F"}:${part.data}`);
  assert.deepEqual(show(cutter.push(bytes("$ "))), []);
  assert.deepEqual(show(cutter.flush()), ["P:$ "]);
  assert.deepEqual(show(cutter.flush()), []);
  assert.deepEqual(show(cutter.push(bytes("ls\nlast"))), ["F:ls"]);
  assert.deepEqual(show(cutter.end()), ["F:last"]);
  assert.deepEqual(show(cutter.end()), []);
});

const drivers: readonly (readonly [name: string, options: Record<string, string>, want: string])[] = [
  ["", {}, '{"kind":"files","maxSizeBytes":10485760,"maxFiles":3}'],
  ["json-file", { "max-size": "10k", "max-file": "1" }, '{"kind":"files","maxSizeBytes":10240,"maxFiles":1}'],
  ["local", { "max-size": "1GB" }, '{"kind":"files","maxSizeBytes":1073741824,"maxFiles":3}'],
  ["none", {}, '{"kind":"none"}'],
  ["json-file", { "max-size": "big" }, "max-size=big is not a size"],
  ["json-file", { "max-size": "0" }, "max-size=0 is not a size"],
  ["json-file", { "max-file": "0" }, "max-file=0 is not a number"],
  ["gelf", {}, 'no log driver "gelf"'],
];
for (const [name, options, want] of drivers) {
  test(`log driver ${name} ${JSON.stringify(options)}`, () => {
    let got: string;
    try {
      got = JSON.stringify(logKeeping({ name, options }));
    } catch (error) {
      got = SkepError.from(error).message;
    }
    assert.ok(got.includes(want), got);
  });
}

// ------------------------------------------------------------------------------------------------ writing, reading

test("what both streams wrote is read in its order, with growing times", async () => {
  const logs = await open();
  const web = task();
  const sink = logs.open(web);
  await sink.write("stdout", bytes("one\ntwo\n"));
  await sink.write("stderr", bytes("three\n"));
  await sink.write("stdout", bytes("unfinished"));
  await logs.end(web.id);
  const records = await read(logs, web.id);
  assert.deepEqual(lines(records), ["o:one", "o:two", "e:three", "o:unfinished"]);
  const stamps = records.map((record) => formatStamp(record.stamp));
  assert.deepEqual(stamps, [...new Set(stamps)].sort());
  assert.deepEqual(lines(await read(logs, web.id, { streams: new Set(["stderr"]) })), ["e:three"]);
});

test("a clock that is set back: by less than a second lines keep their order, by years they are dated as the clock is", async () => {
  const START_MS = Date.UTC(2031, 0, 1);
  let ms = START_MS;
  const logs = await open({ ...realEnv, wallMs: () => ms });
  const web = task();
  const sink = logs.open(web);
  await sink.write("stdout", bytes("first\n"));
  ms = START_MS - 999;
  await sink.write("stdout", bytes("a little back\n"));
  ms = Date.UTC(2026, 0, 1);
  await sink.write("stdout", bytes("years back\n"));
  await sink.write("stdout", bytes("in the same millisecond\n"));
  await logs.end(web.id);
  const stamps = (await read(logs, web.id)).map(({ stamp }) => stamp);
  assert.deepEqual(stamps, [
    { ms: START_MS, ns: 0 },
    { ms: START_MS, ns: 1 },
    { ms, ns: 0 },
    { ms, ns: 1 },
  ]);
});

test("an end is an end once all that was said can be read", async () => {
  const logs = await open();
  const web = task();
  const sink = logs.open(web);
  const said = sink.write("stdout", bytes(`${"x".repeat(100_000)}\nlast words`)); // not waited for, nor finished
  await logs.end(web.id);
  const found = lines(await read(logs, web.id));
  assert.deepEqual([found.length, found[1]], [2, "o:last words"]);
  await said;
});

test("an unfinished line is there after a moment, for who waits at a prompt and against a crash", async () => {
  const env = createSimEnv(1);
  const logs = await open(env);
  const web = task();
  await logs.open(web).write("stdout", bytes("password: "));
  assert.equal((await read(logs, web.id)).length, 0);
  await env.advance(200);
  const end = Date.now() + 5_000;
  let records: LogRecord[] = [];
  while (records.length === 0 && Date.now() < end) records = await read(logs, web.id);
  assert.deepEqual(
    records.map((record) => [record.partial, Buffer.from(record.data).toString()]),
    [[true, "password: "]],
  );
  await logs.end(web.id);
});

test("an unfinished line that grows is there after a moment, too, whatever the other stream says", async () => {
  const env = createSimEnv(1);
  const logs = await open(env);
  const web = task();
  const sink = logs.open(web);
  for (const dot of [".", "-", "|"]) {
    await sink.write("stdout", bytes(dot));
    await sink.write("stderr", bytes("line\n"));
    await env.advance(100);
  }
  const parts = (records: readonly LogRecord[]): string[] =>
    records.filter(({ partial }) => partial).map(({ data }) => Buffer.from(data).toString());
  const end = Date.now() + 5_000;
  while (parts(await read(logs, web.id)).length === 0 && Date.now() < end);
  assert.deepEqual(parts(await read(logs, web.id)), [".-"]);
  await logs.end(web.id);
  assert.deepEqual(lines(await read(logs, web.id)), ["e:line", "e:line", "e:line", "o:.-|"]);
});

test("since and until", async () => {
  const env = createSimEnv(1, 1_000_000);
  const logs = await open(env);
  const web = task();
  const sink = logs.open(web);
  for (const text of ["a", "b", "c", "d"]) {
    await sink.write("stdout", bytes(`${text}\n`));
    await env.advance(1_000);
  }
  await logs.end(web.id);
  const at = (ms: number) => ({ ms, ns: 0 });
  assert.deepEqual(lines(await read(logs, web.id, { since: at(1_001_000) })), ["o:b", "o:c", "o:d"]);
  assert.deepEqual(lines(await read(logs, web.id, { since: at(1_001_001), until: at(1_002_000) })), ["o:c"]);
  assert.deepEqual(lines(await read(logs, web.id, { until: at(1_002_500), tail: 2 })), ["o:b", "o:c"]);
  assert.deepEqual(lines(await read(logs, web.id, { since: at(1_003_000), tail: 3 })), ["o:d"]);
  assert.deepEqual(lines(await read(logs, web.id, { until: at(1_002_500), follow: true })), ["o:a", "o:b", "o:c"]);
});

test("property: rotation keeps the newest whole lines in order; tail is the end of it; the bounds hold", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 70 }),
      async (lengths, maxFiles, tail) => {
        const dir = join(root, String(++folders));
        const logs = await open(realEnv, dir);
        const web = withLimits("4k", String(maxFiles));
        const sink = logs.open(web);
        const written: string[] = [];
        for (const [index, length] of lengths.entries()) {
          const text = `${index}:${"x".repeat(length)}`;
          written.push(`o:${text}`);
          await sink.write("stdout", bytes(`${text}\n`));
        }
        await logs.end(web.id);
        const got = lines(await read(logs, web.id));
        assert.deepEqual(got, written.slice(-got.length));
        assert.ok((await readdir(join(dir, web.id))).length <= maxFiles);
        if (maxFiles > 1 || lengths.length === 1) assert.ok(got.length > 0);
        const ending = lines(await read(logs, web.id, { tail }));
        assert.deepEqual(ending, tail === 0 ? [] : got.slice(-tail));
      },
    ),
    { numRuns: 40 },
  );
});

test("tail counts lines, not parts, over blocks and files", async () => {
  const logs = await open();
  const web = withLimits("200k", "5");
  const sink = logs.open(web);
  const long = (char: string): string => char.repeat(50_000);
  for (const char of "abcdefghij") await sink.write("stdout", bytes(`${long(char)}\n`));
  await sink.write("stdout", bytes("short\n"));
  await logs.end(web.id);
  const tail = async (count: number): Promise<string[]> =>
    lines(await read(logs, web.id, { tail: count })).map((line) => `${line.slice(0, 3)}${line.length}`);
  assert.deepEqual(await tail(1), ["o:s7"]);
  assert.deepEqual(await tail(3), ["o:i50002", "o:j50002", "o:s7"]);
  assert.deepEqual(
    await tail(9),
    ["c", "d", "e", "f", "g", "h", "i", "j"].map((char) => `o:${char}50002`).concat("o:s7"),
  );
});

test("follow: from the past through rotation to the task's end, for many at once", async () => {
  const logs = await open();
  const web = withLimits("2k", "50");
  logs.expect(web.id);
  const total = 400;
  const followers = Array.from({ length: 8 }, () => read(logs, web.id, { follow: true }));
  const sink = logs.open(web);
  for (let i = 0; i < total; i++) {
    await sink.write(i % 2 === 0 ? "stdout" : "stderr", bytes(`line ${i}\n`));
    if (i === total / 2) followers.push(read(logs, web.id, { follow: true }));
  }
  await logs.end(web.id);
  const want = Array.from({ length: total }, (_, i) => `${i % 2 === 0 ? "o" : "e"}:line ${i}`);
  for (const follower of followers) assert.deepEqual(lines(await follower), want);
});

test("follow: the batch that catches up is marked, and an abort ends it", async () => {
  const logs = await open();
  const web = task();
  await logs.open(web).write("stdout", bytes("old\n"));
  const abort = new AbortController();
  const reader = readLog(logs.source(web.id), { ...all, follow: true }, abort.signal);
  const next = async () => (await reader.next()).value;
  assert.equal((await next())?.caughtUp, false);
  assert.deepEqual(await next(), { records: [], caughtUp: true });
  const waiting = next();
  await logs.open(web).write("stdout", bytes("new\n"));
  assert.deepEqual(lines((await waiting)?.records ?? []), ["o:new"]);
  const aborted = next();
  abort.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  await logs.end(web.id);
});

test("a restarted daemon goes on in the same log, behind a record that a crash tore", async () => {
  const dir = join(root, String(++folders));
  const web = task();
  const first = await open(realEnv, dir);
  await first.open(web).write("stdout", bytes("before\n"));
  await appendFile(join(dir, web.id, "00000001.log"), "2026-08-01T12:34:56.1234");
  const second = await open(realEnv, dir);
  assert.ok(second.knows(web.id));
  await second.open(web).write("stdout", bytes("after\n"));
  await second.end(web.id);
  assert.deepEqual(lines(await read(second, web.id)), ["o:before", "o:after"]);
  await second.retain(new Set());
  assert.deepEqual(await readdir(dir), []);
  await first.end(web.id);
});

test("a disk that takes nothing loses output, says how much, and stops nobody", async () => {
  const dir = join(root, String(++folders));
  const logs = await open(realEnv, dir);
  const web = task();
  await rm(dir, { recursive: true });
  await appendFile(dir, "a file where the folder should be");
  const sink = logs.open(web);
  await sink.write("stdout", bytes("lost\n"));
  await rm(dir);
  await sink.write("stdout", bytes("kept\n"));
  await logs.end(web.id);
  assert.deepEqual(lines(await read(logs, web.id)), [
    "e:skep: 45 bytes of output could not be written to this log",
    "o:kept",
  ]);
});

test("remove ends who follows", async () => {
  const logs = await open();
  const web = task();
  await logs.open(web).write("stdout", bytes("x\n"));
  const following = read(logs, web.id, { follow: true });
  await logs.remove(web.id);
  assert.ok((await following).length <= 1);
  assert.equal(logs.knows(web.id), false);
});

// -------------------------------------------------------------------------------------------------------- TaskLogs

const context = { peer: { kind: "local" as const }, signal: never, metadata: new Map<string, string>() };

async function collect(responses: AsyncIterable<LogsResponse>): Promise<{ lines: string[]; warnings: string[] }> {
  const result = { lines: [] as string[], warnings: [] as string[] };
  for await (const { lines: more, warnings } of responses) {
    result.lines.push(...more.map((line) => Buffer.from(line.data).toString()));
    result.warnings.push(...warnings);
  }
  return result;
}

test("TaskLogs: many tasks as one stream by time, and what is wrong with some beside it", async () => {
  const env = createSimEnv(1);
  const logs = await open(env);
  const [one, two, silent] = [task(), task(), task({ spec: { logDriver: { name: "none", options: {} } } })];
  const known = new Map([one, two, silent].map((each) => [each.id, each]));
  const handlers = createLogHandlers({ env, nodeId, logs, task: (id) => known.get(id) });
  for (let i = 0; i < 600; i++) {
    await logs.open(i % 3 === 0 ? one : two).write("stdout", bytes(`line ${i}\n`));
    await env.advance(1);
  }
  const stranger = newTaskId();
  const taskIds = [two.id, stranger, one.id, silent.id, "../../etc" as TaskId];
  const request = newTaskLogsRequest({ taskIds, options: newLogOptions({ tail: -1 }) });
  const got = await collect(handlers.taskLogs(request, context));
  assert.deepEqual(
    got.lines,
    Array.from({ length: 600 }, (_, i) => `line ${i}`),
  );
  assert.deepEqual(got.warnings, [
    `task ${stranger}: no log on this node`,
    `task ${silent.id}: its log driver "none" keeps nothing to read`,
    '"../../etc" is no task id',
  ]);
  const tail = newTaskLogsRequest({ taskIds: [one.id], options: newLogOptions({ tail: 1 }) });
  const responses: LogsResponse[] = [];
  for await (const response of handlers.taskLogs(tail, context)) responses.push(response);
  const [first] = responses;
  const line = first?.lines[0];
  assert.deepEqual(
    [line?.taskId, line?.serviceId, line?.nodeId, line?.stream],
    [one.id, one.serviceId, nodeId, "stdout"],
  );
  for (const each of [one, two]) await logs.end(each.id);
});

test("TaskLogs: following a task that is still on its way, beside one that is here", async () => {
  const env = createSimEnv(1);
  const logs = await open(env);
  const [here, coming, lost] = [task(), task(), task()];
  const handlers = createLogHandlers({ env, nodeId, logs, task: () => undefined });
  await logs.open(here).write("stdout", bytes("here\n"));
  const request = newTaskLogsRequest({
    taskIds: [here.id, coming.id, lost.id],
    options: newLogOptions({ tail: -1, follow: true }),
  });
  const stream = handlers.taskLogs(request, context)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value } = await stream.next();
    return [
      ...(value?.lines ?? []).map((line: { data: Uint8Array }) => Buffer.from(line.data).toString()),
      ...(value?.warnings ?? []),
      ...(value?.caughtUp === true ? ["(caught up)"] : []),
    ].join();
  };
  assert.equal(await next(), "here");
  assert.equal(await next(), "(caught up)", "others need not wait for a line of this node from here on");
  const waiting = next();
  await env.breathe();
  logs.expect(coming.id);
  await logs.open(coming).write("stderr", bytes("came\n"));
  assert.equal(await waiting, "came");
  const rest = next();
  await env.advance(10_000);
  for (const each of [here, coming]) await logs.end(each.id);
  assert.equal(await rest, `task ${lost.id}: the task has not come to this node: no answer within 10 s`);
  assert.equal((await stream.next()).done, true);
});
