// Backup: the leader, which has just made sure that it leads, takes the state as it is now and streams it as a file. The
// state is taken hold of in one turn of the event loop, so it is that of one log index; writes go on while it is encoded.
import { type ControlService, newBackupChunk } from "../../proto/gen/control.ts";
import { backupPieces } from "../../shared/backup/file.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { VERSION } from "../../shared/version.ts";
import type { ControlOptions } from "./context.ts";

/** Well below gRPC's message limit, so that heartbeats pass between two pieces. */
const PIECE_BYTES = 1 << 20;

export function createBackupHandler({
  env,
  log,
  store,
  raft,
  snapshot,
}: ControlOptions): Pick<Handlers<typeof ControlService>, "backup"> {
  return {
    backup: async function* () {
      const { appliedIndex, term, members, nextRaftId } = raft.status();
      const cluster = store.view((view) => view.cluster());
      if (cluster === undefined) throw new SkepError("unavailable", "the cluster is being made: try again");
      const pieces: Uint8Array[] = [];
      for (const piece of snapshot()) {
        pieces.push(piece);
        await env.breathe();
      }
      const state = Buffer.concat(pieces);
      const head = {
        clusterId: cluster.id,
        skepVersion: VERSION,
        createdAtMs: env.wallMs(),
        raftIndex: appliedIndex,
        raftTerm: term,
        nextRaftId: nextRaftId ?? 1 + Math.max(0, ...members.map(({ raftId }) => raftId)),
      };
      log.info({ raftIndex: appliedIndex, bytes: state.length }, "a backup is taken");
      for (const data of backupPieces(head, state, PIECE_BYTES)) yield newBackupChunk({ data });
    },
  };
}
