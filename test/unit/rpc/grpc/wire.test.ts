import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { after, before, test } from "node:test";
import { SkepError } from "../../../../shared/errors.ts";
import { MessageCutter, parseTimeout, withPrefix } from "../../../../shared/rpc/grpc/wire.ts";
import { type Served, serve } from "./served.ts";

for (const [text, ms] of [
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3000],
  ["4m", 4],
  ["5000u", 5],
  ["6000000n", 6],
  ["99999999H", undefined],
] as const) {
  test(`timeout ${text}`, () => assert.equal(parseTimeout(text), ms));
}
for (const text of ["", "5", "m", "123456789m", "-1S", "1.5S", "1s"]) {
  test(`timeout refused: ${JSON.stringify(text)}`, () => assert.throws(() => parseTimeout(text), SkepError));
}

test("messages are cut wherever their bytes were", () => {
  const bytes = Buffer.concat(["one", "", "three"].flatMap((text) => withPrefix(Buffer.from(text), 10)));
  for (let size = 1; size <= bytes.length; size++) {
    const cutter = new MessageCutter(10);
    const got: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      cutter.cut(bytes.subarray(at, at + size), (message) => got.push(message.toString()));
    }
    assert.deepEqual(got, ["one", "", "three"]);
    assert.equal(cutter.isMidMessage, false);
  }
  assert.throws(
    () => new MessageCutter(10).cut(Buffer.from([0, 0, 0, 0, 11]), () => assert.fail()),
    /larger than max \(11 vs 10\)/,
  );
  assert.throws(() => new MessageCutter(10).cut(Buffer.from([1, 0, 0, 0, 1]), () => assert.fail()), /compressed/);
  assert.throws(() => withPrefix(Buffer.alloc(11), 10), /larger than max/);
});

let served: Served;
before(async () => {
  served = await serve();
});
after(() => served.stop());

interface Answer {
  readonly status: number | undefined;
  readonly grpcStatus: string | undefined;
  readonly message: string;
  readonly body: Buffer;
}

const GRPC = { ":method": "POST", ":path": "/test.Test/Unary", "content-type": "application/grpc", te: "trailers" };

/** By Node's own client, which sends what grpc-js never would. */
function send(
  session: ReturnType<typeof connectHttp2>,
  headers: Record<string, string>,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ...GRPC, ...headers }, { endStream: false });
    let all: Record<string, unknown> = {};
    const parts: Buffer[] = [];
    stream.on("response", (fields) => {
      all = { ...all, ...fields };
    });
    stream.on("trailers", (fields) => {
      all = { ...all, ...fields };
    });
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", reject);
    stream.on("close", () =>
      resolve({
        status: all[":status"] as number | undefined,
        grpcStatus: all["grpc-status"] as string | undefined,
        message: decodeURIComponent(String(all["grpc-message"] ?? "")),
        body: Buffer.concat(parts),
      }),
    );
    stream.end(body);
  });
}

const message = (text: string): Buffer => Buffer.concat(withPrefix(Buffer.from(text), 1000));

const odd: readonly (readonly [what: string, headers: Record<string, string>, body: Buffer, want: RegExp])[] = [
  ["GET", { ":method": "GET" }, message("x"), /^415 undefined/],
  ["not gRPC", { "content-type": "text/plain" }, message("x"), /^415 undefined/],
  ["no message", {}, Buffer.alloc(0), /^200 12 Received no request message/],
  ["half a message", {}, message("hello").subarray(0, 7), /^200 12 Received no request message/],
  ["two messages", {}, Buffer.concat([message("a"), message("b")]), /^200 12 Received more than one/],
  ["one and a half", {}, Buffer.concat([message("a"), Buffer.from([0, 0])]), /^200 12 Received more than one/],
  ["compressed", { "grpc-encoding": "gzip" }, Buffer.from([1, 0, 0, 0, 1, 0]), /^200 12 compressed/],
  ["a timeout that is none", { "grpc-timeout": "soon" }, message("x"), /^200 13 Invalid grpc-timeout value "soon"/],
  ["a stream that breaks off", { ":path": "/test.Test/Sum" }, message("hello").subarray(0, 7), /^200 13 .*cut short/],
  ["as it should be", {}, message("x"), /^200 0 /],
  ["with its type told", { "content-type": "application/grpc+proto" }, message("x"), /^200 0 /],
];
for (const [what, headers, body, want] of odd) {
  test(`answered, and the connection lives: ${what}`, async () => {
    const session = connectHttp2(`http://127.0.0.1:${served.port}`);
    try {
      const { status, grpcStatus, message: words } = await send(session, headers, body);
      assert.match(`${status} ${grpcStatus} ${words}`, want);
      assert.equal((await send(session, {}, message("again"))).body.subarray(5).toString(), "again");
    } finally {
      session.destroy();
    }
  });
}

test("header fields as nghttp2 writes them, Huffman code, table and all, for a thousand calls of one connection", async () => {
  const session = connectHttp2(`http://127.0.0.1:${served.port}`);
  try {
    const letters = Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n));
    const high = Array.from({ length: 128 }, (_, n) => String.fromCharCode(128 + n));
    for (let n = 0; n < 1000; n++) {
      const alphabet = n % 10 === 0 ? [...letters, ...high] : letters;
      const text = Array.from({ length: n % 300 }, (_, at) => alphabet[(at * 31 + n * 17) % alphabet.length]).join("");
      const name = `key-${n % 40}`;
      const { body } = await send(session, { [name]: `<${text}>` }, message(`metadata ${name}`));
      assert.equal(body.subarray(5).toString(), `<${text}>`);
    }
    const long = "v".repeat(50_000); // in several frames
    assert.equal((await send(session, { long }, message("metadata long"))).body.length, 50_005);
  } finally {
    session.destroy();
  }
});
