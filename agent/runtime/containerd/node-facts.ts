// Finds out once what container specifications need to know of this machine.
import { access, readFile } from "node:fs/promises";
import { arch, hostname } from "node:os";
import { SkepError } from "../../../shared/errors.ts";
import type { NodeFacts } from "./spec/spec.ts";

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const readOr = (path: string, otherwise: string): Promise<string> => readFile(path, "utf8").catch(() => otherwise);

/** @throws {SkepError} `failed_precondition`: a machine that cannot run containers, with what is missing. */
export async function readNodeFacts(): Promise<NodeFacts> {
  const machine = arch();
  if (machine !== "x64" && machine !== "arm64") {
    throw new SkepError("failed_precondition", `containers on ${machine} are not supported: only amd64 and arm64`);
  }
  const [v2, memsw, swaps, lastCapability, limits, bootId] = await Promise.all([
    exists("/sys/fs/cgroup/cgroup.controllers"),
    exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"),
    readOr("/proc/swaps", ""),
    readOr("/proc/sys/kernel/cap_last_cap", "40"),
    readOr("/proc/self/limits", ""),
    readOr("/proc/sys/kernel/random/boot_id", ""),
  ]);
  if (!v2 && !(await exists("/sys/fs/cgroup/memory")) && !(await exists("/sys/fs/cgroup/cpu"))) {
    throw new SkepError("failed_precondition", "no cgroup file system is mounted at /sys/fs/cgroup");
  }
  const nofile = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return {
    arch: machine === "x64" ? "amd64" : "arm64",
    cgroupVersion: v2 ? 2 : 1,
    // v2 counts swap wherever the kernel has it at all; /proc/swaps is there exactly then.
    swapAccounting: v2 ? swaps !== "" : memsw,
    capabilities: Number(lastCapability.trim()) + 1,
    nofileHard: nofile === undefined ? 1024 : Number(nofile),
    hostname: hostname(),
    bootId: bootId.trim(),
  };
}
