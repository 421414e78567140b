// Processes that outlive the command that started them, told apart from a later process with the same number by their
// start time: nothing is ever killed by a number alone.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";

export interface ProcessId {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTicks: string;
}

function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19]; // a zombie is no process any more
  } catch {
    return undefined;
  }
}

export const isAlive = (id: ProcessId): boolean => startTicksOf(id.pid) === id.startTicks;

/** The first process inside `outer`'s PID namespace: its only child. */
export function firstChild(outer: ProcessId): ProcessId | undefined {
  if (!isAlive(outer)) return undefined;
  try {
    const [child] = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8").trim().split(" ");
    const pid = Number(child);
    const startTicks = pid > 0 ? startTicksOf(pid) : undefined;
    return startTicks === undefined ? undefined : { pid, startTicks };
  } catch {
    return undefined;
  }
}

export function startDetached(
  command: string,
  args: readonly string[],
  options: { readonly logFile: string; readonly pidFile: string; readonly env: Readonly<Record<string, string>> },
): ProcessId {
  const log = openSync(options.logFile, "a");
  try {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env: options.env, cwd: "/" });
    child.on("error", () => undefined); // told by the missing pid below
    child.unref();
    if (child.pid === undefined)
      throw new SkepError("failed_precondition", `cannot start ${command}: is it installed?`);
    const id = { pid: child.pid, startTicks: startTicksOf(child.pid) ?? "" };
    writeFileSync(options.pidFile, JSON.stringify(id));
    return id;
  } finally {
    closeSync(log);
  }
}

export function readPidFile(pidFile: string): ProcessId | undefined {
  try {
    const { pid, startTicks } = JSON.parse(readFileSync(pidFile, "utf8")) as Partial<ProcessId>;
    return typeof pid === "number" && typeof startTicks === "string" ? { pid, startTicks } : undefined;
  } catch {
    return undefined;
  }
}

const GONE_POLL_MS = 10;
const GONE_LIMIT_MS = 20_000;

/** Sends `signalName` and resolves once the process is gone. No error when it was. */
export async function endProcess(id: ProcessId, signalName: NodeJS.Signals, env: Env, pidFile?: string): Promise<void> {
  if (isAlive(id)) {
    try {
      process.kill(id.pid, signalName);
    } catch {
      // it went in between
    }
    const limit = env.nowMs() + GONE_LIMIT_MS;
    const never = new AbortController().signal;
    while (isAlive(id)) {
      if (env.nowMs() > limit) throw new SkepError("internal", `process ${id.pid} does not end after ${signalName}`);
      await env.sleep(GONE_POLL_MS, never);
    }
  }
  if (pidFile !== undefined) rmSync(pidFile, { force: true });
}
