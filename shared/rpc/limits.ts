/** The largest message that a node takes from a caller. Raft's snapshots come in chunks below it. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/**
 * The largest answer, which only those get who asked for it: a list of all tasks, or all assignments of a node, whose specs
 * may have 256 KiB each. Were it smaller, a node with many large tasks would never get them, and break its session each time.
 */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The same from a caller without a certificate of the cluster: room for a certificate request and a host's description. */
export const MAX_STRANGER_MESSAGE_BYTES = 128 * 1024;

/**
 * Bytes of requests that one node keeps on another, at most: half sent, waiting, or worked on. Of one connection, of all
 * connections of a worker (who reports on its tasks) or of a manager (who also passes on what others ask of the leader), and of
 * all nodes together. What does not fit is refused with `resource_exhausted`.
 */
export const REQUEST_BYTES = {
  connection: 16 * 1024 * 1024,
  worker: 16 * 1024 * 1024,
  manager: 64 * 1024 * 1024,
  allNodes: 512 * 1024 * 1024,
} as const;

/**
 * Bytes of answers that one node makes another keep because it does not read them: by role, and of all nodes together. The call
 * whose answer does not fit is cut. One answer may have `MAX_ANSWER_BYTES`.
 */
export const ANSWER_BYTES = {
  worker: 2 * MAX_ANSWER_BYTES,
  manager: 4 * MAX_ANSWER_BYTES,
  allNodes: 16 * MAX_ANSWER_BYTES,
} as const;

/** Calls of a worker's connection at once. An agent has about ten. */
export const MAX_WORKER_CALLS = 256;
