// The answering end: another manager's messages into the driver. The peer is held to itself: it speaks with its own raft id.
// Who was removed is told so, and no word of it reaches the core.
import type { Duplex } from "node:stream";
import { decodeRaftBatch, type RaftBatch } from "../../../proto/gen/raft.ts";
import { decodeBounded } from "../../../proto/wire.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import { fromWire } from "../codec.ts";
import { wasRemoved } from "../core/config.ts";
import type { RaftCore } from "../core/raft-core.ts";
import type { Driver } from "../driver.ts";
import type { Transport } from "../transport.ts";
import { encodeFrame, FRAME, FrameReader, MAX_HELLO_BYTES } from "./frames.ts";

/** What is asked of the core about a sender. */
type Self = Pick<RaftCore, "id" | "term" | "config" | "configAt" | "commitIndex">;

export interface IntakeOptions {
  readonly env: Env;
  readonly log: Log;
  readonly core: Self;
  readonly driver: Pick<Driver, "step" | "stopped" | "signal">;
  readonly transport: Transport;
}

/** Of a batch of small entries. More would take seconds to decode, in which this manager would be as dead. */
const MAX_FIELDS = 1_000_000;
/**
 * Who connects pings twice a second (outgoing.ts). One that lost its power, or its way here, never says that it has gone: its
 * connection is cut after one to two of these, and so is one that was refused and stays.
 */
const SILENCE_LIMIT_MS = 10_000;
const NOTHING = new Uint8Array(0);
const PONG = encodeFrame(FRAME.pong, NOTHING);

/** Reads `socket` until either side hangs up. @param prove says who is there; throws when it may not speak to Raft. */
export function acceptStream(options: IntakeOptions, socket: Duplex, prove: () => Peer): void {
  const { env, driver, log } = options;
  const reader = new FrameReader(MAX_HELLO_BYTES); // until it is known which member speaks
  let sender: ((batch: RaftBatch) => void) | undefined;
  const refuse = (error: unknown): void => {
    const { code, message } = SkepError.from(error);
    log.debug({ code, message }, "refused a raft stream");
    socket.end(encodeFrame(FRAME.refusal, Buffer.from(`${code} ${message}`)));
    socket.removeAllListeners("data");
    socket.resume(); // what is still under way is not read, and the end comes
  };
  let heard = true;
  const look = (): void => {
    if (!heard) socket.destroy();
    heard = false;
    timer = env.timer(SILENCE_LIMIT_MS, look);
  };
  let timer = env.timer(SILENCE_LIMIT_MS, look);
  const onData = (chunk: Buffer): void => {
    heard = true;
    try {
      if (driver.stopped) throw new SkepError("unavailable", "this manager's raft member has stopped");
      sender ??= senderOf(options, prove());
      for (const { kind, payload } of reader.read(chunk)) {
        if (kind === FRAME.ping) socket.write(PONG);
        else if (kind === FRAME.batch) {
          sender(decodeBounded(decodeRaftBatch, payload, MAX_FIELDS));
          reader.trust();
        } else throw new SkepError("invalid_argument", `a raft frame of kind ${kind} is refused`);
      }
    } catch (error) {
      refuse(error);
    }
  };
  const onStop = (): void => {
    socket.destroy();
  };
  driver.signal.addEventListener("abort", onStop, { once: true });
  socket.once("close", () => {
    timer.cancel();
    driver.signal.removeEventListener("abort", onStop);
  });
  socket.on("error", () => undefined); // "close" follows
  socket.on("data", onData);
}

function senderOf({ core, driver, transport }: IntakeOptions, peer: Peer): (batch: RaftBatch) => void {
  let from = 0;
  return ({ messages, senderRaftId, senderAddr }) => {
    if (from === 0) {
      if (senderRaftId === 0) {
        throw new SkepError("invalid_argument", "a raft stream is refused: its first batch does not say who speaks");
      }
      checkSender(core, transport, peer, senderRaftId, senderAddr);
      from = senderRaftId;
      transport.learn(from, senderAddr);
    }
    for (const wire of messages) {
      const message = fromWire(wire);
      if (message.from !== from) {
        throw new SkepError("permission_denied", `raft member ${from} may not speak for ${message.from}`);
      }
      if (message.to !== core.id) throw misdirected(core, transport, message.to, from);
      driver.step(message);
    }
  };
}

/** @param addr where the sender says that it answers; empty: it has not said. */
export function checkSender(core: Self, transport: Transport, peer: Peer, raftId: number, addr: string): void {
  if (peer.kind !== "node") return; // the authorizer lets no other call; tests do
  const member = core.config.members.find((other) => other.raftId === raftId);
  if (member !== undefined && member.nodeId !== peer.nodeId) {
    throw new SkepError("permission_denied", `node ${peer.nodeId} is not raft member ${raftId}`);
  }
  if (member !== undefined) return;
  if (wasRemoved(core.configAt(core.commitIndex), raftId)) {
    transport.learn(raftId, addr);
    transport.send({ kind: "removed", from: core.id, to: raftId, term: core.term });
    throw new SkepError("failed_precondition", `raft member ${raftId} was removed from the managers`);
  }
  // An id that this member has yet to hear of.
  if (peer.demoted === true) throw new SkepError("permission_denied", `node ${peer.nodeId} is no manager any more`);
}

/** Its address was another's, or this node was one of another group's: of the one that it is recovered from. */
function misdirected(core: Self, transport: Transport, to: number, from: number): SkepError {
  const { id, term } = core;
  if (wasRemoved(core.configAt(core.commitIndex), from)) transport.send({ kind: "removed", from: id, to: from, term });
  return new SkepError("failed_precondition", `raft member ${to} does not answer here: this is member ${id}`);
}
