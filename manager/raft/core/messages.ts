// Everything one member says to another. `term` is always the sender's own term at the time of sending; a pre-vote asks
// about the term after it, so that no message ever names a term that nobody has entered.
import type { Entry, Snapshot } from "./types.ts";

export interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

/** The end of the candidate's log, for the voter to compare with its own (Raft paper, section 5.4.1). */
export interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export type Body =
  /** "Would you vote for me in term + 1?" Changes nothing at the receiver. */
  | ({ readonly kind: "pre-vote-request" } & LogEnd)
  /** `askedTerm` is the sender's term of the request that this answers. */
  | { readonly kind: "pre-vote-response"; readonly granted: boolean; readonly askedTerm: number }
  /** `transfer`: the leader itself asked for this election, so hearing from a leader is no reason to refuse. */
  | ({ readonly kind: "vote-request"; readonly transfer: boolean } & LogEnd)
  | { readonly kind: "vote-response"; readonly granted: boolean }
  | {
      readonly kind: "append";
      readonly prevIndex: number;
      readonly prevTerm: number;
      readonly entries: readonly Entry[];
      readonly commit: number;
    }
  /** The sender's log is the leader's up to `matchIndex`, on disk. */
  | { readonly kind: "append-accepted"; readonly matchIndex: number }
  /** No entry `prevTerm` at `rejectedIndex`; the logs may agree at `hintIndex`, where the sender has `hintTerm`. */
  | {
      readonly kind: "append-rejected";
      readonly rejectedIndex: number;
      readonly hintIndex: number;
      readonly hintTerm: number;
    }
  /** `readRound`: the newest round of the leader's read index; the answer repeats it. */
  | { readonly kind: "heartbeat"; readonly commit: number; readonly readRound: number }
  /** `diskOverdue`: the sender is there, and its disk has not finished a write for long. */
  | { readonly kind: "heartbeat-response"; readonly readRound: number; readonly diskOverdue: boolean }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  /** To a follower that has all of the log: campaign now. */
  | { readonly kind: "timeout-now" }
  /** An answer to an older term; its `term` is the whole news. */
  | { readonly kind: "newer-term" }
  /** The receiver is no longer a member, by a committed entry. */
  | { readonly kind: "removed" };

export type Message = Envelope & Body;
export type MessageKind = Message["kind"];
export type MessageOf<K extends MessageKind> = Extract<Message, { readonly kind: K }>;

/**
 * Whether a message promises something that must be on disk first: a vote, a term entered, entries taken. Everything else
 * may overtake the flush in flight: a leader's appends run in parallel with its own write, because it counts itself only
 * afterwards (Raft thesis, section 10.2.1). A heartbeat's answer promises only the term, and the caller knows whether that
 * one is on disk.
 */
export function promises(kind: MessageKind): boolean {
  switch (kind) {
    case "vote-request":
    case "vote-response":
    case "append-accepted":
    case "append-rejected":
    case "newer-term":
    case "heartbeat-response":
      return true;
    case "pre-vote-request":
    case "pre-vote-response":
    case "append":
    case "heartbeat":
    case "snapshot":
    case "timeout-now":
    case "removed":
      return false;
  }
}
