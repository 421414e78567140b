import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { readSecretLine } from "../../../cli/secret-input.ts";

function sit(isTTY: boolean) {
  const said: string[] = [];
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode(mode: boolean) {
      modes.push(mode);
      return this as never;
    },
  });
  const abort = new AbortController();
  const answer = readSecretLine(input, (text) => said.push(text), "Key: ", abort.signal);
  return { input, said, modes, abort, answer };
}

describe("a secret", () => {
  test("is the first line of what is piped in, or all of it", async () => {
    const { input, answer, said, modes } = sit(false);
    input.write("SKEPKEY-1-ä");
    input.write("bc\nrest");
    assert.equal(await answer, "SKEPKEY-1-äbc");
    assert.deepEqual([said, modes], [[], []]);
    const whole = sit(false);
    whole.input.end("key");
    assert.equal(await whole.answer, "key");
  });

  const typed = [
    ["ab\u007fc\r", "ac"],
    ["key\u0004", "key"],
  ] as const;
  for (const [keys, secret] of typed) {
    test(`typed ${JSON.stringify(keys)} is not shown, and the terminal is as it was`, async () => {
      const { input, answer, said, modes } = sit(true);
      input.write(keys);
      assert.equal(await answer, secret);
      assert.deepEqual(said, ["Key: ", "\n"]);
      assert.deepEqual(modes, [true, false]);
      assert.equal(input.listenerCount("data"), 0);
    });
  }

  test("given up: by Ctrl-C, by a signal, by too much", async () => {
    const key = sit(true);
    key.input.write("ab\u0003");
    await assert.rejects(key.answer, { code: "canceled" });
    const signal = sit(true);
    signal.abort.abort(new Error("enough"));
    await assert.rejects(signal.answer, /enough/);
    assert.deepEqual(signal.modes, [true, false]);
    const long = sit(false);
    long.input.write("x".repeat(5_000));
    await assert.rejects(long.answer, { code: "invalid_argument" });
  });
});
