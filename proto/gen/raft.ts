// Generated from skep/v1/raft.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag, asBuffer, decodeBounded } from "../wire.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface RaftMemberInfo {
  /** Given out by the leader, never reused. */
  readonly raftId: number;
  readonly nodeId: string;
  /** host:port of the member's daemon. */
  readonly addr: string;
  readonly voter: boolean;
}
/** A RaftMemberInfo with every field that is not given at its zero value. */
export function newRaftMemberInfo(init: Partial<RaftMemberInfo> = {}): RaftMemberInfo {
  return { raftId: 0, nodeId: "", addr: "", voter: false, ...init };
}
export function encodeRaftMemberInfoInto(m: RaftMemberInfo, w: Writer): Writer {
  if (m.raftId !== 0) w.uint32(8).uint64(m.raftId);
  if (m.nodeId !== "") w.uint32(18).string(m.nodeId);
  if (m.addr !== "") w.uint32(26).string(m.addr);
  if (m.voter !== false) w.uint32(32).bool(m.voter);
  return w;
}
export function encodeRaftMemberInfo(m: RaftMemberInfo): Uint8Array {
  return encodeRaftMemberInfoInto(m, Writer.create()).finish();
}
export function decodeRaftMemberInfoFrom(r: Reader, length: number): RaftMemberInfo {
  const end = r.pos + length;

  const m: Mutable<RaftMemberInfo> = newRaftMemberInfo();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.raftId = toNumber(r.uint64());
        break;
      case 2:
        m.nodeId = r.string();
        break;
      case 3:
        m.addr = r.string();
        break;
      case 4:
        m.voter = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftMemberInfo. */
export function decodeRaftMemberInfo(bytes: Uint8Array): RaftMemberInfo {
  const r = Reader.create(bytes);
  return decodeRaftMemberInfoFrom(r, bytes.length);
}

export interface RaftNoop {

}
/** A RaftNoop with every field that is not given at its zero value. */
export function newRaftNoop(init: Partial<RaftNoop> = {}): RaftNoop {
  return { ...init };
}
export function encodeRaftNoopInto(_m: RaftNoop, w: Writer): Writer {

  return w;
}
export function encodeRaftNoop(m: RaftNoop): Uint8Array {
  return encodeRaftNoopInto(m, Writer.create()).finish();
}
export function decodeRaftNoopFrom(r: Reader, length: number): RaftNoop {
  const end = r.pos + length;

  const m: Mutable<RaftNoop> = newRaftNoop();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftNoop. */
export function decodeRaftNoop(bytes: Uint8Array): RaftNoop {
  const r = Reader.create(bytes);
  return decodeRaftNoopFrom(r, bytes.length);
}

export interface RaftMembership {
  readonly members: readonly RaftMemberInfo[];
  readonly nextRaftId: number;
}
/** A RaftMembership with every field that is not given at its zero value. */
export function newRaftMembership(init: Partial<RaftMembership> = {}): RaftMembership {
  return { members: [], nextRaftId: 0, ...init };
}
export function encodeRaftMembershipInto(m: RaftMembership, w: Writer): Writer {
  for (const value of m.members) encodeRaftMemberInfoInto(value, w.uint32(10).fork()).ldelim();
  if (m.nextRaftId !== 0) w.uint32(16).uint64(m.nextRaftId);
  return w;
}
export function encodeRaftMembership(m: RaftMembership): Uint8Array {
  return encodeRaftMembershipInto(m, Writer.create()).finish();
}
export function decodeRaftMembershipFrom(r: Reader, length: number): RaftMembership {
  const end = r.pos + length;
  const members: RaftMemberInfo[] = [];
  const m: Mutable<RaftMembership> = newRaftMembership({ members });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        members.push(decodeRaftMemberInfoFrom(r, r.uint32()));
        break;
      case 2:
        m.nextRaftId = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftMembership. */
export function decodeRaftMembership(bytes: Uint8Array): RaftMembership {
  const r = Reader.create(bytes);
  return decodeRaftMembershipFrom(r, bytes.length);
}

export interface RaftEntry {
  readonly index: number;
  readonly term: number;
  readonly body?:
    | ({ readonly kind: "noop" } & RaftNoop)
    | { readonly kind: "data"; readonly value: Uint8Array }
    | ({ readonly kind: "config" } & RaftMembership)
    | undefined;
}
/** A RaftEntry with every field that is not given at its zero value. */
export function newRaftEntry(init: Partial<RaftEntry> = {}): RaftEntry {
  return { index: 0, term: 0, ...init };
}
export function encodeRaftEntryInto(m: RaftEntry, w: Writer): Writer {
  if (m.index !== 0) w.uint32(8).uint64(m.index);
  if (m.term !== 0) w.uint32(16).uint64(m.term);
  switch (m.body?.kind) {
    case "noop":
      encodeRaftNoopInto(m.body, w.uint32(26).fork()).ldelim();
      break;
    case "data":
      w.uint32(34).bytes(m.body.value);
      break;
    case "config":
      encodeRaftMembershipInto(m.body, w.uint32(42).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeRaftEntry(m: RaftEntry): Uint8Array {
  return encodeRaftEntryInto(m, Writer.create()).finish();
}
export function decodeRaftEntryFrom(r: Reader, length: number): RaftEntry {
  const end = r.pos + length;

  const m: Mutable<RaftEntry> = newRaftEntry();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.index = toNumber(r.uint64());
        break;
      case 2:
        m.term = toNumber(r.uint64());
        break;
      case 3:
        m.body = { kind: "noop", ...decodeRaftNoopFrom(r, r.uint32()) };
        break;
      case 4:
        m.body = { kind: "data", value: r.bytes() };
        break;
      case 5:
        m.body = { kind: "config", ...decodeRaftMembershipFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftEntry. */
export function decodeRaftEntry(bytes: Uint8Array): RaftEntry {
  const r = Reader.create(bytes);
  return decodeRaftEntryFrom(r, bytes.length);
}

export interface RaftHardState {
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
}
/** A RaftHardState with every field that is not given at its zero value. */
export function newRaftHardState(init: Partial<RaftHardState> = {}): RaftHardState {
  return { term: 0, vote: 0, commit: 0, ...init };
}
export function encodeRaftHardStateInto(m: RaftHardState, w: Writer): Writer {
  if (m.term !== 0) w.uint32(8).uint64(m.term);
  if (m.vote !== 0) w.uint32(16).uint64(m.vote);
  if (m.commit !== 0) w.uint32(24).uint64(m.commit);
  return w;
}
export function encodeRaftHardState(m: RaftHardState): Uint8Array {
  return encodeRaftHardStateInto(m, Writer.create()).finish();
}
export function decodeRaftHardStateFrom(r: Reader, length: number): RaftHardState {
  const end = r.pos + length;

  const m: Mutable<RaftHardState> = newRaftHardState();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.term = toNumber(r.uint64());
        break;
      case 2:
        m.vote = toNumber(r.uint64());
        break;
      case 3:
        m.commit = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftHardState. */
export function decodeRaftHardState(bytes: Uint8Array): RaftHardState {
  const r = Reader.create(bytes);
  return decodeRaftHardStateFrom(r, bytes.length);
}

/** All of a snapshot but its data. */
export interface RaftSnapshotHead {
  readonly index: number;
  readonly term: number;
  readonly config?: RaftMembership | undefined;
  /** Of the data; 0 where the data is not known yet, as at the beginning of a snapshot's file. */
  readonly size: number;
}
/** A RaftSnapshotHead with every field that is not given at its zero value. */
export function newRaftSnapshotHead(init: Partial<RaftSnapshotHead> = {}): RaftSnapshotHead {
  return { index: 0, term: 0, size: 0, ...init };
}
export function encodeRaftSnapshotHeadInto(m: RaftSnapshotHead, w: Writer): Writer {
  if (m.index !== 0) w.uint32(8).uint64(m.index);
  if (m.term !== 0) w.uint32(16).uint64(m.term);
  if (m.config !== undefined) encodeRaftMembershipInto(m.config, w.uint32(26).fork()).ldelim();
  if (m.size !== 0) w.uint32(32).uint64(m.size);
  return w;
}
export function encodeRaftSnapshotHead(m: RaftSnapshotHead): Uint8Array {
  return encodeRaftSnapshotHeadInto(m, Writer.create()).finish();
}
export function decodeRaftSnapshotHeadFrom(r: Reader, length: number): RaftSnapshotHead {
  const end = r.pos + length;

  const m: Mutable<RaftSnapshotHead> = newRaftSnapshotHead();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.index = toNumber(r.uint64());
        break;
      case 2:
        m.term = toNumber(r.uint64());
        break;
      case 3:
        m.config = decodeRaftMembershipFrom(r, r.uint32());
        break;
      case 4:
        m.size = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftSnapshotHead. */
export function decodeRaftSnapshotHead(bytes: Uint8Array): RaftSnapshotHead {
  const r = Reader.create(bytes);
  return decodeRaftSnapshotHeadFrom(r, bytes.length);
}

/** The state of a log on disk where one of its files begins: the files before it may be gone. */
export interface RaftLogBase {
  readonly raftId: number;
  /** Of the entry before the first one that is still there. */
  readonly startIndex: number;
  readonly startTerm: number;
  /** 0: there is none. */
  readonly snapshotIndex: number;
  readonly lastIndex: number;
  /** What earlier files hold does not count any more. */
  readonly fresh: boolean;
}
/** A RaftLogBase with every field that is not given at its zero value. */
export function newRaftLogBase(init: Partial<RaftLogBase> = {}): RaftLogBase {
  return { raftId: 0, startIndex: 0, startTerm: 0, snapshotIndex: 0, lastIndex: 0, fresh: false, ...init };
}
export function encodeRaftLogBaseInto(m: RaftLogBase, w: Writer): Writer {
  if (m.raftId !== 0) w.uint32(8).uint64(m.raftId);
  if (m.startIndex !== 0) w.uint32(16).uint64(m.startIndex);
  if (m.startTerm !== 0) w.uint32(24).uint64(m.startTerm);
  if (m.snapshotIndex !== 0) w.uint32(32).uint64(m.snapshotIndex);
  if (m.lastIndex !== 0) w.uint32(40).uint64(m.lastIndex);
  if (m.fresh !== false) w.uint32(48).bool(m.fresh);
  return w;
}
export function encodeRaftLogBase(m: RaftLogBase): Uint8Array {
  return encodeRaftLogBaseInto(m, Writer.create()).finish();
}
export function decodeRaftLogBaseFrom(r: Reader, length: number): RaftLogBase {
  const end = r.pos + length;

  const m: Mutable<RaftLogBase> = newRaftLogBase();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.raftId = toNumber(r.uint64());
        break;
      case 2:
        m.startIndex = toNumber(r.uint64());
        break;
      case 3:
        m.startTerm = toNumber(r.uint64());
        break;
      case 4:
        m.snapshotIndex = toNumber(r.uint64());
        break;
      case 5:
        m.lastIndex = toNumber(r.uint64());
        break;
      case 6:
        m.fresh = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftLogBase. */
export function decodeRaftLogBase(bytes: Uint8Array): RaftLogBase {
  const r = Reader.create(bytes);
  return decodeRaftLogBaseFrom(r, bytes.length);
}

/** Entries up to the start are dropped; a snapshot stands for them. */
export interface RaftLogDrop {
  readonly startIndex: number;
  readonly startTerm: number;
  readonly snapshotIndex: number;
  /** The entries after it too. */
  readonly all: boolean;
}
/** A RaftLogDrop with every field that is not given at its zero value. */
export function newRaftLogDrop(init: Partial<RaftLogDrop> = {}): RaftLogDrop {
  return { startIndex: 0, startTerm: 0, snapshotIndex: 0, all: false, ...init };
}
export function encodeRaftLogDropInto(m: RaftLogDrop, w: Writer): Writer {
  if (m.startIndex !== 0) w.uint32(8).uint64(m.startIndex);
  if (m.startTerm !== 0) w.uint32(16).uint64(m.startTerm);
  if (m.snapshotIndex !== 0) w.uint32(24).uint64(m.snapshotIndex);
  if (m.all !== false) w.uint32(32).bool(m.all);
  return w;
}
export function encodeRaftLogDrop(m: RaftLogDrop): Uint8Array {
  return encodeRaftLogDropInto(m, Writer.create()).finish();
}
export function decodeRaftLogDropFrom(r: Reader, length: number): RaftLogDrop {
  const end = r.pos + length;

  const m: Mutable<RaftLogDrop> = newRaftLogDrop();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.startIndex = toNumber(r.uint64());
        break;
      case 2:
        m.startTerm = toNumber(r.uint64());
        break;
      case 3:
        m.snapshotIndex = toNumber(r.uint64());
        break;
      case 4:
        m.all = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftLogDrop. */
export function decodeRaftLogDrop(bytes: Uint8Array): RaftLogDrop {
  const r = Reader.create(bytes);
  return decodeRaftLogDropFrom(r, bytes.length);
}

/** One write to the log on disk, all or nothing. */
export interface RaftLogRecord {
  /** In the first record of a file, and only there. */
  readonly base?: RaftLogBase | undefined;
  readonly hardState?: RaftHardState | undefined;
  readonly drop?: RaftLogDrop | undefined;
  /** They replace everything from the first one's index on. */
  readonly entries: readonly RaftEntry[];
}
/** A RaftLogRecord with every field that is not given at its zero value. */
export function newRaftLogRecord(init: Partial<RaftLogRecord> = {}): RaftLogRecord {
  return { entries: [], ...init };
}
export function encodeRaftLogRecordInto(m: RaftLogRecord, w: Writer): Writer {
  if (m.base !== undefined) encodeRaftLogBaseInto(m.base, w.uint32(10).fork()).ldelim();
  if (m.hardState !== undefined) encodeRaftHardStateInto(m.hardState, w.uint32(18).fork()).ldelim();
  if (m.drop !== undefined) encodeRaftLogDropInto(m.drop, w.uint32(26).fork()).ldelim();
  for (const value of m.entries) encodeRaftEntryInto(value, w.uint32(34).fork()).ldelim();
  return w;
}
export function encodeRaftLogRecord(m: RaftLogRecord): Uint8Array {
  return encodeRaftLogRecordInto(m, Writer.create()).finish();
}
export function decodeRaftLogRecordFrom(r: Reader, length: number): RaftLogRecord {
  const end = r.pos + length;
  const entries: RaftEntry[] = [];
  const m: Mutable<RaftLogRecord> = newRaftLogRecord({ entries });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.base = decodeRaftLogBaseFrom(r, r.uint32());
        break;
      case 2:
        m.hardState = decodeRaftHardStateFrom(r, r.uint32());
        break;
      case 3:
        m.drop = decodeRaftLogDropFrom(r, r.uint32());
        break;
      case 4:
        entries.push(decodeRaftEntryFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftLogRecord. */
export function decodeRaftLogRecord(bytes: Uint8Array): RaftLogRecord {
  const r = Reader.create(bytes);
  return decodeRaftLogRecordFrom(r, bytes.length);
}

export interface RaftPreVoteRequest {
  readonly lastIndex: number;
  readonly lastTerm: number;
}
/** A RaftPreVoteRequest with every field that is not given at its zero value. */
export function newRaftPreVoteRequest(init: Partial<RaftPreVoteRequest> = {}): RaftPreVoteRequest {
  return { lastIndex: 0, lastTerm: 0, ...init };
}
export function encodeRaftPreVoteRequestInto(m: RaftPreVoteRequest, w: Writer): Writer {
  if (m.lastIndex !== 0) w.uint32(8).uint64(m.lastIndex);
  if (m.lastTerm !== 0) w.uint32(16).uint64(m.lastTerm);
  return w;
}
export function encodeRaftPreVoteRequest(m: RaftPreVoteRequest): Uint8Array {
  return encodeRaftPreVoteRequestInto(m, Writer.create()).finish();
}
export function decodeRaftPreVoteRequestFrom(r: Reader, length: number): RaftPreVoteRequest {
  const end = r.pos + length;

  const m: Mutable<RaftPreVoteRequest> = newRaftPreVoteRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.lastIndex = toNumber(r.uint64());
        break;
      case 2:
        m.lastTerm = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftPreVoteRequest. */
export function decodeRaftPreVoteRequest(bytes: Uint8Array): RaftPreVoteRequest {
  const r = Reader.create(bytes);
  return decodeRaftPreVoteRequestFrom(r, bytes.length);
}

export interface RaftPreVoteResponse {
  readonly granted: boolean;
  readonly askedTerm: number;
}
/** A RaftPreVoteResponse with every field that is not given at its zero value. */
export function newRaftPreVoteResponse(init: Partial<RaftPreVoteResponse> = {}): RaftPreVoteResponse {
  return { granted: false, askedTerm: 0, ...init };
}
export function encodeRaftPreVoteResponseInto(m: RaftPreVoteResponse, w: Writer): Writer {
  if (m.granted !== false) w.uint32(8).bool(m.granted);
  if (m.askedTerm !== 0) w.uint32(16).uint64(m.askedTerm);
  return w;
}
export function encodeRaftPreVoteResponse(m: RaftPreVoteResponse): Uint8Array {
  return encodeRaftPreVoteResponseInto(m, Writer.create()).finish();
}
export function decodeRaftPreVoteResponseFrom(r: Reader, length: number): RaftPreVoteResponse {
  const end = r.pos + length;

  const m: Mutable<RaftPreVoteResponse> = newRaftPreVoteResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.granted = r.bool();
        break;
      case 2:
        m.askedTerm = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftPreVoteResponse. */
export function decodeRaftPreVoteResponse(bytes: Uint8Array): RaftPreVoteResponse {
  const r = Reader.create(bytes);
  return decodeRaftPreVoteResponseFrom(r, bytes.length);
}

export interface RaftVoteRequest {
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly transfer: boolean;
}
/** A RaftVoteRequest with every field that is not given at its zero value. */
export function newRaftVoteRequest(init: Partial<RaftVoteRequest> = {}): RaftVoteRequest {
  return { lastIndex: 0, lastTerm: 0, transfer: false, ...init };
}
export function encodeRaftVoteRequestInto(m: RaftVoteRequest, w: Writer): Writer {
  if (m.lastIndex !== 0) w.uint32(8).uint64(m.lastIndex);
  if (m.lastTerm !== 0) w.uint32(16).uint64(m.lastTerm);
  if (m.transfer !== false) w.uint32(24).bool(m.transfer);
  return w;
}
export function encodeRaftVoteRequest(m: RaftVoteRequest): Uint8Array {
  return encodeRaftVoteRequestInto(m, Writer.create()).finish();
}
export function decodeRaftVoteRequestFrom(r: Reader, length: number): RaftVoteRequest {
  const end = r.pos + length;

  const m: Mutable<RaftVoteRequest> = newRaftVoteRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.lastIndex = toNumber(r.uint64());
        break;
      case 2:
        m.lastTerm = toNumber(r.uint64());
        break;
      case 3:
        m.transfer = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftVoteRequest. */
export function decodeRaftVoteRequest(bytes: Uint8Array): RaftVoteRequest {
  const r = Reader.create(bytes);
  return decodeRaftVoteRequestFrom(r, bytes.length);
}

export interface RaftVoteResponse {
  readonly granted: boolean;
}
/** A RaftVoteResponse with every field that is not given at its zero value. */
export function newRaftVoteResponse(init: Partial<RaftVoteResponse> = {}): RaftVoteResponse {
  return { granted: false, ...init };
}
export function encodeRaftVoteResponseInto(m: RaftVoteResponse, w: Writer): Writer {
  if (m.granted !== false) w.uint32(8).bool(m.granted);
  return w;
}
export function encodeRaftVoteResponse(m: RaftVoteResponse): Uint8Array {
  return encodeRaftVoteResponseInto(m, Writer.create()).finish();
}
export function decodeRaftVoteResponseFrom(r: Reader, length: number): RaftVoteResponse {
  const end = r.pos + length;

  const m: Mutable<RaftVoteResponse> = newRaftVoteResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.granted = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftVoteResponse. */
export function decodeRaftVoteResponse(bytes: Uint8Array): RaftVoteResponse {
  const r = Reader.create(bytes);
  return decodeRaftVoteResponseFrom(r, bytes.length);
}

export interface RaftAppend {
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly RaftEntry[];
  readonly commit: number;
}
/** A RaftAppend with every field that is not given at its zero value. */
export function newRaftAppend(init: Partial<RaftAppend> = {}): RaftAppend {
  return { prevIndex: 0, prevTerm: 0, entries: [], commit: 0, ...init };
}
export function encodeRaftAppendInto(m: RaftAppend, w: Writer): Writer {
  if (m.prevIndex !== 0) w.uint32(8).uint64(m.prevIndex);
  if (m.prevTerm !== 0) w.uint32(16).uint64(m.prevTerm);
  for (const value of m.entries) encodeRaftEntryInto(value, w.uint32(26).fork()).ldelim();
  if (m.commit !== 0) w.uint32(32).uint64(m.commit);
  return w;
}
export function encodeRaftAppend(m: RaftAppend): Uint8Array {
  return encodeRaftAppendInto(m, Writer.create()).finish();
}
export function decodeRaftAppendFrom(r: Reader, length: number): RaftAppend {
  const end = r.pos + length;
  const entries: RaftEntry[] = [];
  const m: Mutable<RaftAppend> = newRaftAppend({ entries });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.prevIndex = toNumber(r.uint64());
        break;
      case 2:
        m.prevTerm = toNumber(r.uint64());
        break;
      case 3:
        entries.push(decodeRaftEntryFrom(r, r.uint32()));
        break;
      case 4:
        m.commit = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftAppend. */
export function decodeRaftAppend(bytes: Uint8Array): RaftAppend {
  const r = Reader.create(bytes);
  return decodeRaftAppendFrom(r, bytes.length);
}

export interface RaftAppendAccepted {
  readonly matchIndex: number;
}
/** A RaftAppendAccepted with every field that is not given at its zero value. */
export function newRaftAppendAccepted(init: Partial<RaftAppendAccepted> = {}): RaftAppendAccepted {
  return { matchIndex: 0, ...init };
}
export function encodeRaftAppendAcceptedInto(m: RaftAppendAccepted, w: Writer): Writer {
  if (m.matchIndex !== 0) w.uint32(8).uint64(m.matchIndex);
  return w;
}
export function encodeRaftAppendAccepted(m: RaftAppendAccepted): Uint8Array {
  return encodeRaftAppendAcceptedInto(m, Writer.create()).finish();
}
export function decodeRaftAppendAcceptedFrom(r: Reader, length: number): RaftAppendAccepted {
  const end = r.pos + length;

  const m: Mutable<RaftAppendAccepted> = newRaftAppendAccepted();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.matchIndex = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftAppendAccepted. */
export function decodeRaftAppendAccepted(bytes: Uint8Array): RaftAppendAccepted {
  const r = Reader.create(bytes);
  return decodeRaftAppendAcceptedFrom(r, bytes.length);
}

export interface RaftAppendRejected {
  readonly rejectedIndex: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}
/** A RaftAppendRejected with every field that is not given at its zero value. */
export function newRaftAppendRejected(init: Partial<RaftAppendRejected> = {}): RaftAppendRejected {
  return { rejectedIndex: 0, hintIndex: 0, hintTerm: 0, ...init };
}
export function encodeRaftAppendRejectedInto(m: RaftAppendRejected, w: Writer): Writer {
  if (m.rejectedIndex !== 0) w.uint32(8).uint64(m.rejectedIndex);
  if (m.hintIndex !== 0) w.uint32(16).uint64(m.hintIndex);
  if (m.hintTerm !== 0) w.uint32(24).uint64(m.hintTerm);
  return w;
}
export function encodeRaftAppendRejected(m: RaftAppendRejected): Uint8Array {
  return encodeRaftAppendRejectedInto(m, Writer.create()).finish();
}
export function decodeRaftAppendRejectedFrom(r: Reader, length: number): RaftAppendRejected {
  const end = r.pos + length;

  const m: Mutable<RaftAppendRejected> = newRaftAppendRejected();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.rejectedIndex = toNumber(r.uint64());
        break;
      case 2:
        m.hintIndex = toNumber(r.uint64());
        break;
      case 3:
        m.hintTerm = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftAppendRejected. */
export function decodeRaftAppendRejected(bytes: Uint8Array): RaftAppendRejected {
  const r = Reader.create(bytes);
  return decodeRaftAppendRejectedFrom(r, bytes.length);
}

export interface RaftHeartbeat {
  readonly commit: number;
  readonly readRound: number;
}
/** A RaftHeartbeat with every field that is not given at its zero value. */
export function newRaftHeartbeat(init: Partial<RaftHeartbeat> = {}): RaftHeartbeat {
  return { commit: 0, readRound: 0, ...init };
}
export function encodeRaftHeartbeatInto(m: RaftHeartbeat, w: Writer): Writer {
  if (m.commit !== 0) w.uint32(8).uint64(m.commit);
  if (m.readRound !== 0) w.uint32(16).uint64(m.readRound);
  return w;
}
export function encodeRaftHeartbeat(m: RaftHeartbeat): Uint8Array {
  return encodeRaftHeartbeatInto(m, Writer.create()).finish();
}
export function decodeRaftHeartbeatFrom(r: Reader, length: number): RaftHeartbeat {
  const end = r.pos + length;

  const m: Mutable<RaftHeartbeat> = newRaftHeartbeat();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.commit = toNumber(r.uint64());
        break;
      case 2:
        m.readRound = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftHeartbeat. */
export function decodeRaftHeartbeat(bytes: Uint8Array): RaftHeartbeat {
  const r = Reader.create(bytes);
  return decodeRaftHeartbeatFrom(r, bytes.length);
}

export interface RaftHeartbeatResponse {
  readonly readRound: number;
  /** The sender is there, and its disk has not finished a write for long: it takes nothing, and does not vote. */
  readonly diskOverdue: boolean;
}
/** A RaftHeartbeatResponse with every field that is not given at its zero value. */
export function newRaftHeartbeatResponse(init: Partial<RaftHeartbeatResponse> = {}): RaftHeartbeatResponse {
  return { readRound: 0, diskOverdue: false, ...init };
}
export function encodeRaftHeartbeatResponseInto(m: RaftHeartbeatResponse, w: Writer): Writer {
  if (m.readRound !== 0) w.uint32(8).uint64(m.readRound);
  if (m.diskOverdue !== false) w.uint32(16).bool(m.diskOverdue);
  return w;
}
export function encodeRaftHeartbeatResponse(m: RaftHeartbeatResponse): Uint8Array {
  return encodeRaftHeartbeatResponseInto(m, Writer.create()).finish();
}
export function decodeRaftHeartbeatResponseFrom(r: Reader, length: number): RaftHeartbeatResponse {
  const end = r.pos + length;

  const m: Mutable<RaftHeartbeatResponse> = newRaftHeartbeatResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.readRound = toNumber(r.uint64());
        break;
      case 2:
        m.diskOverdue = r.bool();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftHeartbeatResponse. */
export function decodeRaftHeartbeatResponse(bytes: Uint8Array): RaftHeartbeatResponse {
  const r = Reader.create(bytes);
  return decodeRaftHeartbeatResponseFrom(r, bytes.length);
}

export interface RaftTimeoutNow {

}
/** A RaftTimeoutNow with every field that is not given at its zero value. */
export function newRaftTimeoutNow(init: Partial<RaftTimeoutNow> = {}): RaftTimeoutNow {
  return { ...init };
}
export function encodeRaftTimeoutNowInto(_m: RaftTimeoutNow, w: Writer): Writer {

  return w;
}
export function encodeRaftTimeoutNow(m: RaftTimeoutNow): Uint8Array {
  return encodeRaftTimeoutNowInto(m, Writer.create()).finish();
}
export function decodeRaftTimeoutNowFrom(r: Reader, length: number): RaftTimeoutNow {
  const end = r.pos + length;

  const m: Mutable<RaftTimeoutNow> = newRaftTimeoutNow();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftTimeoutNow. */
export function decodeRaftTimeoutNow(bytes: Uint8Array): RaftTimeoutNow {
  const r = Reader.create(bytes);
  return decodeRaftTimeoutNowFrom(r, bytes.length);
}

export interface RaftNewerTerm {

}
/** A RaftNewerTerm with every field that is not given at its zero value. */
export function newRaftNewerTerm(init: Partial<RaftNewerTerm> = {}): RaftNewerTerm {
  return { ...init };
}
export function encodeRaftNewerTermInto(_m: RaftNewerTerm, w: Writer): Writer {

  return w;
}
export function encodeRaftNewerTerm(m: RaftNewerTerm): Uint8Array {
  return encodeRaftNewerTermInto(m, Writer.create()).finish();
}
export function decodeRaftNewerTermFrom(r: Reader, length: number): RaftNewerTerm {
  const end = r.pos + length;

  const m: Mutable<RaftNewerTerm> = newRaftNewerTerm();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftNewerTerm. */
export function decodeRaftNewerTerm(bytes: Uint8Array): RaftNewerTerm {
  const r = Reader.create(bytes);
  return decodeRaftNewerTermFrom(r, bytes.length);
}

export interface RaftRemoved {

}
/** A RaftRemoved with every field that is not given at its zero value. */
export function newRaftRemoved(init: Partial<RaftRemoved> = {}): RaftRemoved {
  return { ...init };
}
export function encodeRaftRemovedInto(_m: RaftRemoved, w: Writer): Writer {

  return w;
}
export function encodeRaftRemoved(m: RaftRemoved): Uint8Array {
  return encodeRaftRemovedInto(m, Writer.create()).finish();
}
export function decodeRaftRemovedFrom(r: Reader, length: number): RaftRemoved {
  const end = r.pos + length;

  const m: Mutable<RaftRemoved> = newRaftRemoved();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftRemoved. */
export function decodeRaftRemoved(bytes: Uint8Array): RaftRemoved {
  const r = Reader.create(bytes);
  return decodeRaftRemovedFrom(r, bytes.length);
}

export interface RaftMessage {
  readonly from: number;
  readonly to: number;
  readonly term: number;
  readonly body?:
    | ({ readonly kind: "preVoteRequest" } & RaftPreVoteRequest)
    | ({ readonly kind: "preVoteResponse" } & RaftPreVoteResponse)
    | ({ readonly kind: "voteRequest" } & RaftVoteRequest)
    | ({ readonly kind: "voteResponse" } & RaftVoteResponse)
    | ({ readonly kind: "append" } & RaftAppend)
    | ({ readonly kind: "appendAccepted" } & RaftAppendAccepted)
    | ({ readonly kind: "appendRejected" } & RaftAppendRejected)
    | ({ readonly kind: "heartbeat" } & RaftHeartbeat)
    | ({ readonly kind: "heartbeatResponse" } & RaftHeartbeatResponse)
    | ({ readonly kind: "timeoutNow" } & RaftTimeoutNow)
    | ({ readonly kind: "newerTerm" } & RaftNewerTerm)
    | ({ readonly kind: "removed" } & RaftRemoved)
    | undefined;
}
/** A RaftMessage with every field that is not given at its zero value. */
export function newRaftMessage(init: Partial<RaftMessage> = {}): RaftMessage {
  return { from: 0, to: 0, term: 0, ...init };
}
export function encodeRaftMessageInto(m: RaftMessage, w: Writer): Writer {
  if (m.from !== 0) w.uint32(8).uint64(m.from);
  if (m.to !== 0) w.uint32(16).uint64(m.to);
  if (m.term !== 0) w.uint32(24).uint64(m.term);
  switch (m.body?.kind) {
    case "preVoteRequest":
      encodeRaftPreVoteRequestInto(m.body, w.uint32(34).fork()).ldelim();
      break;
    case "preVoteResponse":
      encodeRaftPreVoteResponseInto(m.body, w.uint32(42).fork()).ldelim();
      break;
    case "voteRequest":
      encodeRaftVoteRequestInto(m.body, w.uint32(50).fork()).ldelim();
      break;
    case "voteResponse":
      encodeRaftVoteResponseInto(m.body, w.uint32(58).fork()).ldelim();
      break;
    case "append":
      encodeRaftAppendInto(m.body, w.uint32(66).fork()).ldelim();
      break;
    case "appendAccepted":
      encodeRaftAppendAcceptedInto(m.body, w.uint32(74).fork()).ldelim();
      break;
    case "appendRejected":
      encodeRaftAppendRejectedInto(m.body, w.uint32(82).fork()).ldelim();
      break;
    case "heartbeat":
      encodeRaftHeartbeatInto(m.body, w.uint32(90).fork()).ldelim();
      break;
    case "heartbeatResponse":
      encodeRaftHeartbeatResponseInto(m.body, w.uint32(98).fork()).ldelim();
      break;
    case "timeoutNow":
      encodeRaftTimeoutNowInto(m.body, w.uint32(106).fork()).ldelim();
      break;
    case "newerTerm":
      encodeRaftNewerTermInto(m.body, w.uint32(114).fork()).ldelim();
      break;
    case "removed":
      encodeRaftRemovedInto(m.body, w.uint32(122).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeRaftMessage(m: RaftMessage): Uint8Array {
  return encodeRaftMessageInto(m, Writer.create()).finish();
}
export function decodeRaftMessageFrom(r: Reader, length: number): RaftMessage {
  const end = r.pos + length;

  const m: Mutable<RaftMessage> = newRaftMessage();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.from = toNumber(r.uint64());
        break;
      case 2:
        m.to = toNumber(r.uint64());
        break;
      case 3:
        m.term = toNumber(r.uint64());
        break;
      case 4:
        m.body = { kind: "preVoteRequest", ...decodeRaftPreVoteRequestFrom(r, r.uint32()) };
        break;
      case 5:
        m.body = { kind: "preVoteResponse", ...decodeRaftPreVoteResponseFrom(r, r.uint32()) };
        break;
      case 6:
        m.body = { kind: "voteRequest", ...decodeRaftVoteRequestFrom(r, r.uint32()) };
        break;
      case 7:
        m.body = { kind: "voteResponse", ...decodeRaftVoteResponseFrom(r, r.uint32()) };
        break;
      case 8:
        m.body = { kind: "append", ...decodeRaftAppendFrom(r, r.uint32()) };
        break;
      case 9:
        m.body = { kind: "appendAccepted", ...decodeRaftAppendAcceptedFrom(r, r.uint32()) };
        break;
      case 10:
        m.body = { kind: "appendRejected", ...decodeRaftAppendRejectedFrom(r, r.uint32()) };
        break;
      case 11:
        m.body = { kind: "heartbeat", ...decodeRaftHeartbeatFrom(r, r.uint32()) };
        break;
      case 12:
        m.body = { kind: "heartbeatResponse", ...decodeRaftHeartbeatResponseFrom(r, r.uint32()) };
        break;
      case 13:
        m.body = { kind: "timeoutNow", ...decodeRaftTimeoutNowFrom(r, r.uint32()) };
        break;
      case 14:
        m.body = { kind: "newerTerm", ...decodeRaftNewerTermFrom(r, r.uint32()) };
        break;
      case 15:
        m.body = { kind: "removed", ...decodeRaftRemovedFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftMessage. */
export function decodeRaftMessage(bytes: Uint8Array): RaftMessage {
  const r = Reader.create(bytes);
  return decodeRaftMessageFrom(r, bytes.length);
}

export interface RaftBatch {
  readonly messages: readonly RaftMessage[];
  /** Where the sender answers; in the first batch of a stream. An address is an attribute and may change. */
  readonly senderAddr: string;
  readonly senderRaftId: number;
}
/** A RaftBatch with every field that is not given at its zero value. */
export function newRaftBatch(init: Partial<RaftBatch> = {}): RaftBatch {
  return { messages: [], senderAddr: "", senderRaftId: 0, ...init };
}
export function encodeRaftBatchInto(m: RaftBatch, w: Writer): Writer {
  for (const value of m.messages) encodeRaftMessageInto(value, w.uint32(10).fork()).ldelim();
  if (m.senderAddr !== "") w.uint32(18).string(m.senderAddr);
  if (m.senderRaftId !== 0) w.uint32(24).uint64(m.senderRaftId);
  return w;
}
export function encodeRaftBatch(m: RaftBatch): Uint8Array {
  return encodeRaftBatchInto(m, Writer.create()).finish();
}
export function decodeRaftBatchFrom(r: Reader, length: number): RaftBatch {
  const end = r.pos + length;
  const messages: RaftMessage[] = [];
  const m: Mutable<RaftBatch> = newRaftBatch({ messages });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        messages.push(decodeRaftMessageFrom(r, r.uint32()));
        break;
      case 2:
        m.senderAddr = r.string();
        break;
      case 3:
        m.senderRaftId = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftBatch. */
export function decodeRaftBatch(bytes: Uint8Array): RaftBatch {
  const r = Reader.create(bytes);
  return decodeRaftBatchFrom(r, bytes.length);
}

/** The first piece carries the head. */
export interface RaftSnapshotPiece {
  readonly from: number;
  readonly to: number;
  readonly term: number;
  readonly head?: RaftSnapshotHead | undefined;
  readonly data: Uint8Array;
}
/** A RaftSnapshotPiece with every field that is not given at its zero value. */
export function newRaftSnapshotPiece(init: Partial<RaftSnapshotPiece> = {}): RaftSnapshotPiece {
  return { from: 0, to: 0, term: 0, data: EMPTY, ...init };
}
export function encodeRaftSnapshotPieceInto(m: RaftSnapshotPiece, w: Writer): Writer {
  if (m.from !== 0) w.uint32(8).uint64(m.from);
  if (m.to !== 0) w.uint32(16).uint64(m.to);
  if (m.term !== 0) w.uint32(24).uint64(m.term);
  if (m.head !== undefined) encodeRaftSnapshotHeadInto(m.head, w.uint32(34).fork()).ldelim();
  if (m.data.length > 0) w.uint32(42).bytes(m.data);
  return w;
}
export function encodeRaftSnapshotPiece(m: RaftSnapshotPiece): Uint8Array {
  return encodeRaftSnapshotPieceInto(m, Writer.create()).finish();
}
export function decodeRaftSnapshotPieceFrom(r: Reader, length: number): RaftSnapshotPiece {
  const end = r.pos + length;

  const m: Mutable<RaftSnapshotPiece> = newRaftSnapshotPiece();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.from = toNumber(r.uint64());
        break;
      case 2:
        m.to = toNumber(r.uint64());
        break;
      case 3:
        m.term = toNumber(r.uint64());
        break;
      case 4:
        m.head = decodeRaftSnapshotHeadFrom(r, r.uint32());
        break;
      case 5:
        m.data = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftSnapshotPiece. */
export function decodeRaftSnapshotPiece(bytes: Uint8Array): RaftSnapshotPiece {
  const r = Reader.create(bytes);
  return decodeRaftSnapshotPieceFrom(r, bytes.length);
}

export interface RaftSnapshotTaken {

}
/** A RaftSnapshotTaken with every field that is not given at its zero value. */
export function newRaftSnapshotTaken(init: Partial<RaftSnapshotTaken> = {}): RaftSnapshotTaken {
  return { ...init };
}
export function encodeRaftSnapshotTakenInto(_m: RaftSnapshotTaken, w: Writer): Writer {

  return w;
}
export function encodeRaftSnapshotTaken(m: RaftSnapshotTaken): Uint8Array {
  return encodeRaftSnapshotTakenInto(m, Writer.create()).finish();
}
export function decodeRaftSnapshotTakenFrom(r: Reader, length: number): RaftSnapshotTaken {
  const end = r.pos + length;

  const m: Mutable<RaftSnapshotTaken> = newRaftSnapshotTaken();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a RaftSnapshotTaken. */
export function decodeRaftSnapshotTaken(bytes: Uint8Array): RaftSnapshotTaken {
  const r = Reader.create(bytes);
  return decodeRaftSnapshotTakenFrom(r, bytes.length);
}

export interface JoinRaftRequest {
  readonly nodeId: string;
  /** host:port where the joining manager's daemon answers. */
  readonly addr: string;
}
/** A JoinRaftRequest with every field that is not given at its zero value. */
export function newJoinRaftRequest(init: Partial<JoinRaftRequest> = {}): JoinRaftRequest {
  return { nodeId: "", addr: "", ...init };
}
export function encodeJoinRaftRequestInto(m: JoinRaftRequest, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.addr !== "") w.uint32(18).string(m.addr);
  return w;
}
export function encodeJoinRaftRequest(m: JoinRaftRequest): Uint8Array {
  return encodeJoinRaftRequestInto(m, Writer.create()).finish();
}
export function decodeJoinRaftRequestFrom(r: Reader, length: number): JoinRaftRequest {
  const end = r.pos + length;

  const m: Mutable<JoinRaftRequest> = newJoinRaftRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = r.string();
        break;
      case 2:
        m.addr = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a JoinRaftRequest. */
export function decodeJoinRaftRequest(bytes: Uint8Array): JoinRaftRequest {
  const r = Reader.create(bytes);
  return decodeJoinRaftRequestFrom(r, bytes.length);
}

export interface JoinRaftResponse {
  readonly raftId: number;
  readonly members: readonly RaftMemberInfo[];
}
/** A JoinRaftResponse with every field that is not given at its zero value. */
export function newJoinRaftResponse(init: Partial<JoinRaftResponse> = {}): JoinRaftResponse {
  return { raftId: 0, members: [], ...init };
}
export function encodeJoinRaftResponseInto(m: JoinRaftResponse, w: Writer): Writer {
  if (m.raftId !== 0) w.uint32(8).uint64(m.raftId);
  for (const value of m.members) encodeRaftMemberInfoInto(value, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeJoinRaftResponse(m: JoinRaftResponse): Uint8Array {
  return encodeJoinRaftResponseInto(m, Writer.create()).finish();
}
export function decodeJoinRaftResponseFrom(r: Reader, length: number): JoinRaftResponse {
  const end = r.pos + length;
  const members: RaftMemberInfo[] = [];
  const m: Mutable<JoinRaftResponse> = newJoinRaftResponse({ members });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.raftId = toNumber(r.uint64());
        break;
      case 2:
        members.push(decodeRaftMemberInfoFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a JoinRaftResponse. */
export function decodeJoinRaftResponse(bytes: Uint8Array): JoinRaftResponse {
  const r = Reader.create(bytes);
  return decodeJoinRaftResponseFrom(r, bytes.length);
}

export interface LeaveRaftRequest {
  readonly nodeId: string;
}
/** A LeaveRaftRequest with every field that is not given at its zero value. */
export function newLeaveRaftRequest(init: Partial<LeaveRaftRequest> = {}): LeaveRaftRequest {
  return { nodeId: "", ...init };
}
export function encodeLeaveRaftRequestInto(m: LeaveRaftRequest, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  return w;
}
export function encodeLeaveRaftRequest(m: LeaveRaftRequest): Uint8Array {
  return encodeLeaveRaftRequestInto(m, Writer.create()).finish();
}
export function decodeLeaveRaftRequestFrom(r: Reader, length: number): LeaveRaftRequest {
  const end = r.pos + length;

  const m: Mutable<LeaveRaftRequest> = newLeaveRaftRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaveRaftRequest. */
export function decodeLeaveRaftRequest(bytes: Uint8Array): LeaveRaftRequest {
  const r = Reader.create(bytes);
  return decodeLeaveRaftRequestFrom(r, bytes.length);
}

export interface LeaveRaftResponse {

}
/** A LeaveRaftResponse with every field that is not given at its zero value. */
export function newLeaveRaftResponse(init: Partial<LeaveRaftResponse> = {}): LeaveRaftResponse {
  return { ...init };
}
export function encodeLeaveRaftResponseInto(_m: LeaveRaftResponse, w: Writer): Writer {

  return w;
}
export function encodeLeaveRaftResponse(m: LeaveRaftResponse): Uint8Array {
  return encodeLeaveRaftResponseInto(m, Writer.create()).finish();
}
export function decodeLeaveRaftResponseFrom(r: Reader, length: number): LeaveRaftResponse {
  const end = r.pos + length;

  const m: Mutable<LeaveRaftResponse> = newLeaveRaftResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaveRaftResponse. */
export function decodeLeaveRaftResponse(bytes: Uint8Array): LeaveRaftResponse {
  const r = Reader.create(bytes);
  return decodeLeaveRaftResponseFrom(r, bytes.length);
}

export const RaftService = {
  installSnapshot: {
    path: "/skep.v1.Raft/InstallSnapshot",
    requestStream: true,
    responseStream: false,
    requestSerialize: (m: RaftSnapshotPiece): Buffer => asBuffer(encodeRaftSnapshotPiece(m)),
    requestDeserialize: (b: Buffer): RaftSnapshotPiece => decodeBounded(decodeRaftSnapshotPiece, b, 1000000),
    responseSerialize: (m: RaftSnapshotTaken): Buffer => asBuffer(encodeRaftSnapshotTaken(m)),
    responseDeserialize: decodeRaftSnapshotTaken as (b: Buffer) => RaftSnapshotTaken,
  },
  /**
   * Makes the caller's node a member and tells its raft id. Each call gives out a new id: one whose node is a member already
   * replaces it, because a member that asks to join has lost its log. Any member answers; a follower asks the leader.
   */
  joinRaft: {
    path: "/skep.v1.Raft/JoinRaft",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: JoinRaftRequest): Buffer => asBuffer(encodeJoinRaftRequest(m)),
    requestDeserialize: (b: Buffer): JoinRaftRequest => decodeBounded(decodeJoinRaftRequest, b, 1000000),
    responseSerialize: (m: JoinRaftResponse): Buffer => asBuffer(encodeJoinRaftResponse(m)),
    responseDeserialize: decodeJoinRaftResponse as (b: Buffer) => JoinRaftResponse,
  },
  /** Removes the node's membership; no error when it has none. failed_precondition when the rest would be no majority. */
  leaveRaft: {
    path: "/skep.v1.Raft/LeaveRaft",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: LeaveRaftRequest): Buffer => asBuffer(encodeLeaveRaftRequest(m)),
    requestDeserialize: (b: Buffer): LeaveRaftRequest => decodeBounded(decodeLeaveRaftRequest, b, 1000000),
    responseSerialize: (m: LeaveRaftResponse): Buffer => asBuffer(encodeLeaveRaftResponse(m)),
    responseDeserialize: decodeLeaveRaftResponse as (b: Buffer) => LeaveRaftResponse,
  },
} as const;
