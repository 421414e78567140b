// What the agent remembers of its tasks over a restart: one small file per task, replaced by rename, so that a killed
// daemon leaves either the old or the new one. Nothing is synced: after a power cut the containers are gone too, and
// managers send the tasks again with the state they knew. A file that a power cut tore fails its checksum and is dropped.
//
// File: crc32 of the rest (4 bytes, little endian), length of the stop signal (1 byte), stop signal, Task message.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { decodeTask, encodeTask, type Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { isId, type TaskId } from "../../shared/model/ids.ts";
import { createGate } from "./gate.ts";

export interface TaskRecord {
  /** As assigned, with the status as last observed here. */
  readonly task: Task;
  /** What the image wants to be stopped with; empty when unknown. */
  readonly imageStopSignal: string;
}

export interface TaskFiles {
  /** What an earlier life left. Damaged files are dropped with a warning. */
  readonly load: () => Promise<readonly TaskRecord[]>;
  /** Resolves when a crash of the daemon can no longer lose it. @throws `resource_exhausted` when the disk is full. */
  readonly save: (record: TaskRecord) => Promise<void>;
  readonly remove: (id: TaskId) => Promise<void>;
}

const PARALLEL_WRITES = 8;

/** Forgets with the process: for simulated agents. */
export function memoryTaskFiles(records = new Map<TaskId, TaskRecord>()): TaskFiles {
  return {
    load: async () => [...records.values()],
    save: async (record) => void records.set(record.task.id, record),
    remove: async (id) => void records.delete(id),
  };
}

/** @param dir made when missing; holds nothing else. */
export async function openTaskFiles(dir: string, log: Log): Promise<TaskFiles> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const gate = createGate(PARALLEL_WRITES);
  const never = new AbortController().signal;
  const last = new Map<TaskId, Promise<void>>();

  // Writes of one task follow one another; those of different tasks run side by side.
  const inOrder = (id: TaskId, work: () => Promise<void>): Promise<void> => {
    const done = (last.get(id) ?? Promise.resolve()).then(() => gate.run(never, work));
    const settled = done
      .catch(() => undefined)
      .then(() => {
        if (last.get(id) === settled) last.delete(id);
      });
    last.set(id, settled);
    return done;
  };

  const write = async (record: TaskRecord): Promise<void> => {
    const path = join(dir, record.task.id);
    try {
      await writeFile(`${path}.new`, encodeRecord(record), { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      throw diskError(`cannot record task ${record.task.id} in ${dir}`, error);
    }
  };

  const load = async (): Promise<readonly TaskRecord[]> => {
    const records: TaskRecord[] = [];
    for (const name of await readdir(dir)) {
      const path = join(dir, name);
      const record = isId(name) ? decodeRecord(await readFile(path)) : undefined;
      if (record?.task.id === name) records.push(record);
      else {
        if (!name.endsWith(".new")) log.warn({ path }, "dropped a damaged task record");
        await rm(path, { force: true });
      }
    }
    return records;
  };

  return {
    load,
    save: (record) => inOrder(record.task.id, () => write(record)),
    remove: (id) => inOrder(id, () => rm(join(dir, id), { force: true })),
  };
}

export function encodeRecord(record: TaskRecord): Uint8Array {
  const stopSignal = Buffer.from(record.imageStopSignal).subarray(0, 255);
  const body = Buffer.concat([Buffer.of(stopSignal.length), stopSignal, encodeTask(record.task)]);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(crc32(body));
  return Buffer.concat([head, body]);
}

/** Undefined when damaged. */
export function decodeRecord(bytes: Buffer): TaskRecord | undefined {
  if (bytes.length < 5) return undefined;
  const body = bytes.subarray(4);
  if (bytes.readUInt32LE(0) !== crc32(body)) return undefined;
  const taskAt = 1 + body.readUInt8(0);
  try {
    return { imageStopSignal: body.subarray(1, taskAt).toString(), task: decodeTask(body.subarray(taskAt)) };
  } catch {
    return undefined; // written by a newer version: managers send it again
  }
}

function diskError(what: string, error: unknown): SkepError {
  const { code, message } = SkepError.from(error);
  const full = error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  return new SkepError(full ? "resource_exhausted" : code, `${what}: ${full ? "no space left on device" : message}`, {
    cause: error,
  });
}
