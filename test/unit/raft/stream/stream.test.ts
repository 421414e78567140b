// The stream between two managers: frames whatever the pieces they come in, and what either end does about the other.
import assert from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { type StreamedMessage, toWire } from "../../../../manager/raft/codec.ts";
import { EMPTY_CONFIG } from "../../../../manager/raft/core/config.ts";
import { Outbox } from "../../../../manager/raft/outbox.ts";
import { encodeFrame, FRAME, FrameReader } from "../../../../manager/raft/stream/frames.ts";
import { acceptStream } from "../../../../manager/raft/stream/intake.ts";
import { Outgoing } from "../../../../manager/raft/stream/outgoing.ts";
import { decodeRaftBatch, encodeRaftBatch, newRaftBatch } from "../../../../proto/gen/raft.ts";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { createSimEnv } from "../../../../shared/env/sim-env.ts";
import { silentLog } from "../../../../shared/log.ts";
import { connectPlain } from "../../../support/plain-port.ts";
import { RealCluster, until } from "../real-members.ts";

const heartbeat = { kind: "heartbeat", from: 1, to: 2, term: 1, commit: 0, readRound: 0 } as const;
const newOutbox = (): Outbox => new Outbox({ maxMessages: 4, maxBytes: 1 << 20, maxBatchBytes: 1 << 20 });

test("frames come out as they went in, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.uint8Array({ maxLength: 300 })), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (frames, sizes) => {
        const bytes = Buffer.concat(frames.map(([kind, payload]) => encodeFrame(kind, payload)));
        const reader = new FrameReader();
        const read: [number, string][] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          for (const { kind, payload } of reader.read(bytes.subarray(at, at + size))) {
            read.push([kind, payload.toString("hex")]);
          }
          at += size;
        }
        assert.deepEqual(
          read,
          frames.map(([kind, payload]) => [kind, Buffer.from(payload).toString("hex")]),
        );
      },
    ),
  );
});

test("a frame beyond the limit, or an empty one, is refused before it is read", () => {
  for (const length of [0, (8 << 20) + 1, 0xffffffff]) {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    assert.throws(() => [...new FrameReader().read(head)], { code: "invalid_argument" });
  }
});

/** What arrives at the other end, frame by frame. */
function heard(socket: Duplex): { readonly kind: number; readonly payload: Buffer }[] {
  const frames: { readonly kind: number; readonly payload: Buffer }[] = [];
  const reader = new FrameReader();
  socket.on("data", (chunk: Buffer) => frames.push(...reader.read(chunk)));
  socket.on("error", () => undefined);
  return frames;
}

test("who speaks is said first, then what waited, then what comes", async () => {
  const [near, far] = duplexPair();
  const frames = heard(far);
  const outbox = newOutbox();
  outbox.add(heartbeat);
  const outgoing = new Outgoing(near, outbox, realEnv, { senderRaftId: 7, senderAddr: "h:1" });
  outgoing.send({ ...heartbeat, term: 2 });
  await until("three frames", () => frames.length === 3);
  const batches = frames.map(({ payload }) => decodeRaftBatch(payload));
  assert.deepEqual([batches[0]?.senderRaftId, batches[0]?.senderAddr], [7, "h:1"]);
  assert.deepEqual(
    batches.slice(1).map(({ messages }) => messages.map(({ term }) => term)),
    [[1], [2]],
  );
  near.destroy();
  await assert.rejects(outgoing.ended, { code: "unavailable" });
});

test("a refusal is what the stream ended with", async () => {
  const [near, far] = duplexPair();
  const outgoing = new Outgoing(near, newOutbox(), realEnv, {});
  far.resume();
  far.end(encodeFrame(FRAME.refusal, Buffer.from("unauthenticated node x was removed from the cluster")));
  await assert.rejects(outgoing.ended, { code: "unauthenticated", message: "node x was removed from the cluster" });
});

test("an end that does not answer pings is given up, one that does is kept", async () => {
  for (const answers of [true, false]) {
    const env = createSimEnv(1);
    const [near, far] = duplexPair();
    let ended = false;
    const outgoing = new Outgoing(near, newOutbox(), env, {});
    outgoing.ended.catch(() => {
      ended = true;
    });
    const reader = new FrameReader();
    far.on("error", () => undefined);
    far.on("data", (chunk: Buffer) => {
      for (const { kind } of reader.read(chunk)) {
        if (kind === FRAME.ping && answers) far.write(encodeFrame(FRAME.pong, new Uint8Array(0)));
      }
    });
    for (let i = 0; i < 10; i++) {
      await env.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(ended, !answers);
    near.destroy();
  }
});

test("who falls silent for good is cut off, also when it was refused and stays; who pings is kept", async () => {
  const member = { id: 2, term: 1, commitIndex: 0, config: EMPTY_CONFIG, configAt: () => EMPTY_CONFIG };
  const driver = { stopped: false, signal: new AbortController().signal, step: () => undefined };
  const transport = {
    send: () => undefined,
    learn: () => undefined,
    keep: () => undefined,
    close: async () => undefined,
  };
  for (const [name, first, pings] of [
    ["silent", encodeFrame(FRAME.ping, new Uint8Array(0)), false],
    ["refused", Buffer.from("GET / HTTP/1.1\r\n\r\n"), true],
    ["alive", encodeFrame(FRAME.ping, new Uint8Array(0)), true],
  ] as const) {
    const env = createSimEnv(1);
    const [near, far] = duplexPair({ allowHalfOpen: true });
    far.on("error", () => undefined).resume();
    acceptStream({ env, log: silentLog, core: member, driver, transport }, near, () => ({ kind: "local" }));
    far.write(first);
    for (let i = 0; i < 50; i++) {
      await env.advance(500);
      if (pings && !far.destroyed) far.write(encodeFrame(FRAME.ping, new Uint8Array(0)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(near.destroyed, name !== "alive", name);
    near.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(env.pendingTimers(), 0, "no timer is left behind");
  }
});

test("what is no raft stream, or speaks for another, is refused with why, and the member goes on", async () => {
  const cluster = new RealCluster();
  try {
    const one = await cluster.open("one", { kind: "bootstrap" }, 1);
    await until("one leads", () => one.raft.status().state === "leader");
    const say = async (hello: number, ...messages: readonly StreamedMessage[]): Promise<never> => {
      const socket = await connectPlain(one.addr, AbortSignal.timeout(10_000));
      const outgoing = new Outgoing(socket, newOutbox(), realEnv, { senderRaftId: hello, senderAddr: "" });
      for (const message of messages) outgoing.send(message);
      return await outgoing.ended;
    };
    await assert.rejects(say(9, { ...heartbeat, to: 1 }), {
      code: "permission_denied",
      message: /may not speak for 1/,
    });
    await assert.rejects(say(0, { ...heartbeat, to: 1 }), {
      code: "invalid_argument",
      message: /does not say who speaks/,
    });
    await assert.rejects(say(1, heartbeat), { code: "failed_precondition", message: /does not answer here/ });
    const noise = await connectPlain(one.addr, AbortSignal.timeout(10_000));
    const frames = heard(noise);
    noise.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await until("it is told", () => frames.some(({ kind }) => kind === FRAME.refusal));
    noise.destroy();
    await one.raft.propose(Buffer.from("still here"));
  } finally {
    await cluster.close();
  }
});

test("before it is known who speaks, no more is kept than it takes to say so", () => {
  const taken: number[] = [];
  const member = { id: 2, term: 1, commitIndex: 0, config: EMPTY_CONFIG, configAt: () => EMPTY_CONFIG };
  const driver = {
    stopped: false,
    signal: new AbortController().signal,
    step: ({ term }: { readonly term: number }) => taken.push(term),
  };
  const transport = {
    send: () => undefined,
    learn: () => undefined,
    keep: () => undefined,
    close: async () => undefined,
  };
  const hello = encodeFrame(FRAME.batch, encodeRaftBatch(newRaftBatch({ senderRaftId: 1, senderAddr: "h:1" })));
  const large = encodeFrame(
    FRAME.batch,
    encodeRaftBatch(newRaftBatch({ messages: Array.from({ length: 3_000 }, () => toWire({ ...heartbeat, to: 2 })) })),
  );
  assert.ok(large.length > 8_000);
  for (const [frames, want] of [
    [[hello, large], 3_000],
    [[large], 0],
  ] as const) {
    taken.length = 0;
    const [near, far] = duplexPair();
    const heard: Buffer[] = [];
    const options = { env: createSimEnv(1), log: silentLog, core: member, driver, transport };
    acceptStream(options, near, () => ({ kind: "local" }));
    // At once, without a stream in between.
    for (const bytes of frames) near.emit("data", want === 0 ? bytes.subarray(0, 100) : bytes);
    far.on("data", (chunk: Buffer) => heard.push(chunk));
    assert.equal(taken.length, want);
    assert.equal(near.writableEnded, want === 0, "half of what is too large is refused already");
    near.destroy();
  }
});
