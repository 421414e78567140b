import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { askLine } from "../../../cli/ask-line.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";

const never = new AbortController().signal;

function asking(isTTY: boolean, signal = never) {
  const env = createSimEnv(1);
  const input = Object.assign(new PassThrough(), { isTTY });
  const asked: string[] = [];
  const answer = askLine(env, input, (text) => asked.push(text), "Sure? ", signal);
  return { env, input, asked, answer };
}

test("on a terminal it asks, and waits for a line", async () => {
  const { env, input, asked, answer } = asking(true);
  await env.advance(60_000);
  input.write("y");
  input.write("es\r\nmore");
  assert.deepEqual([await answer, asked], ["yes", ["Sure? "]]);
});

test("without a terminal it does not ask: what is piped in counts, and nothing is nobody", async () => {
  const piped = asking(false);
  piped.input.end("y");
  assert.deepEqual([await piped.answer, piped.asked], ["y", []]);
  const closed = asking(false);
  closed.input.end();
  assert.equal(await closed.answer, undefined);
  const silent = asking(false);
  await silent.env.advance(3_000);
  assert.equal(await silent.answer, undefined);
});

test("an interrupt ends it", async () => {
  const abort = new AbortController();
  const { answer } = asking(true, abort.signal);
  abort.abort(new Error("interrupted"));
  await assert.rejects(answer, /interrupted/);
});
