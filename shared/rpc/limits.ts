/** The largest message that a node takes from a caller. Raft's snapshots come in chunks below it. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/**
 * The largest answer, which only those get who asked for it: a list of all tasks, or all assignments of a node, whose specs
 * may have 256 KiB each. Were it smaller, a node with many large tasks would never get them, and break its session each time.
 */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The same from a caller without a certificate of the cluster: room for a certificate request and a host's description. */
export const MAX_STRANGER_MESSAGE_BYTES = 128 * 1024;
