import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { KernelProcess } from "../../../../agent/network/apply/kernel-process.ts";
import type { JobMessage, Outcome } from "../../../../agent/network/apply/worker.ts";
import type { WorkerPort } from "../../../../agent/network/apply/worker-port.ts";
import { createSimEnv } from "../../../../shared/env/sim-env.ts";
import { isCode, SkepError } from "../../../../shared/errors.ts";

const signal = new AbortController().signal;
const STEP = { kind: "removeNamespace", namespace: "skt-x" } as const;

/** Stands for the process: what it is told is kept, and answered by hand. */
class Port extends EventEmitter implements WorkerPort {
  readonly told: JobMessage[] = [];
  isHeld = false;
  isKilled = false;

  postMessage(message: JobMessage): void {
    this.told.push(message);
  }
  ref(): void {
    this.isHeld = true;
  }
  unref(): void {
    this.isHeld = false;
  }
  kill(): void {
    this.isKilled = true;
  }
  answer(outcome: Outcome): void {
    this.emit("message", outcome);
  }
}

function open() {
  const ports: Port[] = [];
  const env = createSimEnv(1);
  const thread = new KernelProcess({ env }, () => {
    const port = new Port();
    ports.push(port);
    return port;
  });
  const port = (n: number): Port => ports[n] ?? assert.fail(`no port ${n}`);
  return { thread, ports, port, env };
}

describe("the process that works on the kernel", () => {
  test("answers go to who asked; between jobs it does not keep the process", async () => {
    const { thread, ports, port } = open();
    assert.equal(ports.length, 0, "started by the first job");
    const first = thread.execute([STEP], signal);
    const second = thread.observeNode(["a"], signal);
    assert.equal(port(0).isHeld, true);
    const [one, two] = port(0).told;
    assert.ok(one && two);
    const answer = { state: { links: new Map() }, namespaces: ["x"] };
    port(0).answer({ id: two.id, kind: "done", answer } as unknown as Outcome);
    port(0).answer({ id: one.id, kind: "failed", code: "internal", message: "refused" });
    await assert.rejects(first, /refused/);
    assert.deepEqual((await second).namespaces, ["x"]);
    assert.equal(port(0).isHeld, false);
    assert.equal(ports.length, 1);
  });

  test("nothing to do is done without it", async () => {
    const { thread, ports } = open();
    await thread.execute([], signal);
    await thread.endFlows([], true, signal);
    assert.equal((await thread.observeNamespaces(new Map(), signal)).size, 0);
    assert.equal(ports.length, 0);
  });

  test("when it dies, who waits hears why, and the next job starts another", async () => {
    const { thread, ports, port } = open();
    const waiting = thread.execute([STEP], signal);
    port(0).emit("end", new SkepError("internal", "exit status 1: libc.so.6: cannot open"));
    await assert.rejects(
      waiting,
      (error) => isCode(error, "internal") && /libc\.so\.6: cannot open/.test(String(error)),
    );
    const again = thread.execute([STEP], signal);
    assert.equal(ports.length, 2);
    port(1).answer({ id: port(1).told[0]?.id ?? 0, kind: "done", answer: undefined });
    await again;
  });

  test("a kernel that hangs is given so many jobs, and no more", async () => {
    const { thread, port } = open();
    const given = new AbortController();
    const waiting = Array.from({ length: 16 }, () => assert.rejects(thread.execute([STEP], given.signal), /enough/));
    given.abort(new Error("enough"));
    await Promise.all(waiting);
    await assert.rejects(thread.execute([STEP], signal), (error) => isCode(error, "resource_exhausted"));
    assert.equal(port(0).told.length, 16);
    for (const { id } of [...port(0).told]) port(0).answer({ id, kind: "done", answer: undefined });
    const again = thread.endFlows([{ net: "", ready: new Set(), known: new Set(), namespaces: [] }], true, signal);
    port(0).answer({ id: port(0).told[16]?.id ?? 0, kind: "done", answer: undefined });
    await again;
  });

  test("a kernel that hangs is said after a minute, and its process killed: the next job has another", async () => {
    const { thread, env, port, ports } = open();
    const waiting = assert.rejects(thread.execute([STEP], signal), (error) => isCode(error, "deadline_exceeded"));
    await env.advance(0);
    await env.advance(60_000);
    await waiting;
    assert.equal(env.pendingTimers(), 0);
    assert.equal(port(0).isKilled, true);
    port(0).emit("end", new SkepError("internal", "SIGKILL"));
    const again = assert.rejects(thread.execute([STEP], signal), /no space/);
    assert.equal(ports.length, 2);
    port(1).emit("end", new SkepError("unavailable", "no space"));
    await again;
  });

  test("who gives up is let go at once; the job is done all the same", async () => {
    const { thread, port } = open();
    const given = new AbortController();
    const waiting = thread.execute([STEP], given.signal);
    given.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    assert.equal(port(0).told.length, 1);
    port(0).answer({ id: port(0).told[0]?.id ?? 0, kind: "done", answer: undefined });
    assert.equal(port(0).isHeld, false);
    assert.throws(() => given.signal.throwIfAborted());
    await assert.rejects(thread.execute([STEP], given.signal), /enough/);
  });
});
