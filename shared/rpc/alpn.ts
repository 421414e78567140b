// What is spoken on a node's one port, told by ALPN in the TLS handshake.

export const GRPC_ALPN = "h2";
/** The managers' stream of Raft messages: manager/raft/stream/. */
export const RAFT_ALPN = "skep-raft/1";
