// All links of one member. An address is an attribute and may change: a peer that says where it answers is tried there first,
// then where the membership has it, then wherever else a manager may be. A link that leads to another member than it should
// is ended by that member, which has heard by then where we answer; so one address in common is enough for two managers that
// have both moved to find one another.
import type { Duplex } from "node:stream";
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
  // Else each stream keeps what it sent, a megabyte that is many in the encoder's slabs, in case it is to be sent again.
  "grpc.per_rpc_retry_buffer_size": 1 << 14,
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
  /** The membership has changed: ends the links to everybody else, and follows those that have moved. */
  readonly keep: (members: readonly { readonly raftId: number; readonly addr: string }[]) => void;
  readonly close: () => Promise<void>;
}

export interface TransportOptions {
  readonly env: Env;
  readonly log: Log;
  readonly self: { readonly raftId: number; readonly addr: string };
  readonly dial: (addr: string) => grpc.Client;
  readonly connect: (addr: string, signal: AbortSignal) => Promise<Duplex>;
  /** From the membership. */
  readonly addressOf: (raftId: number) => string | undefined;
  /** Where else managers may be: tried when a member is not where it should be. */
  readonly seeds: () => readonly string[];
  readonly onSnapshotDone: (raftId: number, delivered: boolean) => void;
  /** A manager refuses this one because its node was removed from the cluster. */
  readonly onTurnedAway: (message: string) => void;
}

export function createTransport(options: TransportOptions): Transport {
  const { env, log, self, dial, connect, addressOf, onSnapshotDone, onTurnedAway } = options;
  const links = new Map<number, PeerLink>();
  const learned = new Map<number, string>();
  const configured = new Map<number, string>();
  let closed = false;

  const linkTo = (raftId: number): PeerLink => {
    const known = links.get(raftId);
    if (known !== undefined) return known;
    const addresses = (): readonly string[] => {
      const found = new Set([learned.get(raftId), addressOf(raftId), ...options.seeds()]);
      return [...found].filter((addr): addr is string => addr !== undefined && addr !== self.addr);
    };
    const link = new PeerLink({
      env,
      log: log.child({ peer: raftId }),
      self,
      dial,
      connect,
      addresses,
      onSnapshotDone: (delivered) => onSnapshotDone(raftId, delivered),
      onTurnedAway,
    });
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
      if (addr === "" || raftId <= 0 || learned.get(raftId) === addr) return;
      learned.set(raftId, addr);
      links.get(raftId)?.moved();
    },
    keep: (members) => {
      const addrs = new Map(members.map(({ raftId, addr }) => [raftId, addr]));
      for (const [raftId, link] of links) {
        if (addrs.has(raftId)) continue;
        links.delete(raftId);
        learned.delete(raftId);
        configured.delete(raftId);
        link.close().catch(() => undefined);
      }
      for (const [raftId, addr] of addrs) {
        const before = configured.get(raftId);
        configured.set(raftId, addr);
        if (before === undefined || before === addr) continue;
        learned.delete(raftId); // of before the move; it says so itself when it does not know of it yet
        links.get(raftId)?.moved();
      }
    },
    close: async () => {
      closed = true;
      await Promise.all([...links.values()].map((link) => link.close()));
      links.clear();
    },
  };
}
