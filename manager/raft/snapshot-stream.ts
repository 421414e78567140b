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
  const { index, config } = snapshot;
  const stream = await snapshot.stream?.();
  try {
    const size = stream?.size ?? snapshot.data.length;
    const head = { index, term: snapshot.term, config: toMembership(config), size };
    yield newRaftSnapshotPiece({ from, to, term, head });
    for await (const data of stream?.pieces ?? cut(snapshot.data)) yield newRaftSnapshotPiece({ data });
  } finally {
    await stream?.close();
  }
}

function* cut(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += PIECE_BYTES) yield data.subarray(at, at + PIECE_BYTES);
}

type Head = Pick<RaftSnapshotPiece, "from" | "to" | "term">;

interface Collecting {
  readonly term: number;
  readonly parts: Uint8Array[];
  isOvertaken: boolean;
}

/** Takes snapshots one at a time: each is the cluster's whole state, in memory. */
export class SnapshotIntake {
  #current: Collecting | undefined;

  /**
   * A snapshot that begins while another is on its way takes its place, unless the other is of a newer term.
   * @param admit asked with the first piece, before anything is kept; throws when its sender may not send it.
   * @throws {SkepError} `invalid_argument` when the pieces do not make the snapshot that the first one announces; `unavailable` when
   * another one takes its place; what `admit` throws.
   */
  async collect(pieces: AsyncIterable<RaftSnapshotPiece>, admit: (head: Head) => void): Promise<MessageOf<"snapshot">> {
    let first: RaftSnapshotPiece | undefined;
    let own: Collecting | undefined;
    let bytes = 0;
    try {
      for await (const piece of pieces) {
        if (first === undefined) {
          first = piece;
          admit(first);
          own = this.#begin(first.term);
        }
        if (own?.isOvertaken === true)
          throw new SkepError("unavailable", "another snapshot has taken this one's place");
        const limit = first.head?.size ?? 0;
        if (limit > MAX_SNAPSHOT_BYTES) {
          throw new SkepError("invalid_argument", `a snapshot of ${limit} bytes is refused`);
        }
        bytes += piece.data.length;
        if (bytes > limit) {
          throw new SkepError("invalid_argument", `snapshot is longer than the ${limit} bytes announced`);
        }
        own?.parts.push(piece.data);
      }
      const head = first?.head;
      if (first === undefined || own === undefined || own.isOvertaken || head === undefined || bytes !== head.size) {
        throw new SkepError("invalid_argument", `snapshot ended after ${bytes} of ${head?.size ?? 0} bytes`);
      }
      const { from, to, term } = first;
      const { index, config } = head;
      const data = Buffer.concat(own.parts);
      return {
        kind: "snapshot",
        from,
        to,
        term,
        snapshot: { index, term: head.term, config: fromMembership(config), data },
      };
    } finally {
      if (this.#current === own) this.#current = undefined;
    }
  }

  #begin(term: number): Collecting {
    if (this.#current !== undefined) {
      if (this.#current.term > term) throw new SkepError("unavailable", "a snapshot of a newer term is on its way");
      this.#current.isOvertaken = true;
      this.#current.parts.length = 0;
    }
    this.#current = { term, parts: [], isOvertaken: false };
    return this.#current;
  }
}
