// One write as bytes: a RaftLogRecord, sealed for its number in the log.
import {
  decodeRaftLogRecord,
  encodeRaftLogRecord,
  type RaftLogBase,
  type RaftLogDrop,
} from "../../../proto/gen/raft.ts";
import { asBuffer } from "../../../proto/wire.ts";
import type { Sealer } from "../../../shared/pki/sealing.ts";
import { checkEntry } from "../codec.ts";
import type { Entry, HardState } from "../core/types.ts";

export interface LogRecord {
  readonly base?: RaftLogBase | undefined;
  readonly hardState?: HardState | undefined;
  readonly drop?: RaftLogDrop | undefined;
  readonly entries: readonly Entry[];
}

/** Of a log that is not sealed. */
export const PLAIN: Sealer = { seal: asBuffer, open: asBuffer };

const placeOf = (number: number): string => `raft/log/${number}`;

export const encodeRecord = (record: LogRecord, number: number, sealer: Sealer): Buffer =>
  sealer.seal(encodeRaftLogRecord(record), placeOf(number));

/** @throws {SkepError} or RangeError when the bytes are not record `number` of this log. */
export function decodeRecord(bytes: Buffer, number: number, sealer: Sealer): LogRecord {
  const record = decodeRaftLogRecord(sealer.open(bytes, placeOf(number)));
  return { ...record, entries: record.entries.map(checkEntry) };
}
