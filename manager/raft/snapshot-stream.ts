// A snapshot as a stream of pieces below gRPC's message limit, and back.
import { newRaftSnapshotPiece, type RaftSnapshotPiece } from "../../proto/gen/raft.ts";
import { SkepError } from "../../shared/errors.ts";
import { fromMembership, toMembership } from "./codec.ts";
import type { MessageOf } from "./core/messages.ts";

const PIECE_BYTES = 1 << 20;
/** A cluster's whole state is far below it; a claim above it is not believed. */
const MAX_SNAPSHOT_BYTES = 1 << 30;

export async function* snapshotPieces(m: MessageOf<"snapshot">): AsyncGenerator<RaftSnapshotPiece> {
  const { from, to, term, snapshot } = m;
  const { index, config, data } = snapshot;
  const head = { index, term: snapshot.term, config: toMembership(config), size: data.length };
  yield newRaftSnapshotPiece({ from, to, term, head });
  for (let at = 0; at < data.length; at += PIECE_BYTES) {
    yield newRaftSnapshotPiece({ data: data.subarray(at, at + PIECE_BYTES) });
  }
}

/** @throws {SkepError} `invalid_argument` when the pieces do not make the snapshot that the first one announces. */
export async function collectSnapshot(pieces: AsyncIterable<RaftSnapshotPiece>): Promise<MessageOf<"snapshot">> {
  let first: RaftSnapshotPiece | undefined;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    first ??= piece;
    const limit = first.head?.size ?? 0;
    if (limit > MAX_SNAPSHOT_BYTES) throw new SkepError("invalid_argument", `a snapshot of ${limit} bytes is refused`);
    bytes += piece.data.length;
    if (bytes > limit) throw new SkepError("invalid_argument", `snapshot is longer than the ${limit} bytes announced`);
    parts.push(piece.data);
  }
  const head = first?.head;
  if (first === undefined || head === undefined || bytes !== head.size || first.from === 0) {
    throw new SkepError("invalid_argument", `snapshot ended after ${bytes} of ${head?.size ?? 0} bytes`);
  }
  const { from, to, term } = first;
  const { index, config } = head;
  const snapshot = { index, term: head.term, config: fromMembership(config), data: Buffer.concat(parts) };
  return { kind: "snapshot", from, to, term, snapshot };
}
