// Starts the process that works on the kernel, and speaks with it. Files that the daemon has open are not its own, and its own are
// few: so its descriptors have low numbers however many connections the daemon has.
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { join } from "node:path";
import { SkepError } from "../../../shared/errors.ts";
import type { JobMessage, Outcome, WorkerOptions } from "./worker.ts";

export interface WorkerPort {
  /** Queued where it is still starting; never throws. What comes after its end is lost: `end` was told then. */
  postMessage(message: JobMessage): void;
  on(event: "message", listener: (outcome: Outcome) => void): unknown;
  /** Once: it ended, or could not be started. The words say how. */
  on(event: "end", listener: (why: SkepError) => void): unknown;
  kill(): void;
  /** Keeps this process from ending by itself, until `unref`. */
  ref(): void;
  unref(): void;
}

export type StartWorker = (options: WorkerOptions) => WorkerPort;

/** It holds what a plan and an observation take: some megabytes for 10,000 endpoints. */
const HEAP_MB = 256;
/** As of the daemon, and: no threads for compiling and collecting, which a process that rests needs not. */
const NODE_OPTIONS = [
  "--disable-warning=ExperimentalWarning",
  "--disable-sigusr1",
  "--expose-gc",
  `--max-old-space-size=${HEAP_MB}`,
  "--max-semi-space-size=1",
  "--v8-pool-size=0",
];
const MAIN = join(import.meta.dirname, "network-worker.ts");
const MAX_WORDS = 2_000;

export const startWorker: StartWorker = (options) => startWorkerBy([], options);

/** @param enter words before the command: only in tests, where it is to run on another host. */
export function startWorkerBy(enter: readonly string[], { nodeNamespacePath }: WorkerOptions): WorkerPort {
  const args = nodeNamespacePath === undefined ? [] : [nodeNamespacePath];
  const words = [...enter, process.execPath, ...NODE_OPTIONS, MAIN, ...args];
  return new ChildPort(words);
}

class ChildPort implements WorkerPort {
  readonly #child: ChildProcess | undefined;
  #onEnd: ((why: SkepError) => void) | undefined;
  #why: SkepError | undefined;
  /** The last that it wrote to standard error: where C ends the process, it has said why. */
  #words = "";

  constructor([file = "", ...args]: readonly string[]) {
    try {
      const child = spawn(file, args, {
        stdio: ["ignore", "ignore", "pipe", "ipc"],
        serialization: "advanced",
        detached: true, // what ends the daemon by a terminal (ctrl-C) leaves it time to clear up
      });
      this.#child = child;
      child.on("error", (error) => this.#ended(startFailure(error)));
      child.on("close", (code, signal) => this.#ended(this.#endOf(code, signal)));
      if (child.stderr instanceof Socket) child.stderr.unref();
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        this.#words = `${this.#words}${text}`.slice(-MAX_WORDS);
      });
    } catch (error) {
      this.#child = undefined;
      this.#why = startFailure(error);
    }
  }

  postMessage(message: JobMessage): void {
    // Without a process there is no channel. Then, and where the channel is closed, "end" is told, and nobody waits in vain.
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  on(event: "message", listener: (outcome: Outcome) => void): void;
  on(event: "end", listener: (why: SkepError) => void): void;
  on(event: "message" | "end", listener: (value: never) => void): void {
    if (event === "message") this.#child?.on("message", listener as (value: unknown) => void);
    else {
      this.#onEnd = listener as (why: SkepError) => void;
      if (this.#why !== undefined) queueMicrotask(() => this.#tellEnd());
    }
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  ref(): void {
    this.#child?.ref();
    this.#child?.channel?.ref();
  }

  unref(): void {
    this.#child?.unref();
    this.#child?.channel?.unref();
  }

  #endOf(code: number | null, signal: string | null): SkepError {
    const how = signal === null ? `exit status ${code}` : `${signal}`;
    const words = this.#words.trim();
    return new SkepError("internal", words === "" ? how : `${how}: ${words}`);
  }

  #ended(why: SkepError): void {
    this.kill();
    this.#why ??= why;
    this.#tellEnd();
  }

  #tellEnd(): void {
    const tell = this.#onEnd;
    this.#onEnd = undefined;
    if (this.#why !== undefined) tell?.(this.#why);
    else this.#onEnd = tell;
  }
}

function startFailure(cause: unknown): SkepError {
  const { message } = SkepError.from(cause);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code !== "EMFILE" && code !== "ENFILE") return new SkepError("unavailable", message, { cause });
  const whose =
    code === "EMFILE" ? "the daemon has as many files open as it may (LimitNOFILE of its unit)" : "the host";
  return new SkepError("resource_exhausted", `it cannot be started: no file descriptor is left: ${whose}`, { cause });
}
