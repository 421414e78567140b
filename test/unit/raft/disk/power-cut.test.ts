// The log on a file system that forgets what was not flushed: the power is cut at the moment of each acknowledgement, with
// nothing that was not flushed, and at any moment, with whatever of it chance lets through. What was acknowledged is there, the
// vote among it, and what is there was written.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { openLog } from "../../../../manager/raft/disk/open-log.ts";
import { createSealer } from "../../../../shared/pki/sealing.ts";
import { type Chance, readJournal, SimDisk } from "../../../support/forgetful/power-cut.ts";
import { contentsOf } from "./contents.ts";

const RECORDER = join(import.meta.dirname, "../../../support/forgetful/recorder.ts");
const CHILD = join(import.meta.dirname, "power-cut-child.ts");

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "skep-power-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function record(...args: readonly string[]): Promise<ReturnType<typeof readJournal>> {
  const [data, journal] = [join(root, "data"), join(root, "journal")];
  mkdirSync(data);
  await promisify(execFile)(process.execPath, ["--import", RECORDER, CHILD, join(data, "raft"), ...args], {
    env: { ...process.env, FORGETFUL_ROOT: data, FORGETFUL_JOURNAL: journal },
  });
  return readJournal(journal);
}

function numbers(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at * 1_103_515_245 + 12_345) % 2 ** 31;
    return at / 2 ** 31;
  };
}

/** What the log says after the power was cut. */
async function afterCut(disk: SimDisk, chance?: Chance): Promise<string> {
  const dir = join(root, "left");
  rmSync(dir, { recursive: true, force: true });
  disk.cut(dir, chance);
  const log = openLog(join(dir, "raft"), createSealer(Buffer.alloc(32, 7)));
  try {
    return log.raftId === 0 ? "" : contentsOf(log);
  } finally {
    await log.close();
  }
}

/** @param fromAck cuts before that acknowledgement are left out. @param chances at each moment. */
async function cutEverywhere(
  events: ReturnType<typeof readJournal>,
  anyOrder: boolean,
  fromAck = 0,
  chances = 1,
): Promise<void> {
  const acks = events.flatMap(({ event }) => (event.op === "ack" ? [event.what] : []));
  const next = numbers(5);
  const disk = new SimDisk(join(root, "data"));
  let acked = 0;
  for (const [i, recorded] of events.entries()) {
    disk.apply(recorded);
    if (recorded.event.op === "ack") {
      acked++;
      if (acked < fromAck) continue;
      assert.equal(await afterCut(disk), acks[acked - 1], `with acknowledgement ${acked}`);
    }
    if (acked < fromAck) continue;
    const may = [acks[acked - 1] ?? "", acks[acked]];
    for (let chance = 0; chance < chances; chance++) {
      const found = await afterCut(disk, { next, anyOrder });
      assert.ok(
        may.includes(found),
        `after event ${i}, acknowledgement ${acked}: ${found}\nmay be ${may.join("\nor ")}`,
      );
    }
  }
  assert.equal(acked, acks.length);
}

for (const seed of [1, 2, 3]) {
  test(`every acknowledged write and vote is there after a power cut, seed ${seed}`, async () => {
    await cutEverywhere(await record(`${seed}`), seed === 3);
  });
}

test("several files, of which some go away", async () => {
  await cutEverywhere(await record("1", "large"), true, 2, 4);
});
