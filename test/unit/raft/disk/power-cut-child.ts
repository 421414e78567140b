// Writes a log of all kinds of records, and says after each what was promised (power-cut.test.ts). Runs under
// test/support/forgetful/recorder.ts.
import { openLog } from "../../../../manager/raft/disk/open-log.ts";
import type { LogWrite, RaftStorage } from "../../../../manager/raft/storage.ts";
import { createSealer } from "../../../../shared/pki/sealing.ts";
import { acknowledge } from "../../../support/forgetful/recorder.ts";
import { contentsOf } from "./contents.ts";

const [dir = "", seedText = "1", kind = ""] = process.argv.slice(2);
const sealer = createSealer(Buffer.alloc(32, 7));
let seed = Number(seedText);
const below = (limit: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * limit);
};

const members = [{ raftId: 1, nodeId: "n", addr: "h:1", voter: true }];
const config = { members, nextRaftId: 2 };
let hardState = { term: 1, vote: 0, commit: 0 };
const data = (index: number, size: number) => ({
  index,
  term: hardState.term,
  body: { kind: "data" as const, value: Buffer.alloc(size, index) },
});

function nextWrite({ firstIndex, lastIndex }: RaftStorage): LogWrite {
  switch (below(10)) {
    case 0: // a vote in a new term
      hardState = { ...hardState, term: hardState.term + 1, vote: 1 + below(3) };
      return { hardState };
    case 1:
      return {};
    case 2: // from another leader, over what it had
      hardState = { ...hardState, term: hardState.term + 1, vote: 0 };
      return { hardState, entries: [data(Math.max(firstIndex, lastIndex - below(3)), below(2000))] };
    case 3:
      return { rewrite: true, entries: [data(lastIndex + 1, 10)] };
    default:
      return {
        hardState,
        entries: Array.from({ length: 1 + below(4) }, (_, i) => data(lastIndex + 1 + i, below(1500))),
      };
  }
}

let log = openLog(dir, sealer);
await log.format(1, { hardState });
acknowledge(contentsOf(log));
if (kind === "large") {
  // Several files, of which a snapshot makes the first ones go away.
  for (let i = 1; i <= 40; i++) await log.write({ entries: [data(i, 1 << 20)] });
  await log.saveSnapshot({ index: 38, term: 1, config }, [Buffer.from("38")]);
  await log.write({ compact: { snapshotIndex: 38, dropThrough: 36 } });
  acknowledge(contentsOf(log));
  await log.write({ entries: [data(41, 10)] });
  acknowledge(contentsOf(log));
} else {
  for (let i = 0; i < 60; i++) {
    if (i % 10 === 9) {
      await log.close();
      log = openLog(dir, sealer);
    }
    const { firstIndex, lastIndex } = log;
    if (i % 15 === 14 && lastIndex >= firstIndex) {
      await log.saveSnapshot({ index: lastIndex, term: log.term(lastIndex) ?? 0, config }, [Buffer.from(`${i}`)]);
      await log.write({ compact: { snapshotIndex: lastIndex, dropThrough: lastIndex - 1 } });
    } else if (i % 20 === 19) {
      await log.write({ install: { index: lastIndex + 9, term: hardState.term, config, data: Buffer.from(`${i}`) } });
    } else await log.write(nextWrite(log));
    acknowledge(contentsOf(log));
  }
}
await log.close();
