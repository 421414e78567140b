// What a power cut can leave of a write, and what it cannot: told apart exactly, for records of every shape.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs, { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, mock, test } from "node:test";
import {
  encodeLogFrame,
  placeFor,
  recordBytes,
  SECTOR_BYTES,
  scanLog,
} from "../../../../manager/raft/disk/log-frame.ts";
import { Segment } from "../../../../manager/raft/disk/segment.ts";

const FROM = 32;

/** A file with these payloads as its records, and zeros behind them. Returns where the last one lies, too. */
function fileOf(payloads: readonly Uint8Array[]): { readonly file: Buffer; readonly at: number; readonly end: number } {
  const file = Buffer.alloc(16 * SECTOR_BYTES);
  let at = FROM;
  let end = FROM;
  payloads.forEach((payload, i) => {
    at = placeFor(end, recordBytes(payload.length));
    const bytes = Buffer.concat(encodeLogFrame(i + 1, payload));
    bytes.copy(file, at);
    end = at + bytes.length;
  });
  return { file, at, end };
}

const mixed = Buffer.concat([randomBytes(700), Buffer.alloc(1300), randomBytes(3), Buffer.alloc(900)]);
const SHAPES: readonly (readonly [name: string, before: number, payload: Uint8Array])[] = [
  ["nothing in it", 10, new Uint8Array(0)],
  ["a vote", 10, randomBytes(40)],
  ["a vote at the end of a sector", 400, randomBytes(40)],
  ["one sector exactly", 200, randomBytes(SECTOR_BYTES - 25)],
  ["a byte more than a sector", 200, randomBytes(SECTOR_BYTES - 24)],
  ["six sectors", 10, randomBytes(2900)],
  ["zeros", 10, new Uint8Array(2900)],
  ["zeros in the middle and at the end", 10, mixed],
];

for (const [name, before, payload] of SHAPES) {
  const { file, at, end } = fileOf([randomBytes(before), payload]);
  const payloads = (bytes: Buffer): readonly string[] =>
    scanLog(bytes, FROM, 1).frames.map((frame) => frame.payload.toString("hex"));
  const whole = payloads(file);

  test(`${name}: a flipped bit in it is damage, or harms nothing`, () => {
    assert.equal(whole.length, 2);
    for (let bit = at * 8; bit < end * 8; bit++) {
      const bytes = Buffer.from(file);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { frames, tail } = scanLog(bytes, FROM, 1);
      if (frames.length === 2)
        assert.deepEqual(payloads(bytes), whole); // in what fills it up
      else assert.equal(tail.kind, "damaged", `bit ${bit - at * 8}`);
    }
  });

  test(`${name}: whichever of its sectors are there, it is torn, or not there, or whole`, () => {
    const sectors: (readonly [number, number])[] = [];
    for (let from = at; from < end; from = sectors.at(-1)?.[1] ?? end) {
      sectors.push([from, Math.min(end, Math.floor(from / SECTOR_BYTES + 1) * SECTOR_BYTES)]);
    }
    for (let there = 0; there < 2 ** sectors.length; there++) {
      const bytes = Buffer.from(file);
      for (const [i, [from, to]] of sectors.entries()) if ((there & (1 << i)) === 0) bytes.fill(0, from, to);
      const { frames, tail } = scanLog(bytes, FROM, 1);
      if (frames.length === 2) assert.deepEqual(payloads(bytes), whole);
      else {
        assert.equal(bytes.equals(file), false);
        assert.equal(tail.kind, bytes.subarray(at).every((byte) => byte === 0) ? "clean" : "torn", there.toString(2));
      }
    }
  });

  test(`${name}: with something behind it, whatever it lost is damage`, () => {
    const { file: more } = fileOf([file.subarray(FROM + 24, FROM + 24 + before), payload, randomBytes(20)]);
    for (let from = at; from < end; from += SECTOR_BYTES) {
      const bytes = Buffer.from(more);
      bytes.fill(0, from, Math.min(end, Math.floor(from / SECTOR_BYTES + 1) * SECTOR_BYTES));
      const { frames, tail } = scanLog(bytes, FROM, 1);
      if (frames.length < 3) assert.equal(tail.kind, "damaged");
      else assert.deepEqual(payloads(bytes).slice(0, 2), whole);
    }
  });
}

test("a bit that flips in the zeros behind the last record costs none", () => {
  const { file, end } = fileOf([randomBytes(10), randomBytes(300)]);
  for (let bit = end * 8; bit < file.length * 8; bit += 7) {
    const bytes = Buffer.from(file);
    bytes[bit >> 3] = 1 << (bit & 7);
    const { frames, tail } = scanLog(bytes, FROM, 1);
    assert.equal(frames.length, 2);
    assert.notEqual(tail.kind, "clean");
  }
});

type Writev = (
  fd: number,
  parts: readonly NodeJS.ArrayBufferView[],
  at: number,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skep-frame-"));
});
afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
  rmSync(dir, { recursive: true });
});

test("a write that failed half-way is wiped before the next try, so that a tear of that one is none of two writes", async () => {
  const { segment } = await Segment.create({ dir, sealed: false }, 1, 1, [randomBytes(10)]);
  const { writev } = fs;
  let calls = 0;
  const half: Writev = (fd, parts, at, done) => {
    calls++;
    if (calls > 1) return writev(fd, parts, at, done);
    // The first one: all of it gets there but a sector, and the disk says no.
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
    fs.writeSync(fd, bytes, 0, 1024, at);
    done(Object.assign(new Error("EIO"), { code: "EIO" }), 0);
  };
  mock.method(fs, "writev", half);
  syncBuiltinESMExports();
  const big = randomBytes(1500);
  await assert.rejects(segment.append(2, big), /EIO/);
  const file = join(dir, "log-00000001");
  assert.equal(scanLog(readFileSync(file), FROM, 1).tail.kind, "torn");
  await segment.append(2, randomBytes(40));
  assert.ok(calls >= 3, "zeros first");
  const { frames, tail } = scanLog(readFileSync(file), FROM, 1);
  assert.deepEqual([frames.length, tail.kind], [2, "clean"]);
  segment.close();
});
