// What a server says on one connection, frame by frame. Each step is what the client sends and what it gets for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../../../shared/env/sim-env.ts";
import { Http2Connection } from "../../../../shared/rpc/http2/connection.ts";
import type { HeaderList } from "../../../../shared/rpc/http2/header-decoder.ts";
import { encodeFields } from "../../../../shared/rpc/http2/header-encoder.ts";
import { ERROR, SETTING } from "../../../../shared/rpc/http2/protocol.ts";
import type { Http2Stream } from "../../../../shared/rpc/http2/stream.ts";
import { describe, frame, HELLO, setting } from "./frame-text.ts";

const CALL = encodeFields({ ":method": "POST", ":path": "/a/B" });
const HEAD = encodeFields({ ":status": "200" });
const TAIL = encodeFields({ "grpc-status": "0" });
const call = (streamId: number, ...flags: ("endStream" | "padded" | "priority")[]): Buffer =>
  frame("headers", streamId, CALL, "endHeaders", ...flags);

class Talk {
  nowMs = 0;
  readonly streams: Http2Stream[] = [];
  readonly fields: HeaderList[] = [];
  /** What the calls heard: "1 data 5", "1 end", "1 cut". */
  readonly heard: string[] = [];
  readonly connection: Http2Connection;
  pongs = 0;

  constructor(maxStreams = 3) {
    this.connection = new Http2Connection(
      {
        nowMs: () => this.nowMs,
        wantsOutput: () => undefined,
        onPong: () => {
          this.pongs++;
        },
        onStream: (stream, fields) => {
          this.streams.push(stream);
          this.fields.push(fields);
          stream.listener = {
            onData: (data) => this.heard.push(`${stream.id} data ${data.length}`),
            onEnd: () => this.heard.push(`${stream.id} end`),
            onDrain: () => this.heard.push(`${stream.id} drain`),
            onClose: (isCut) => this.heard.push(`${stream.id} ${isCut ? "cut" : "closed"}`),
          };
        },
      },
      maxStreams,
    );
  }

  static begun(maxStreams?: number): Talk {
    const talk = new Talk(maxStreams);
    talk.send(HELLO);
    return talk;
  }

  send(...frames: readonly Buffer[]): string[] {
    for (const bytes of frames) this.connection.receive(bytes);
    return this.out();
  }

  out(): string[] {
    return describe(this.connection.takeOutput() ?? Buffer.alloc(0));
  }

  stream(index: number): Http2Stream {
    const stream = this.streams[index];
    assert.ok(stream !== undefined);
    return stream;
  }
}

test("a call and its answer; the rest of the connection is silent", () => {
  const talk = new Talk();
  assert.deepEqual(talk.send(HELLO), ["settings 0", "windowUpdate 0 4128769", "settings 0 ack"]);
  assert.deepEqual(talk.send(call(1), frame("data", 1, "hello", "endStream")), []);
  assert.deepEqual(talk.heard, ["1 data 5", "1 end"]);
  talk.stream(0).respond(HEAD);
  talk.stream(0).send([Buffer.from("hi "), Buffer.from("you")]);
  talk.stream(0).finish(TAIL);
  assert.deepEqual(talk.out(), [`headers 1 ${HEAD.length}`, "data 1 3", "data 1 3", `headers 1 end ${TAIL.length}`]);
  assert.equal(talk.heard.at(-1), "1 closed");
  assert.equal(talk.connection.streamCount, 0);
  talk.stream(0).send([Buffer.from("late")]);
  talk.stream(0).finish(TAIL);
  assert.deepEqual(talk.out(), []);
});

test("byte by byte it is the same", () => {
  const talk = new Talk();
  const bytes = Buffer.concat([HELLO, call(1), frame("data", 1, "hello", "endStream")]);
  for (const byte of bytes) talk.connection.receive(Buffer.from([byte]));
  assert.deepEqual(talk.heard, ["1 data 5", "1 end"]);
});

test("an answer before the client has sent all tells it to stop, and the rest is thrown away", () => {
  const talk = Talk.begun();
  talk.send(call(1));
  talk.stream(0).finish(TAIL);
  assert.deepEqual(talk.out(), [`headers 1 end ${TAIL.length}`, "rstStream 1 0"]);
  assert.deepEqual(talk.send(frame("data", 1, "more"), frame("headers", 1, CALL, "endHeaders", "endStream")), []);
  assert.deepEqual(talk.heard, ["1 closed"]);
});

test("padding, priorities, trailers, a block in pieces, frames nobody knows", () => {
  const talk = Talk.begun();
  const prioritised = Buffer.concat([Buffer.alloc(5), CALL]);
  talk.send(
    frame(
      "headers",
      1,
      Buffer.concat([Buffer.from([2]), prioritised, Buffer.alloc(2)]),
      "padded",
      "priority",
      "endHeaders",
    ),
  );
  talk.send(
    frame("data", 1, Buffer.from([3, 104, 105, 0, 0, 0]), "padded"),
    frame("headers", 1, CALL, "endHeaders", "endStream"),
  );
  assert.deepEqual(talk.heard, ["1 data 2", "1 end"]);
  talk.send(frame("headers", 3, CALL.subarray(0, 7), "endStream"), frame("continuation", 3, CALL.subarray(7, 9)));
  assert.equal(talk.streams.length, 1);
  talk.send(frame("continuation", 3, CALL.subarray(9), "endHeaders"));
  assert.equal(talk.heard.at(-1), "3 end");
  assert.deepEqual(talk.fields[0], talk.fields[1]);
  const unknown = frame("priority", 77, Buffer.alloc(5));
  unknown.writeUInt8(0x33, 3);
  assert.deepEqual(talk.send(frame("priority", 1, Buffer.alloc(5)), unknown, frame("goAway", 0, Buffer.alloc(8))), []);
});

test("windows: data waits for the stream's and the connection's, in turns, and asks to stop meanwhile", () => {
  const talk = Talk.begun();
  talk.send(frame("settings", 0, setting(SETTING.initialWindowSize, 10)), call(1), call(3));
  assert.equal(talk.stream(0).send([Buffer.alloc(100_000)]), false);
  talk.stream(0).finish(TAIL);
  assert.deepEqual(talk.out(), ["data 1 10"]);
  // What is granted later counts for streams that are open; the connection's own 65,535 are used up by the first.
  assert.deepEqual(talk.send(frame("settings", 0, setting(SETTING.initialWindowSize, 90_000))), [
    "data 1 16384",
    "data 1 16384",
    "data 1 16384",
    "data 1 16373",
    "settings 0 ack",
  ]);
  assert.deepEqual(talk.heard, ["1 drain"]);
  talk.stream(1).send([Buffer.alloc(20)]);
  assert.deepEqual(talk.out(), []);
  assert.deepEqual(talk.send(frame("windowUpdate", 0, 30_000)), ["data 1 16384", "data 1 8081", "data 3 20"]);
  assert.deepEqual(talk.send(frame("windowUpdate", 1, 100_000)), ["data 1 5515"]);
  assert.deepEqual(talk.send(frame("windowUpdate", 0, 100_000)), [
    "data 1 4485",
    `headers 1 end ${TAIL.length}`,
    "rstStream 1 0",
  ]);
});

test("a socket that is full gets no data, but answers about the connection", () => {
  const talk = Talk.begun();
  talk.send(call(1));
  talk.connection.setCongested(true);
  talk.stream(0).send([Buffer.alloc(10)]);
  assert.deepEqual(talk.send(frame("ping", 0, Buffer.alloc(8))), ["ping 0 ack"]);
  talk.connection.setCongested(false);
  assert.deepEqual(talk.out(), ["data 1 10"]);
});

test("a client that calls and calls, and never reads, is cut", () => {
  const talk = Talk.begun();
  talk.connection.setCongested(true);
  let calls = 0;
  for (; talk.connection.failure === undefined && calls < 100_000; calls++) {
    talk.connection.receive(call(2 * calls + 1, "endStream"));
    talk.streams.at(-1)?.finish(Buffer.alloc(1000));
  }
  assert.equal(talk.connection.failure?.code, ERROR.enhanceYourCalm);
  assert.ok(calls < 1100, `${calls} answers of 1 kB waited`);
});

test("what is taken is given back, in halves of the windows", () => {
  const talk = Talk.begun();
  talk.send(call(1));
  const piece = frame("data", 1, Buffer.alloc(16_384));
  const got: string[] = [];
  for (let count = 0; count < 128; count++) {
    got.push(...talk.send(piece));
    talk.stream(0).credit(16_384);
    got.push(...talk.out());
  }
  assert.deepEqual(got, [
    ...Array.from({ length: 15 }, () => "windowUpdate 1 131072"),
    "windowUpdate 0 2097152",
    "windowUpdate 1 131072",
  ]);
});

test("streams that are too many are refused, and may come again", () => {
  const talk = Talk.begun(2);
  assert.deepEqual(talk.send(call(1), call(3), call(5)), ["rstStream 5 7"]);
  assert.deepEqual(talk.send(frame("rstStream", 1, ERROR.cancel), call(7)), []);
  assert.deepEqual(talk.heard, ["1 cut"]);
  assert.equal(talk.streams.length, 3);
});

test("going away: calls that run end as they would, later ones are not begun", () => {
  const talk = Talk.begun();
  talk.send(call(1));
  talk.connection.goAway();
  talk.connection.goAway();
  assert.deepEqual(talk.out(), ["goAway 0 1 0"]);
  assert.deepEqual(talk.send(call(3), frame("data", 3, "x")), []);
  assert.equal(talk.streams.length, 1);
  talk.stream(0).finish(TAIL);
  assert.equal(talk.connection.streamCount, 0);
});

test("an answered ping is told; a closed socket ends every call", () => {
  const talk = Talk.begun();
  talk.connection.ping(Buffer.alloc(8));
  assert.deepEqual(talk.out(), ["ping 0"]);
  talk.send(frame("ping", 0, Buffer.alloc(8), "ack"), call(1), call(3));
  assert.equal(talk.pongs, 1);
  talk.connection.close();
  assert.deepEqual(talk.heard, ["1 cut", "3 cut"]);
  assert.equal(talk.connection.failure, undefined);
});

const faults: readonly (readonly [what: string, send: readonly Buffer[], code: number])[] = [
  ["a frame before SETTINGS", [frame("ping", 0, Buffer.alloc(8))], ERROR.protocol],
  ["a stream of the server's", [call(2)], ERROR.protocol],
  ["data of a stream that never was", [frame("data", 5, "x")], ERROR.protocol],
  ["a reset of a stream that never was", [frame("rstStream", 5, 8)], ERROR.protocol],
  ["data of stream 0", [frame("data", 0, "x")], ERROR.protocol],
  ["SETTINGS of a stream", [frame("settings", 1)], ERROR.protocol],
  ["SETTINGS of a wrong length", [frame("settings", 0, "xyz")], ERROR.frameSize],
  ["a window too large", [frame("settings", 0, setting(SETTING.initialWindowSize, 2 ** 31))], ERROR.flowControl],
  ["frames too small", [frame("settings", 0, setting(SETTING.maxFrameSize, 100))], ERROR.protocol],
  ["PING of a wrong length", [frame("ping", 0, "xyz")], ERROR.frameSize],
  ["PING of a stream", [frame("ping", 1, Buffer.alloc(8))], ERROR.protocol],
  ["WINDOW_UPDATE of nothing", [frame("windowUpdate", 0, 0)], ERROR.protocol],
  ["a window that overflows", [frame("windowUpdate", 0, 2 ** 31 - 1)], ERROR.flowControl],
  ["PUSH_PROMISE", [frame("pushPromise", 1, Buffer.alloc(8))], ERROR.protocol],
  ["CONTINUATION of nothing", [frame("continuation", 1, "x")], ERROR.protocol],
  ["a frame within a block", [frame("headers", 1, CALL), frame("ping", 0, Buffer.alloc(8))], ERROR.protocol],
  ["CONTINUATION of another", [frame("headers", 1, CALL), frame("continuation", 3, "")], ERROR.protocol],
  ["a block that is no HPACK", [frame("headers", 1, Buffer.from([0x80]), "endHeaders")], ERROR.compression],
  ["more padding than frame", [call(1), frame("data", 1, Buffer.from([9, 1]), "padded")], ERROR.protocol],
  ["HEADERS shorter than its priority", [frame("headers", 1, "abc", "endHeaders", "priority")], ERROR.frameSize],
  ["a frame too large", [frame("data", 1, Buffer.alloc(16_385))], ERROR.frameSize],
  [
    "a block without end",
    [frame("headers", 1, CALL), ...Array.from({ length: 16 }, () => frame("continuation", 1, ""))],
    ERROR.enhanceYourCalm,
  ],
  [
    "more data than the stream's window",
    [call(1), ...Array.from({ length: 17 }, () => frame("data", 1, Buffer.alloc(16_384)))],
    ERROR.flowControl,
  ],
  [
    "resets without end",
    Array.from({ length: 1001 }, (_, n) => [call(2 * n + 1), frame("rstStream", 2 * n + 1, 8)]).flat(),
    ERROR.enhanceYourCalm,
  ],
  ["pings without end", Array.from({ length: 5001 }, () => frame("ping", 0, Buffer.alloc(8))), ERROR.enhanceYourCalm],
  [
    "windows without end in a few frames",
    Array.from({ length: 2 }, () =>
      frame(
        "settings",
        0,
        Buffer.concat(Array.from({ length: 2501 }, (_, i) => setting(SETTING.initialWindowSize, i))),
      ),
    ),
    ERROR.enhanceYourCalm,
  ],
  ["empty data without end", [call(1), ...Array.from({ length: 5001 }, () => frame("data", 1))], ERROR.enhanceYourCalm],
  [
    "streams beyond the limit without end",
    Array.from({ length: 1004 }, (_, n) => call(2 * n + 1)),
    ERROR.enhanceYourCalm,
  ],
];
for (const [what, send, code] of faults) {
  test(`ends the connection, and says why: ${what}`, () => {
    const talk = new Talk();
    const hello = what === "a frame before SETTINGS" ? HELLO.subarray(0, 24) : HELLO;
    const got = talk.send(hello, ...send);
    assert.match(got.at(-1) ?? "", new RegExp(`^goAway 0 \\d+ ${code}$`));
    assert.equal(talk.connection.failure?.code, code);
    assert.equal(talk.connection.streamCount, 0);
    assert.deepEqual(talk.send(call(9999), frame("ping", 0, Buffer.alloc(8))), [], "nothing after it");
  });
}

const blames: readonly (readonly [what: string, send: readonly Buffer[], code: number])[] = [
  ["data after the end", [call(1, "endStream"), frame("data", 1, "x")], ERROR.streamClosed],
  ["a second block that ends nothing", [call(1), call(1)], ERROR.protocol],
  ["its window grows by nothing", [call(1), frame("windowUpdate", 1, 0)], ERROR.protocol],
  ["its window overflows", [call(1), frame("windowUpdate", 1, 2 ** 31 - 1)], ERROR.flowControl],
];
for (const [what, send, code] of blames) {
  test(`ends the stream alone: ${what}`, () => {
    const talk = Talk.begun();
    assert.deepEqual(talk.send(...send), [`rstStream 1 ${code}`]);
    assert.equal(talk.heard.at(-1), "1 cut");
    assert.deepEqual(talk.send(call(3), frame("ping", 0, Buffer.alloc(8))), ["ping 0 ack"]);
  });
}

test("a client may reset as many streams as it likes, in time", () => {
  const talk = Talk.begun();
  for (let n = 0; n < 3000; n++) {
    talk.nowMs += 40;
    talk.send(call(2 * n + 1), frame("rstStream", 2 * n + 1, ERROR.cancel));
  }
  assert.equal(talk.connection.failure, undefined);
});

test("not HTTP/2 at all", () => {
  const talk = new Talk();
  talk.send(Buffer.from("GET / HTTP/1.1\r\nHost: example\r\n\r\n"));
  assert.equal(talk.connection.failure?.code, ERROR.protocol);
});

test("whatever frames come, in whatever pieces: it says something or ends, and keeps its bounds", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seededRandom(seed);
      const below = (limit: number): number => Math.floor(random() * limit);
      const talk = Talk.begun();
      const types = [
        "data",
        "headers",
        "rstStream",
        "settings",
        "ping",
        "windowUpdate",
        "continuation",
        "priority",
      ] as const;
      for (let count = 0; count < 60; count++) {
        const type = types[below(types.length)] ?? "data";
        const body =
          below(3) === 0 || type === "headers"
            ? CALL.subarray(0, below(4) === 0 ? below(CALL.length) : CALL.length)
            : Buffer.from(Array.from({ length: [0, 4, 6, 8][below(4)] ?? 0 }, () => below(256)));
        const bytes = frame(type, below(8), body);
        bytes.writeUInt8(below(3) === 0 ? below(256) : ([0, 1, 4, 5][below(4)] ?? 0), 4);
        const cutAt = below(bytes.length);
        talk.connection.receive(bytes.subarray(0, cutAt));
        talk.connection.receive(bytes.subarray(cutAt));
        const stream = talk.streams.at(-1);
        if (below(4) === 0) stream?.send([Buffer.alloc(below(100_000))]);
        if (below(6) === 0) stream?.finish(TAIL);
        if (below(6) === 0) stream?.credit(below(10));
        assert.ok(talk.connection.streamCount <= 3);
        talk.out();
      }
      talk.connection.close();
      const endings = talk.heard.filter((line) => /cut|closed/.test(line));
      assert.equal(endings.length, talk.streams.length, "each call ends, once");
      assert.equal(new Set(endings.map((line) => line.split(" ")[0])).size, endings.length);
    }),
    { numRuns: 300, seed: 7 },
  );
});
