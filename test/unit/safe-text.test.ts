import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { oneLine, safeLogLine, safeText } from "../../shared/safe-text.ts";

const rows: readonly (readonly [given: string, line: string, text: string, log: string])[] = [
  ["plain ÄÖ 漢字 👩‍👩‍👧", "plain ÄÖ 漢字 👩‍👩‍👧", "plain ÄÖ 漢字 👩‍👩‍👧", "plain ÄÖ 漢字 👩‍👩‍👧"],
  ["a\nb\r\n\tc", "a b c", "a\nb\\u000d\n\tc", "a\\u000ab\\u000d\\u000a\tc"],
  ["end\r", "end ", "end\\u000d", "end"],
  ["\u001b[2Kgone", "\\u001b[2Kgone", "\\u001b[2Kgone", "\\u001b[2Kgone"],
  ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007", "\\u001b]0;title\\u0007", "\\u001b]0;title\\u0007"],
  ["\u001b[31mred", "\\u001b[31mred", "\u001b[31mred", "\u001b[31mred\u001b[0m"],
  ["\u001b[8mhidden", "\\u001b[8mhidden", "\\u001b[8mhidden", "\u001b[8mhidden\u001b[0m"],
  ["\u009b2J\u0085", "\\u009b2J ", "\\u009b2J\\u0085", "\\u009b2J\\u0085"],
  ["a\u202egpj.exe", "a\\u202egpj.exe", "a\\u202egpj.exe", "a\\u202egpj.exe"],
  ["\u2066x\u2028y", "\\u2066x y", "\\u2066x\\u2028y", "\\u2066x\\u2028y"],
  ["\b\u007f\u0000", "\\u0008\\u007f\\u0000", "\\u0008\\u007f\\u0000", "\\u0008\\u007f\\u0000"],
];
for (const [given, line, text, log] of rows) {
  test(`safe: ${JSON.stringify(given)}`, () => {
    assert.deepEqual([oneLine(given), safeText(given, true), safeLogLine(given)], [line, text, log]);
  });
}

test("without colour no escape is left in text", () =>
  assert.equal(safeText("\u001b[31mred\u001b[39m", false), "\\u001b[31mred\\u001b[39m"));

test("what JSON writes is still JSON, and says the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const value = { name: `${text}\u009b\u202e\u007f` };
      assert.deepEqual(JSON.parse(safeText(JSON.stringify(value, undefined, 4), true)), value);
    }),
  );
});
