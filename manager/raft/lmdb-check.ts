// What would kill the process rather than throw: LMDB maps its file into memory and believes it. A file that ends early is
// SIGBUS at the first read behind its end, a wrong first page is SIGSEGV in `open`. So the first two pages, which say where
// everything is, are looked at before the file is opened, and a file that is too short gets its missing end back as zeros,
// which LMDB tells from a page and throws. (A short file may be whole: pages that one transaction took and gave back at the
// end are never written.) The values themselves are authenticated when they are read.
//
// Noise in the tree between them can still kill the process. `Opening` counts how often that happened: after a few times the
// daemon says so and stays, instead of dying again and again.
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SkepError } from "../../shared/errors.ts";

const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const TXN_AT = 152;
const META_BYTES = 160;
const PAGE_SIZES = [4096, 8192, 16_384, 32_768, 65_536];

const damaged = (file: string, why: string): SkepError => new SkepError("internal", `${file} is damaged: ${why}`);

/**
 * No file, or an empty one, is fine: there is nothing yet.
 * @returns words about its end, when it was too short; empty otherwise.
 * @throws {SkepError} `internal`, naming the file.
 */
export function checkLmdbFile(file: string): string {
  const size = existsSync(file) ? statSync(file).size : 0;
  if (size === 0) return "";
  const bytes = readStart(file);
  const pageSize = bytes.length >= META_BYTES ? bytes.readUInt32LE(PAGE_SIZE_AT) : 0;
  if (!PAGE_SIZES.includes(pageSize) || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) {
    throw damaged(file, size < META_BYTES ? `it ends after ${size} bytes` : "its first page is not that of a database");
  }
  if (size < pageSize * 2) throw damaged(file, `it ends after ${size} bytes, within its first pages`);
  const second = bytes.subarray(pageSize, pageSize + META_BYTES);
  if (second.length < META_BYTES || second.readUInt32LE(MAGIC_AT) !== MAGIC) {
    throw damaged(file, "its second page is not that of a database");
  }
  const newest = [bytes, second].reduce((a, b) => (b.readBigUInt64LE(TXN_AT) > a.readBigUInt64LE(TXN_AT) ? b : a));
  const wholeBytes = (Number(newest.readBigUInt64LE(LAST_PAGE_AT)) + 1) * pageSize;
  if (size >= wholeBytes) return "";
  truncateSync(file, wholeBytes);
  return `${file} ended after ${size} of ${wholeBytes} bytes`;
}

function readStart(file: string): Buffer {
  const bytes = Buffer.alloc(2 * (PAGE_SIZES.at(-1) ?? 0));
  const from = openSync(file, "r");
  try {
    return bytes.subarray(0, readSync(from, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(from);
  }
}

const MAX_DEATHS = 3;

/**
 * To be called before the log in `dir` is read for the first time; the result is called once it has been, or was refused.
 * @throws {SkepError} `internal` when the process died in between several times in a row.
 */
export function beginOpening(dir: string): () => void {
  const file = join(dir, "opening");
  if (!existsSync(dir)) return () => undefined;
  const deaths = existsSync(file) ? Number(readFileSync(file, "utf8")) || 0 : 0;
  if (deaths >= MAX_DEATHS) {
    throw damaged(
      join(dir, "data.mdb"),
      `the daemon died ${deaths} times in a row while it read it (remove ${file} to let it try again)`,
    );
  }
  writeFileSync(file, `${deaths + 1}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}
