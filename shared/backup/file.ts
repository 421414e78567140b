// A backup file: all of a cluster's state at one index of its log. In this order:
//
//   8 bytes    SKEPBAK1
//   4 bytes    length of the header, big endian
//   header     JSON: of which cluster, from when, and how long the rest is
//   snapshot   as the managers' store writes it
//   32 bytes   SHA-256 of everything before
//
// The digest tells damage, not malice: whoever can write the file can write the digest. The file holds the CA's key and all
// secrets, so whoever can read it owns the cluster.
import { createHash } from "node:crypto";
import { SkepError } from "../errors.ts";

export interface BackupHeader {
  readonly clusterId: string;
  /** The program that wrote it. */
  readonly skepVersion: string;
  readonly createdAtMs: number;
  /** The log entry that the snapshot stands for. */
  readonly raftIndex: number;
  readonly raftTerm: number;
  /** Raft ids from here on were never given out. */
  readonly nextRaftId: number;
  readonly snapshotBytes: number;
}

export interface Backup {
  readonly header: BackupHeader;
  readonly snapshot: Uint8Array;
}

const MAGIC = Buffer.from("SKEPBAK1");
const FIXED_BYTES = MAGIC.length + 4;
const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;
/** A cluster's whole state is far below it; more is not read into memory. */
export const MAX_BACKUP_BYTES = 2 ** 30;

/** The file, in pieces of at most `pieceBytes`. */
export function* backupPieces(
  head: Omit<BackupHeader, "snapshotBytes">,
  snapshot: Uint8Array,
  pieceBytes: number,
): Generator<Uint8Array> {
  const header = Buffer.from(JSON.stringify({ ...head, snapshotBytes: snapshot.length } satisfies BackupHeader));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  const digest = createHash("sha256");
  for (const part of [Buffer.concat([MAGIC, length, header]), snapshot]) {
    for (let at = 0; at < part.length; at += pieceBytes) {
      const piece = part.subarray(at, at + pieceBytes);
      digest.update(piece);
      yield piece;
    }
  }
  yield digest.digest();
}

/** @throws {SkepError} `invalid_argument`: not a backup, cut short, or damaged, and which of these. */
export function parseBackup(file: Uint8Array): Backup {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length === 0) throw refused("it is empty");
  const magic = bytes.subarray(0, MAGIC.length);
  if (!MAGIC.subarray(0, magic.length).equals(magic)) throw refused('it is not a file of "skep swarm backup"');
  if (bytes.length < FIXED_BYTES) throw refused(`it ends after ${bytes.length} bytes, within its head`);
  const headerBytes = bytes.readUInt32BE(MAGIC.length);
  if (headerBytes > MAX_HEADER_BYTES) throw refused("it is damaged: its header cannot be that long");
  const from = FIXED_BYTES + headerBytes;
  if (bytes.length < from) throw refused(`it ends after ${bytes.length} bytes, within its header`);
  const header = parseHeader(bytes.toString("utf8", FIXED_BYTES, from));
  const wholeBytes = from + header.snapshotBytes + DIGEST_BYTES;
  if (bytes.length < wholeBytes) throw refused(`it ends after ${bytes.length} of ${wholeBytes} bytes`);
  if (bytes.length > wholeBytes) throw refused(`it is damaged: ${bytes.length - wholeBytes} bytes follow its end`);
  const digestAt = wholeBytes - DIGEST_BYTES;
  const digest = createHash("sha256").update(bytes.subarray(0, digestAt)).digest();
  if (!digest.equals(bytes.subarray(digestAt))) throw refused("it is damaged: its checksum does not match its content");
  return { header, snapshot: bytes.subarray(from, digestAt) };
}

const refused = (why: string): SkepError => new SkepError("invalid_argument", `the backup is refused: ${why}`);

function parseHeader(text: string): BackupHeader {
  const raw = parseJson(text);
  if (typeof raw !== "object" || raw === null) throw refused("it is damaged: its header cannot be read");
  const fields = new Map(Object.entries(raw));
  const textOf = (key: string): string => {
    const value: unknown = fields.get(key);
    if (typeof value !== "string") throw refused(`it is damaged: its header has no ${key}`);
    return value;
  };
  const countOf = (key: string): number => {
    const value: unknown = fields.get(key);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
      throw refused(`it is damaged: its header has no ${key}`);
    return value;
  };
  return {
    clusterId: textOf("clusterId"),
    skepVersion: textOf("skepVersion"),
    createdAtMs: countOf("createdAtMs"),
    raftIndex: countOf("raftIndex"),
    raftTerm: countOf("raftTerm"),
    nextRaftId: countOf("nextRaftId"),
    snapshotBytes: countOf("snapshotBytes"),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
