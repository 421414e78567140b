// What the handlers of the control API share. Each of them runs on the leader: control.ts sees to that.
import type * as grpc from "@grpc/grpc-js";
import type { Env } from "../../shared/env/env.ts";
import type { ImageResolver } from "../../shared/image/resolve.ts";
import type { Log } from "../../shared/log.ts";
import type { NetworkId, NodeId } from "../../shared/model/ids.ts";
import type { NetworkProgress } from "../dispatcher/network/network-dispatch.ts";
import type { NetworkChecks } from "../network-check/checks.ts";
import type { RaftNode } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";
import type { EventLog } from "./event-log.ts";

export interface ControlOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly raft: Pick<RaftNode, "status" | "readIndex" | "leadership">;
  /** Collecting since before the store's first commit, or its log's. */
  readonly events: EventLog;
  /** All of the store's state as of the call, as a backup and a Raft snapshot hold it; each piece is made when it is asked for. */
  readonly snapshot: () => Iterable<Uint8Array>;
  /** Asks registries for an image's digest and platforms. */
  readonly images: ImageResolver;
  /** A channel to the manager at `addr` (host:port). */
  readonly dialManager: (addr: string) => grpc.Client;
  /** A channel to the node `nodeId` at `addr`. */
  readonly dialAgent: (addr: string, nodeId: NodeId) => grpc.Client;
  /**
   * What nodes have said of a network while this manager leads: the version that is sent to them, and the one that each has in
   * its kernel. Undefined where nobody keeps that.
   */
  readonly networkProgress?: (id: NetworkId) => NetworkProgress | undefined;
  /** Tests ways between nodes; unset where nodes only pretend to have some. */
  readonly network?: Pick<NetworkChecks, "check" | "problems">;
  /** Changes of the leader are told until it aborts. */
  readonly signal: AbortSignal;
}
