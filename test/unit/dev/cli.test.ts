import assert from "node:assert/strict";
import { test } from "node:test";
import { commandWords } from "../../../deploy/dev/cli.ts";

const cases: readonly (readonly [typed: string, name: string | undefined, words: string])[] = [
  ["-- skep info", undefined, "skep info"],
  ["ls -la /run", undefined, "ls -la /run"],
  ["-- grep --name x -- y", undefined, "grep --name x -- y"],
  ["--name w5 -- skep info", "w5", "skep info"],
  ["--name=w5 -- skep info", "w5", "skep info"],
  ["grep -- x", undefined, "grep -- x"],
  ["--", undefined, ""],
];
for (const [typed, name, words] of cases) {
  test(`dev exec node1 ${typed}`, () => {
    const found = commandWords(typed.split(" "));
    assert.equal(found.name, name);
    assert.equal(found.words.join(" "), words);
  });
}
