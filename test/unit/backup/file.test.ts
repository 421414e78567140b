import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backupPieces, parseBackup } from "../../../shared/backup/file.ts";

const head = {
  clusterId: "c".repeat(25),
  skepVersion: "0.1.0",
  createdAtMs: 1,
  raftIndex: 7,
  raftTerm: 2,
  nextRaftId: 4,
};
const fileOf = (snapshot: Uint8Array, pieceBytes = 1 << 20): Buffer =>
  Buffer.concat([...backupPieces(head, snapshot, pieceBytes)]);

test("what is written is read, in pieces of any size, none larger than asked for", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 200 }), (snapshot, pieceBytes) => {
      const pieces = [...backupPieces(head, snapshot, pieceBytes)];
      assert.ok(pieces.slice(0, -1).every((piece) => piece.length <= pieceBytes));
      const backup = parseBackup(Buffer.concat(pieces));
      assert.deepEqual(backup.header, { ...head, snapshotBytes: snapshot.length });
      assert.deepEqual(Buffer.from(backup.snapshot), Buffer.from(snapshot));
    }),
  );
});

test("cut anywhere, longer by anything, or with any bit flipped it is refused", () => {
  const file = fileOf(Buffer.from("the whole state of a cluster"));
  for (let length = 0; length < file.length; length++) {
    assert.throws(() => parseBackup(file.subarray(0, length)), /the backup is refused: it (is empty|ends after)/);
  }
  assert.throws(() => parseBackup(Buffer.concat([file, Buffer.from("x")])), /1 bytes follow its end/);
  for (let bit = 0; bit < file.length * 8; bit++) {
    const other = Buffer.from(file);
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => parseBackup(other), /the backup is refused/, `bit ${bit}`);
  }
});

test("another file is told from a damaged one", () => {
  assert.throws(() => parseBackup(Buffer.from("#!/bin/sh\necho hello")), /not a file of "skep swarm backup"/);
});
