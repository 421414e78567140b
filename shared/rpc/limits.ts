/** The largest gRPC message either way. Raft's snapshots come in chunks below it. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
