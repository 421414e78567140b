import assert from "node:assert/strict";
import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Fifos, openAgainForReading, openFifos, openForReading } from "../../../agent/runtime/containerd/fifos.ts";
import { drainOutput, type Output, openOutput } from "../../../agent/runtime/containerd/output.ts";
import type { OutputSink } from "../../../agent/runtime/runtime.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { newId, type TaskId } from "../../../shared/model/ids.ts";

const dir = mkdtempSync(join(tmpdir(), "skep-fifos-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const fifos: Fifos = await openFifos(dir);

/** A container's stdout: our writer keeps the pipe open as a shim would, and the test's side may close it. */
async function pipe(): Promise<{ id: TaskId; write: (text: string) => void; end: () => void; reader: () => number }> {
  const id = newId<TaskId>(Math.random);
  await fifos.place(id, ["stdout"]);
  const path = fifos.path(id, "stdout");
  const reader = (): number => openForReading(path) ?? assert.fail("no pipe");
  const writer = openSync(path, constants.O_RDWR);
  return { id, write: (text) => writeSync(writer, text), end: () => closeSync(writer), reader };
}

function connect(
  descriptor: number,
  sink: OutputSink,
  kept?: string,
  nowMs: () => number = () => 0,
): Output & { keptTaken: string[] } {
  const keptTaken: string[] = [];
  const output = openOutput({
    descriptors: new Map([["stdout", descriptor]]),
    kept: kept === undefined ? new Map() : new Map([["stdout", Buffer.from(kept)]]),
    onKeptTaken: (stream) => keptTaken.push(stream),
    sink,
    nowMs,
    onSinkError: () => undefined,
  });
  return { ...output, keptTaken };
}

function collector(): OutputSink & { text: () => string; until: (text: string) => Promise<void> } {
  let text = "";
  let check = (): void => undefined;
  return {
    write: async (_stream, data) => {
      text += Buffer.from(data).toString();
      check();
    },
    text: () => text,
    until: (wanted) =>
      new Promise((resolve) => {
        check = () => {
          if (text.includes(wanted)) resolve();
        };
        check();
      }),
  };
}

test("output: all of it reaches the sink before the end is told", async () => {
  const { write, end, reader } = await pipe();
  const sink = collector();
  const output = connect(reader(), sink);
  write("one ");
  await sink.until("one");
  write("two");
  end();
  await output.ended;
  assert.equal(sink.text(), "one two");
});

test("output: what was not read stays in the pipe for the next reader", async () => {
  const { write, end, reader } = await pipe();
  const first = collector();
  const output = connect(reader(), first);
  write("before ");
  await first.until("before");
  await output.close();
  write("after");
  const second = collector();
  const next = connect(reader(), second);
  end();
  await next.ended;
  assert.deepEqual([first.text(), second.text()], ["before ", "after"]);
});

test("output: nothing more is read while the sink is taking", async () => {
  const { write, end, reader } = await pipe();
  const taking = Promise.withResolvers<void>();
  const seen: string[] = [];
  const reached = Promise.withResolvers<void>();
  const output = connect(reader(), {
    write: async (_stream, data) => {
      seen.push(Buffer.from(data).toString());
      reached.resolve();
      await taking.promise;
    },
  });
  write("a");
  await reached.promise;
  write("b");
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, ["a"]);
  taking.resolve();
  end();
  await output.ended;
  assert.deepEqual(seen, ["a", "b"]);
});

test("output: what a sink never took is handed back, and comes first the next time", async () => {
  const { write, end, reader } = await pipe();
  const reached = Promise.withResolvers<void>();
  const stuck = connect(reader(), {
    write: () => {
      reached.resolve();
      return new Promise(() => undefined);
    },
  });
  write("in hand ");
  await reached.promise;
  write("in pipe");
  const left = stuck.abandon();
  assert.equal(Buffer.from(left.get("stdout") ?? []).toString(), "in hand ");
  const sink = collector();
  const next = connect(reader(), sink, "in hand ");
  end();
  await next.ended;
  assert.equal(sink.text(), "in hand in pipe");
  assert.deepEqual(next.keptTaken, ["stdout"]);
});

test("output: a sink that fails does not stop the stream", async () => {
  const { write, end, reader } = await pipe();
  let calls = 0;
  const output = connect(reader(), {
    write: async () => {
      calls++;
      throw new Error("disk full");
    },
  });
  write("x");
  end();
  await output.ended;
  assert.equal(calls, 1);
});

test("output: the end is seen also when every writer was gone before the reader came", async () => {
  const { id, write, end, reader } = await pipe();
  const holder = reader(); // keeps what is written
  write("last words");
  end();
  const descriptor = openAgainForReading(fifos.path(id, "stdout"));
  const sink = collector();
  await connect(descriptor ?? assert.fail("no pipe"), sink).ended;
  assert.equal(sink.text(), "last words");
  closeSync(holder);
});

test("drain: a pipe that somebody holds open is given up after two seconds without output", async () => {
  const { write, end, reader } = await pipe();
  const env = createSimEnv(1);
  const sink = collector();
  const output = connect(reader(), sink, undefined, env.nowMs);
  write("last words");
  await sink.until("last words");
  let drained = false;
  const draining = drainOutput(output, env).then(() => {
    drained = true;
  });
  await env.advance(1_900);
  assert.equal(drained, false);
  await env.advance(1_000);
  await draining;
  assert.equal(env.pendingTimers(), 0);
  end();
});

test("fifos: many containers at once, each with pipes of its own; removed without a trace", async () => {
  const ids = Array.from({ length: 60 }, () => newId<TaskId>(Math.random));
  await Promise.all(ids.map((id) => fifos.place(id, ["stdout", "stderr", "stdin"])));
  const mine = (): string[] => readdirSync(dir).filter((name) => ids.some((id) => name.startsWith(id)));
  assert.equal(mine().length, 180);
  await Promise.all(ids.map((id) => fifos.remove(id)));
  assert.deepEqual(mine(), []);
  assert.equal(openForReading(fifos.path(ids[0] ?? newId<TaskId>(Math.random), "stdout")), undefined);
});
