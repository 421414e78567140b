// Whole stories against the core, as transcripts. Each block of test/golden/raft/*.txt is a command, a line `----` and what
// happened. After a change of behaviour: node test/unit/raft/golden.test.ts --rewrite, then read the diff; commit it only
// if you understand what caused every line of it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replay } from "../../sim/raft/script.ts";

const dir = join(import.meta.dirname, "../../golden/raft");
const rewrite = process.argv.includes("--rewrite");

for (const file of readdirSync(dir).sort()) {
  test(file, () => {
    const path = join(dir, file);
    const golden = readFileSync(path, "utf8");
    const actual = replay(golden);
    if (rewrite) writeFileSync(path, actual);
    else assert.equal(actual, golden);
  });
}
