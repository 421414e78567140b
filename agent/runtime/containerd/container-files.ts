// What a container has on the node's disk beside its root file system: a folder with the files bound into its /etc, a mark
// that it was started, and how it exited. The mark and the exit outlive the task inside containerd, and a reboot.
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskId } from "../../../shared/model/ids.ts";
import { isId } from "../../../shared/model/ids.ts";
import type { ContainerExit } from "../runtime.ts";
import type { OutputStream } from "./output.ts";
import type { EtcFiles } from "./spec/etc-files.ts";
import type { MadeFiles } from "./spec/mounts.ts";

export interface ContainerFiles {
  readonly write: (id: TaskId, files: EtcFiles) => Promise<void>;
  readonly paths: (id: TaskId) => MadeFiles;
  readonly markStarted: (id: TaskId, started: boolean) => Promise<void>;
  readonly wasStarted: (id: TaskId) => Promise<boolean>;
  readonly writeExit: (id: TaskId, exit: ContainerExit) => Promise<void>;
  readonly readExit: (id: TaskId) => Promise<ContainerExit | undefined>;
  /** Output that was read and not taken when the daemon stopped. */
  readonly keepOutput: (id: TaskId, stream: OutputStream, data: Uint8Array) => Promise<void>;
  readonly keptOutput: (id: TaskId) => Promise<ReadonlyMap<OutputStream, Uint8Array>>;
  readonly dropOutput: (id: TaskId, stream: OutputStream) => Promise<void>;
  readonly remove: (id: TaskId) => Promise<void>;
  /** Ids of every container that has a folder. */
  readonly list: () => Promise<readonly TaskId[]>;
}

export function createContainerFiles(dir: string): ContainerFiles {
  const folder = (id: TaskId): string => join(dir, id);
  const file = (id: TaskId, name: string): string => join(dir, id, name);
  return {
    write: async (id, files) => {
      await mkdir(folder(id), { recursive: true, mode: 0o711 });
      const mode = { mode: 0o644 };
      await Promise.all([
        writeFile(file(id, "hostname"), files.hostname, mode),
        writeFile(file(id, "hosts"), files.hosts, mode),
        writeFile(file(id, "resolv.conf"), files.resolvConf, mode),
      ]);
    },
    paths: (id) => ({
      hostname: file(id, "hostname"),
      hosts: file(id, "hosts"),
      resolvConf: file(id, "resolv.conf"),
    }),
    markStarted: (id, started) =>
      started ? writeFile(file(id, "started"), "") : rm(file(id, "started"), { force: true }),
    wasStarted: (id) =>
      access(file(id, "started")).then(
        () => true,
        () => false,
      ),
    writeExit: async (id, exit) => {
      const made = file(id, "exit.json.new");
      await writeFile(made, JSON.stringify(exit));
      await rename(made, file(id, "exit.json"));
    },
    readExit: async (id) => parseExit(await readFile(file(id, "exit.json"), "utf8").catch(() => "")),
    keepOutput: (id, stream, data) => writeFile(file(id, stream), data),
    keptOutput: async (id) => {
      const kept = new Map<OutputStream, Uint8Array>();
      for (const stream of ["stdout", "stderr"] as const) {
        const data = await readFile(file(id, stream)).catch(() => undefined);
        if (data !== undefined && data.length > 0) kept.set(stream, data);
      }
      return kept;
    },
    dropOutput: (id, stream) => rm(file(id, stream), { force: true }),
    remove: (id) => rm(folder(id), { recursive: true, force: true }),
    list: async () => {
      await mkdir(dir, { recursive: true, mode: 0o711 });
      return (await readdir(dir)).filter((name): name is TaskId => isId(name));
    },
  };
}

/** undefined for whatever is not an exit: a file that a power cut damaged is no file. */
export function parseExit(text: string): ContainerExit | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { exitCode, exitedAtMs, oomKilled, unseen } = value as Record<string, unknown>;
    if (typeof exitCode !== "number" || typeof exitedAtMs !== "number" || typeof oomKilled !== "boolean") {
      return undefined;
    }
    const known = { exitCode, exitedAtMs, oomKilled };
    return unseen === "rebooted" || unseen === "vanished" ? { ...known, unseen } : known;
  } catch {
    return undefined;
  }
}
