// Between the core's types and the wire's. What comes in is checked here, once, so that the core may trust the shape of every
// message: known kind, entries in unbroken order with terms that do not go back.
import {
  newRaftMessage,
  type RaftMemberInfo,
  type RaftMembership,
  type RaftEntry as WireEntry,
  type RaftMessage as WireMessage,
} from "../../proto/gen/raft.ts";
import { assertNever, SkepError } from "../../shared/errors.ts";
import type { Message } from "./core/messages.ts";
import type { Config, Entry } from "./core/types.ts";

/** Snapshots travel as pieces (see snapshot-stream.ts). */
export type StreamedMessage = Exclude<Message, { readonly kind: "snapshot" }>;

export const toMembership = (config: Config): RaftMembership => config;
export const fromMembership = (wire: RaftMembership | undefined): Config => ({
  members: (wire?.members ?? []).map((member: RaftMemberInfo) => ({ ...member })),
  nextRaftId: wire?.nextRaftId ?? 1,
});

const invalid = (what: string): SkepError => new SkepError("invalid_argument", `raft message refused: ${what}`);

/** @throws {SkepError} `invalid_argument` when the entry has no body that this version knows. */
export function checkEntry(wire: WireEntry): Entry {
  if (!hasBody(wire)) throw invalid(`entry ${wire.index} has no known body`);
  return wire;
}

const hasBody = (wire: WireEntry): wire is WireEntry & Entry => wire.body !== undefined;

export function toWire(m: StreamedMessage): WireMessage {
  const { from, to, term } = m;
  return newRaftMessage({ from, to, term, body: bodyOf(m) });
}

function bodyOf(m: StreamedMessage): WireMessage["body"] {
  switch (m.kind) {
    case "pre-vote-request":
      return { kind: "preVoteRequest", lastIndex: m.lastIndex, lastTerm: m.lastTerm };
    case "pre-vote-response":
      return { kind: "preVoteResponse", granted: m.granted, askedTerm: m.askedTerm };
    case "vote-request":
      return { kind: "voteRequest", lastIndex: m.lastIndex, lastTerm: m.lastTerm, transfer: m.transfer };
    case "vote-response":
      return { kind: "voteResponse", granted: m.granted };
    case "append":
      return m;
    case "append-accepted":
      return { kind: "appendAccepted", matchIndex: m.matchIndex };
    case "append-rejected":
      return {
        kind: "appendRejected",
        rejectedIndex: m.rejectedIndex,
        hintIndex: m.hintIndex,
        hintTerm: m.hintTerm,
      };
    case "heartbeat":
      return m;
    case "heartbeat-response":
      return { kind: "heartbeatResponse", readRound: m.readRound, diskOverdue: m.diskOverdue };
    case "timeout-now":
      return { kind: "timeoutNow" };
    case "newer-term":
      return { kind: "newerTerm" };
    case "removed":
      return { kind: "removed" };
    default:
      return assertNever(m);
  }
}

/** @throws {SkepError} `invalid_argument` when the message is malformed or of a kind that this version does not know. */
export function fromWire(wire: WireMessage): Message {
  const { from, to, term, body } = wire;
  if (from === 0 || to === 0) throw invalid("sender or receiver is missing");
  const envelope = { from, to, term };
  switch (body?.kind) {
    case "preVoteRequest":
      return { ...envelope, ...body, kind: "pre-vote-request" };
    case "preVoteResponse":
      return { ...envelope, ...body, kind: "pre-vote-response" };
    case "voteRequest":
      return { ...envelope, ...body, kind: "vote-request" };
    case "voteResponse":
      return { ...envelope, ...body, kind: "vote-response" };
    case "append": {
      const entries = body.entries.map(checkEntry);
      checkOrder(body.prevIndex, body.prevTerm, entries, term);
      return { ...envelope, ...body, entries };
    }
    case "appendAccepted":
      return { ...envelope, ...body, kind: "append-accepted" };
    case "appendRejected":
      return { ...envelope, ...body, kind: "append-rejected" };
    case "heartbeat":
      return { ...envelope, ...body };
    case "heartbeatResponse":
      return { ...envelope, ...body, kind: "heartbeat-response" };
    case "timeoutNow":
      return { ...envelope, kind: "timeout-now" };
    case "newerTerm":
      return { ...envelope, kind: "newer-term" };
    case "removed":
      return { ...envelope, kind: "removed" };
    case undefined:
      throw invalid("its kind is not known to this version");
    default:
      return assertNever(body);
  }
}

function checkOrder(prevIndex: number, prevTerm: number, entries: readonly Entry[], term: number): void {
  let index = prevIndex;
  let before = prevTerm;
  for (const entry of entries) {
    index++;
    if (entry.index !== index) throw invalid(`entry ${entry.index} where ${index} was due`);
    if (entry.term < before || entry.term > term)
      throw invalid(`entry ${index} has term ${entry.term} in term ${term}`);
    before = entry.term;
  }
}
