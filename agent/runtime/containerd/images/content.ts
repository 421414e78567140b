// containerd's content store: blobs by digest. A write is a stream under a reference; one that breaks off can be resumed
// where it ended, and what is committed was hashed by containerd.
import {
  ContentService,
  type ContentWriteRequest,
  newContentInfo,
  newContentWriteRequest,
} from "../../../../proto/gen/containerd_content.ts";
import { isCode, SkepError } from "../../../../shared/errors.ts";
import { verifyBytes } from "../../../../shared/image/digest.ts";
import { duplex } from "../../../../shared/rpc/client.ts";
import type { ContainerdClient } from "../client.ts";
import { imageError } from "./errors.ts";
import { underLease } from "./leases.ts";

/** Small pieces are put together: each message costs containerd an answer. */
const MESSAGE_BYTES = 512 * 1024;

export interface BlobWrite {
  /** Name of the write: the same for every try, so that a new one goes on where the last one ended. */
  readonly ref: string;
  readonly digest: string;
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly lease: string;
  /** The bytes from `offset` on. */
  readonly open: (offset: number) => AsyncIterable<Uint8Array>;
}

/** Of content that is hashed while it is written. */
export type UnnamedWrite = Omit<BlobWrite, "digest" | "open"> & {
  readonly data: AsyncIterable<Uint8Array>;
  /** Asked when all data was read. */
  readonly digest: () => string;
};

export interface ContentStore {
  readonly size: (digest: string, signal: AbortSignal) => Promise<number | undefined>;
  /** A whole blob, verified. @throws {SkepError} `not_found`; `invalid_argument` when larger than `maxBytes`. */
  readonly read: (digest: string, maxBytes: number, signal: AbortSignal) => Promise<Uint8Array>;
  /**
   * Stores a blob; no error when it is there already.
   * @throws {SkepError} `invalid_argument`: not what its digest says (the write is given up). `resource_exhausted`: disk
   * full. `unavailable`: somebody else writes it, or containerd went away. @throws whatever `open` throws.
   */
  readonly write: (blob: BlobWrite, signal: AbortSignal) => Promise<void>;
  readonly writeUnnamed: (blob: UnnamedWrite, signal: AbortSignal) => Promise<void>;
  /** Adds to the labels of a blob. */
  readonly label: (digest: string, labels: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<void>;
  /** Gives up a write. No error when there is none. */
  readonly abort: (ref: string, signal: AbortSignal) => Promise<void>;
}

// When the source breaks, what came before it is still handed on: the next try need not fetch it again.
async function* inMessages(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let broken: unknown;
  let isBroken = false;
  try {
    for await (const part of source) {
      parts.push(part);
      size += part.length;
      if (size < MESSAGE_BYTES) continue;
      yield Buffer.concat(parts, size);
      parts = [];
      size = 0;
    }
  } catch (error) {
    isBroken = true;
    broken = error;
  }
  if (size > 0) yield Buffer.concat(parts, size);
  if (isBroken) throw broken;
}

interface Ingest {
  readonly ref: string;
  readonly size: number;
  /** Empty when not known before the end. */
  readonly expected: string;
  readonly digest: () => string;
  readonly labels: Readonly<Record<string, string>>;
  readonly lease: string;
  readonly open: (offset: number) => AsyncIterable<Uint8Array>;
}

export function createContentStore(client: ContainerdClient): ContentStore {
  const ingest = async (blob: Ingest, signal: AbortSignal): Promise<void> => {
    const call = duplex(client.channel, ContentService.write, {
      signal,
      metadata: { ...client.metadata, ...underLease(blob.lease).metadata },
    });
    const answers = call.messages[Symbol.asyncIterator]();
    try {
      call.send(newContentWriteRequest({ action: "stat", ref: blob.ref, total: blob.size, expected: blob.expected }));
      const status = await answers.next();
      if (status.done === true) throw new SkepError("unavailable", "containerd ended a write before it began");
      let offset = status.value.offset;

      // Answers are read while we send; the first failure stops the sending.
      let broken: unknown;
      let isBroken = false;
      let isCommitted = false;
      const reading = (async (): Promise<void> => {
        for (;;) {
          const answer = await answers.next();
          if (answer.done === true) return;
          if (answer.value.action === "commit") isCommitted = true;
        }
      })().catch((error: unknown) => {
        isBroken = true;
        broken = error;
      });
      const send = async (request: Partial<ContentWriteRequest>): Promise<void> => {
        if (!call.send(newContentWriteRequest(request))) await Promise.race([call.drained(), reading]);
        if (isBroken) throw broken;
      };
      if (offset < blob.size || blob.size === 0) {
        try {
          for await (const data of inMessages(blob.open(offset))) {
            await send({ action: "write", ref: blob.ref, offset, data });
            offset += data.length;
          }
        } catch (error) {
          // An end without a commit: containerd keeps what it has.
          if (!isBroken && !signal.aborted) {
            call.end();
            await reading;
          }
          throw error;
        }
      }
      await send({ action: "commit", offset, total: offset, expected: blob.digest(), labels: blob.labels });
      call.end();
      await reading;
      if (isBroken) throw broken;
      if (!isCommitted) throw new SkepError("unavailable", "containerd ended a write without a word");
    } finally {
      call.cancel();
      await answers.return?.(undefined);
    }
  };

  const abort = async (ref: string, signal: AbortSignal): Promise<void> => {
    try {
      await client.call(ContentService.abort, { ref }, signal);
    } catch (error) {
      if (!isCode(error, "not_found")) throw error;
    }
  };

  const label = async (
    digest: string,
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> => {
    const paths = Object.keys(labels).map((key) => `labels.${key}`);
    if (paths.length === 0) return;
    const request = { info: newContentInfo({ digest, labels }), updateMask: { paths } };
    await client.call(ContentService.update, request, signal);
  };

  // Content that is there already only wants its labels.
  const store = async (blob: Ingest, signal: AbortSignal): Promise<void> => {
    try {
      await ingest(blob, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isCode(error, "already_exists")) {
        await label(blob.digest(), blob.labels, signal);
        return;
      }
      const told = imageError(error, `store ${blob.expected || "a layer"}`);
      if (
        told.code === "invalid_argument" ||
        told.code === "resource_exhausted" ||
        isCode(error, "failed_precondition")
      ) {
        await abort(blob.ref, signal);
      }
      throw told;
    }
  };

  return {
    size: async (digest, signal) => {
      try {
        return (await client.call(ContentService.info, { digest }, signal)).info?.size ?? 0;
      } catch (error) {
        if (isCode(error, "not_found")) return undefined;
        throw error;
      }
    },
    read: async (digest, maxBytes, signal) => {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const { data } of client.stream(ContentService.read, { digest, offset: 0, size: 0 }, signal)) {
        size += data.length;
        if (size > maxBytes) throw new SkepError("invalid_argument", `${digest} is larger than ${maxBytes} bytes`);
        parts.push(data);
      }
      const bytes = Buffer.concat(parts, size);
      verifyBytes(bytes, digest, "stored content");
      return bytes;
    },
    write: (blob, signal) => store({ ...blob, expected: blob.digest, digest: () => blob.digest }, signal),
    writeUnnamed: (blob, signal) => store({ ...blob, expected: "", open: () => blob.data }, signal),
    label,
    abort,
  };
}
