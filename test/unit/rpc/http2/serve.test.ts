import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { serveConnection } from "../../../../shared/rpc/http2/serve.ts";
import { eventually } from "../../../support/test-api.ts";
import { manualTimers } from "../grpc/served.ts";
import { HELLO } from "./frame-text.ts";

const LINGER_MS = 1_000;

/** Takes nothing that is written before the test says so. */
class SlowLine extends Duplex {
  #waiting: (() => void) | undefined;
  #isFlowing = false;

  get hasWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#isFlowing) done();
    else this.#waiting = done;
  }

  flow(): void {
    this.#isFlowing = true;
    this.#waiting?.();
  }
}

function open() {
  const { env, ends } = manualTimers();
  const line = new SlowLine();
  const connection = serveConnection(line, {
    env,
    maxStreams: 1,
    onStream: () => undefined,
    onClose: () => undefined,
  });
  return { line, connection, ends };
}

test("who goes away gives a slow line the time to take the last answers, and the other side a moment to close", async () => {
  const { line, connection, ends } = open();
  line.push(HELLO);
  await eventually("it answers", () => line.hasWaiting);
  connection.goAway();
  await eventually("it ends", () => line.writableEnded);
  assert.equal(ends(LINGER_MS), 0, "what waits is not cut");
  line.flow();
  await eventually("all is written", () => ends(LINGER_MS) === 1);
  assert.equal(line.destroyed, true);
});

test("who errs has a moment to take why", async () => {
  const { line, ends } = open();
  line.push(Buffer.from("GET / HTTP/1.1\r\nhost: node\r\n\r\n"));
  await eventually("it ends", () => line.writableEnded);
  assert.equal(ends(LINGER_MS), 1);
  assert.equal(line.destroyed, true);
});
