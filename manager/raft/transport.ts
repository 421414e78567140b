// All links of one member. Addresses come from the membership; a peer that says where it answers is believed over it,
// because an address is an attribute and may have changed since the membership was written.
import type * as grpc from "@grpc/grpc-js";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { Message } from "./core/messages.ts";
import { PeerLink } from "./peer-link.ts";

/**
 * For the channels that `dial` makes: a connection that was cut in silence is noticed within 3 s and made again, each dial
 * is a connection of its own, and a whole entry fits a message.
 */
export const RAFT_CHANNEL_OPTIONS: grpc.ChannelOptions = {
  "grpc.use_local_subchannel_pool": 1,
  "grpc.keepalive_time_ms": 1000,
  "grpc.keepalive_timeout_ms": 2000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.max_receive_message_length": 8 << 20,
  "grpc.max_send_message_length": 8 << 20,
};

export interface Transport {
  /** Never waits; may drop. */
  readonly send: (message: Message) => void;
  /** `raftId` says that it answers at `addr`. */
  readonly learn: (raftId: number, addr: string) => void;
  /** Ends the links to everybody else. */
  readonly keep: (raftIds: ReadonlySet<number>) => void;
  readonly close: () => Promise<void>;
}

export interface TransportOptions {
  readonly env: Env;
  readonly log: Log;
  readonly self: { readonly raftId: number; readonly addr: string };
  readonly dial: (addr: string) => grpc.Client;
  /** From the membership. */
  readonly addressOf: (raftId: number) => string | undefined;
  readonly onSnapshotDone: (raftId: number, delivered: boolean) => void;
}

export function createTransport(options: TransportOptions): Transport {
  const { env, log, self, dial, addressOf, onSnapshotDone } = options;
  const links = new Map<number, PeerLink>();
  const learned = new Map<number, string>();
  let closed = false;

  const linkTo = (raftId: number): PeerLink => {
    const known = links.get(raftId);
    if (known !== undefined) return known;
    const address = (): string | undefined => learned.get(raftId) ?? addressOf(raftId);
    const done = (delivered: boolean): void => onSnapshotDone(raftId, delivered);
    const link = new PeerLink({ env, log: log.child({ peer: raftId }), self, dial, address, onSnapshotDone: done });
    links.set(raftId, link);
    return link;
  };

  return {
    send: (message) => {
      if (closed) return;
      const link = linkTo(message.to);
      if (message.kind === "snapshot") link.sendSnapshot(message);
      else link.send(message);
    },
    learn: (raftId, addr) => {
      if (addr !== "" && raftId > 0) learned.set(raftId, addr);
    },
    keep: (raftIds) => {
      for (const [raftId, link] of links) {
        if (raftIds.has(raftId)) continue;
        links.delete(raftId);
        learned.delete(raftId);
        link.close().catch(() => undefined);
      }
    },
    close: async () => {
      closed = true;
      await Promise.all([...links.values()].map((link) => link.close()));
      links.clear();
    },
  };
}
