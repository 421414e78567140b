// Our server against the clients that it has: those of grpc-js.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { SkepError } from "../../../../shared/errors.ts";
import { clientStream, duplex, serverStream, unary } from "../../../../shared/rpc/client.ts";
import { eventually } from "../../../support/test-api.ts";
import { MAX_BYTES, manualTimers, type Served, serve, TestService } from "./served.ts";

let served: Served;
before(async () => {
  served = await serve();
});
after(() => served.stop());

async function failure(promise: Promise<unknown>): Promise<SkepError> {
  try {
    await promise;
  } catch (error) {
    return SkepError.from(error);
  }
  throw new assert.AssertionError({ message: "expected an error" });
}

const ask = (text: string, options: Parameters<typeof unary>[3] = {}, { client } = served): Promise<string> =>
  unary(client, TestService.unary, text, { timeoutMs: 20_000, ...options });

async function* texts(count: number, text = "text"): AsyncGenerator<string> {
  for (let n = 0; n < count; n++) yield text;
}

test("unary: one message there, one back, many at once; also none of any length", async () => {
  assert.equal(await ask("hello"), "hello");
  assert.equal(await ask(""), "");
  const many = Array.from({ length: 2000 }, (_, n) => `message ${n}`);
  assert.deepEqual(await Promise.all(many.map((text) => ask(text))), many);
  const long = "ä".repeat(MAX_BYTES / 2);
  assert.equal(await ask(long), long);
});

const messages = [
  "no such service: web",
  "50 % of it, #1?",
  "größer als 5 € 🐝",
  "two\nlines\ttab",
  " spaces ",
  "",
  "x%41",
];
for (const message of messages) {
  test(`an error arrives as it was thrown: ${JSON.stringify(message)}`, async () => {
    const error = await failure(ask(`fail ${message}`));
    assert.equal(error.code, "failed_precondition");
    if (message !== "") assert.equal(error.message, message);
  });
}

test("a very long error is cut, and arrives", async () => {
  const error = await failure(ask(`fail ${"long ".repeat(10_000)}`));
  assert.equal(error.code, "failed_precondition");
  assert.match(error.message, /^long long .*long/);
});

test("metadata, also binary; of the connection's own nothing", async () => {
  assert.equal(await ask("metadata forwarded", { metadata: { forwarded: "1" } }), "1");
  assert.match(await ask("metadata user-agent"), /^grpc-node-js/);
  assert.equal(await ask("metadata :path"), "none");
  const raw = new grpc.Metadata();
  raw.set("some-bin", Buffer.from("bytes"));
  const { path, requestSerialize, responseDeserialize } = TestService.unary;
  const answer = await new Promise((resolve, reject) => {
    served.client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      "metadata some-bin",
      raw,
      (error, text) => (error === null ? resolve(text) : reject(error)),
    );
  });
  assert.equal(answer, "bytes");
});

test("a method that nobody has; a request that cannot be read; one too large; an answer too large", async () => {
  assert.equal((await failure(unary(served.client, TestService.missing, ""))).code, "unimplemented");
  const unreadable = await failure(ask("\u00ff"));
  assert.equal(unreadable.code, "invalid_argument");
  assert.match(unreadable.message, /test\.Test\/Unary cannot be read: no text/);
  assert.equal((await failure(ask("x".repeat(MAX_BYTES + 1)))).code, "resource_exhausted");
  assert.equal((await failure(ask("x".repeat(20 * MAX_BYTES)))).code, "resource_exhausted");
  assert.equal((await failure(ask(`large ${MAX_BYTES + 1}`))).code, "resource_exhausted");
  assert.equal(await ask("and still"), "and still");
});

test("a deadline: the caller is told, and so is the handler; a far one holds nothing up", async () => {
  served.seen.length = 0;
  assert.equal((await failure(ask("wait", { timeoutMs: 30 }))).code, "deadline_exceeded");
  await eventually("the handler knows", () => served.seen.length === 2);
  assert.equal(await ask("hello", { timeoutMs: 2 ** 41 }), "hello");
});

test("a caller that gives up: the handler's signal aborts", async () => {
  served.seen.length = 0;
  const abort = new AbortController();
  const waiting = failure(ask("wait", { signal: abort.signal }));
  await eventually("it waits", () => served.seen.length === 1);
  abort.abort(new SkepError("canceled", "enough"));
  assert.equal((await waiting).message, "enough");
  await eventually("the handler knows", () => served.seen.at(-1) === "the caller went away");
});

test("server stream: all of it, in order, with back-pressure; one that is not read stops the handler", async () => {
  let lines = 0;
  for await (const line of serverStream(served.client, TestService.list, "3000")) {
    assert.equal(line.length, 4000);
    lines++;
  }
  assert.equal(lines, 3000);
  served.listed.count = 0;
  served.seen.length = 0;
  const endless = serverStream(served.client, TestService.list, "endless");
  await endless.next();
  const before = (): number => served.listed.count;
  let [last, still] = [0, 0];
  await eventually("it asks for no more", () => {
    still = before() === last ? still + 1 : 0;
    last = before();
    return still > 500;
  });
  assert.ok(last < 2000, `${last} messages of 4 kB for a caller that does not read`);
  for (let read = 0; read < last + 100; read++) await endless.next();
  await endless.return(undefined);
  await eventually("it ends with its caller", () => served.seen.includes("list ended"));
});

test("client stream: counted; stopped early by the server; cut by the client", async () => {
  assert.equal(await clientStream(served.client, TestService.sum, texts(0)), "0");
  assert.equal(await clientStream(served.client, TestService.sum, texts(5000, "x".repeat(900))), "5000");
  async function* enough(): AsyncGenerator<string> {
    yield "one";
    yield "enough";
    for (;;) yield "more".repeat(1000);
  }
  assert.equal(await clientStream(served.client, TestService.sum, enough()), "1");
  served.seen.length = 0;
  const abort = new AbortController();
  async function* cut(): AsyncGenerator<string> {
    yield "one";
    abort.abort();
    yield await new Promise<string>(() => undefined);
  }
  await failure(clientStream(served.client, TestService.sum, cut(), { signal: abort.signal }));
  await eventually("half a stream is not taken for a whole one", () => served.seen.includes("the caller went away"));
});

test("client stream: one message that is too large, or unreadable, ends it", async () => {
  const tooLarge = await failure(clientStream(served.client, TestService.sum, texts(3, "x".repeat(MAX_BYTES + 1))));
  assert.equal(tooLarge.code, "resource_exhausted");
  const unreadable = await failure(clientStream(served.client, TestService.sum, texts(3, "\u00ff")));
  assert.equal(unreadable.code, "invalid_argument");
});

test("both ways: an answer to each, before the next is sent; ended by either side, or by an error", async () => {
  for (const [last, want] of [
    ["bye", undefined],
    ["fail nobody here", /nobody here/],
  ] as const) {
    const chat = duplex(served.client, TestService.chat);
    const answers = chat.messages[Symbol.asyncIterator]();
    for (let n = 0; n < 50; n++) {
      chat.send(`line ${n}`);
      assert.equal((await answers.next()).value, `line ${n}`);
    }
    chat.send(last);
    if (want === undefined) assert.equal((await answers.next()).done, true);
    else await assert.rejects(answers.next(), want);
  }
  const chat = duplex(served.client, TestService.chat);
  chat.end();
  for await (const _ of chat.messages) assert.fail("nothing was said");
});

test("both ways: a handler that nobody reads from stops reading itself", async () => {
  const chat = duplex(served.client, TestService.chat);
  const text = "x".repeat(10_000);
  let sent = 0;
  while (sent < 2000 && chat.send(text)) sent++;
  let isDrained = false;
  for (let turns = 0; turns < 300; turns++) {
    chat.drained().then(() => {
      isDrained = true;
    }, assert.fail);
    while (!isDrained && turns < 300) {
      await realEnv.breathe();
      turns++;
    }
    isDrained = false;
    while (sent < 2000 && chat.send(text)) sent++;
  }
  assert.ok(sent < 2000, "20 MB went somewhere");
  chat.cancel();
  assert.equal(await ask("and the connection lives"), "and the connection lives");
});

test("many calls given up at once: the others go on", async () => {
  const storm = Array.from({ length: 300 }, () => {
    const abort = new AbortController();
    const call = failure(ask("wait", { signal: abort.signal }));
    abort.abort();
    return call;
  });
  const calls = Array.from({ length: 100 }, (_, n) => ask(`call ${n}`));
  assert.equal((await Promise.all(calls)).length, 100);
  await Promise.all(storm);
});

test("more calls than a connection may have wait for their turn", async () => {
  const few = await serve({ maxStreams: 4 });
  try {
    const calls = Array.from({ length: 100 }, (_, n) => ask(`call ${n}`, {}, few));
    assert.equal(new Set(await Promise.all(calls)).size, 100);
  } finally {
    await few.stop();
  }
});

test("closing: what runs may end, what comes is not taken, and the rest is cut after the grace", async () => {
  const closing = await serve();
  const chat = duplex(closing.client, TestService.chat);
  const answers = chat.messages[Symbol.asyncIterator]();
  chat.send("one");
  await answers.next();
  const waiting = failure(ask("wait", {}, closing));
  await eventually("it waits", () => closing.seen.length === 1);
  let isClosed = false;
  const closed = closing.server.close(60_000).then(() => {
    isClosed = true;
  });
  chat.send("two");
  assert.equal((await answers.next()).value, "two");
  chat.end();
  assert.equal((await answers.next()).done, true);
  assert.equal(isClosed, false);
  closing.server.destroy();
  assert.equal((await waiting).code, "unavailable");
  await closed;
  await closing.stop();
});

test("an old connection takes no new calls, keeps those it has, and the client makes a new one", async () => {
  const timers = manualTimers();
  const ageing = await serve({ env: timers.env, maxConnectionAgeMs: 1234 });
  const chat = duplex(ageing.client, TestService.chat);
  const answers = chat.messages[Symbol.asyncIterator]();
  chat.send("one");
  await answers.next();
  assert.equal(timers.ends(1234), 1);
  assert.equal(await ask("new", {}, ageing), "new");
  chat.send("two");
  assert.equal((await answers.next()).value, "two");
  assert.equal(timers.ends(1234), 1, "the new connection's own");
  chat.cancel();
  await ageing.stop();
});

test("a connection that is silent is asked, and cut when it does not answer", async () => {
  const timers = manualTimers();
  const silent = await serve({ env: timers.env, keepalive: { everyMs: 111, timeoutMs: 222 } });
  const { connect } = await import("node:net");
  const { HELLO } = await import("../http2/frame-text.ts");
  const socket = connect(silent.port, "127.0.0.1");
  socket.write(HELLO);
  await new Promise((resolve) => socket.once("data", resolve));
  const closed = new Promise((resolve) => socket.on("error", () => undefined).once("close", resolve));
  assert.equal(timers.ends(111), 1);
  assert.equal(timers.ends(222), 1);
  await closed;

  assert.equal(await ask("hello", {}, silent), "hello");
  assert.equal(timers.ends(111), 1);
  await eventually("it was answered, and will be asked again", () => timers.ends(111) === 1);
  await silent.stop();
});
