// All that a log on disk says, as one short text.
import { createHash } from "node:crypto";
import type { RaftStorage } from "../../../../manager/raft/storage.ts";

export function contentsOf(log: RaftStorage): string {
  const { hardState, snapshotIndex, config } = log.restored;
  const { firstIndex, lastIndex } = log;
  const entries = lastIndex < firstIndex ? [] : log.entries(firstIndex, lastIndex + 1, Number.MAX_SAFE_INTEGER);
  const snapshot = log.snapshot();
  const parts = entries.map(({ index, term, body }) => [index, term, body.kind === "data" ? digest(body.value) : body]);
  return [
    `${firstIndex}..${lastIndex} after term ${log.term(firstIndex - 1)}: ${digest(Buffer.from(JSON.stringify(parts)))}`,
    `term ${hardState.term} vote ${hardState.vote} commit ${hardState.commit}`,
    `snapshot ${snapshotIndex} of term ${snapshot?.term} ${digest(snapshot?.data ?? new Uint8Array(0))}`,
    `members ${JSON.stringify(config)}`,
  ].join(", ");
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 8);
