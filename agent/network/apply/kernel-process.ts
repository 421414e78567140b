// The daemon's side of the process that works on the kernel (network-worker.ts): jobs go there as messages, and come back done or
// failed. It is started with the first job, and anew after it ended. It is a process, not a thread, because it calls C: libnftables
// ends its process where it gets no socket, or one whose number is beyond 1023, and that must not be the daemon's end.
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { FlowNet } from "../plan/flows.ts";
import type { NamespaceState } from "../plan/kernel.ts";
import { NO_RULES, type ObservedRuleset } from "../plan/ruleset.ts";
import type { Step } from "../plan/steps.ts";
import type { Executed } from "./execute.ts";
import type { ObservedNode } from "./observe.ts";
import type { Job, JobKind, Jobs, Outcome, WorkerOptions } from "./worker.ts";
import { type StartWorker, startWorker, type WorkerPort } from "./worker-port.ts";

/** What the network room asks of the kernel. */
export interface KernelNetwork {
  /** @param sysctls to be read. */
  observeNode(sysctls: readonly string[], signal: AbortSignal): Promise<ObservedNode>;
  /** @param sysctls to be read, by namespace. Those that are not there are left out. */
  observeNamespaces(
    sysctls: ReadonlyMap<string, readonly string[]>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, NamespaceState<ObservedRuleset>>>;
  /**
   * @returns what failed for a task alone, or for IPv6 alone; everything else is done.
   * @throws {SkepError} `internal`: the kernel refused a step of all; those before it are done.
   */
  execute(steps: readonly Step[], signal: AbortSignal): Promise<Executed>;
  /** @param all not only UDP. */
  endFlows(nets: readonly FlowNet[], all: boolean, signal: AbortSignal): Promise<void>;
}

const NOTHING: Executed = { failed: new Map(), without: [] };
/** Beyond it the kernel hangs: it is said, the process is killed, and the next job starts another. */
const TIME_LIMIT_MS = 60_000;
/** Two or three are usual. More: the kernel hangs, and what was given up would be done later, all of it. */
const MAX_WAITING = 16;

export interface KernelProcessOptions extends Partial<WorkerOptions> {
  readonly env: Pick<Env, "timer">;
}

interface Waiting {
  readonly resolve: (answer: Jobs[JobKind]["answer"]) => void;
  readonly reject: (error: unknown) => void;
}

export class KernelProcess implements KernelNetwork {
  readonly #env: Pick<Env, "timer">;
  readonly #options: WorkerOptions;
  readonly #start: StartWorker;
  readonly #waiting = new Map<number, Waiting>();
  #port: WorkerPort | undefined;
  #lastId = 0;

  constructor({ env, nodeNamespacePath }: KernelProcessOptions, start: StartWorker = startWorker) {
    this.#env = env;
    this.#options = { nodeNamespacePath };
    this.#start = start;
  }

  observeNode(sysctls: readonly string[], signal: AbortSignal): Promise<ObservedNode> {
    return this.#do({ kind: "observeNode", ask: { sysctls } }, signal);
  }

  async observeNamespaces(
    sysctls: ReadonlyMap<string, readonly string[]>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, NamespaceState<ObservedRuleset>>> {
    return sysctls.size === 0 ? new Map() : this.#do({ kind: "observeNamespaces", ask: { sysctls } }, signal);
  }

  async execute(steps: readonly Step[], signal: AbortSignal): Promise<Executed> {
    // The rules as a whole are for the plan; what is done is their changes.
    const lean = steps.map((step) => (step.kind === "rules" ? { ...step, rules: NO_RULES } : step));
    return steps.length === 0 ? NOTHING : this.#do({ kind: "execute", ask: { steps: lean } }, signal);
  }

  async endFlows(nets: readonly FlowNet[], all: boolean, signal: AbortSignal): Promise<void> {
    if (nets.length > 0) await this.#do({ kind: "endFlows", ask: { nets, all } }, signal);
  }

  /**
   * After an abort the job is done all the same: only nobody waits for it.
   * @throws {SkepError} `resource_exhausted`: too many such jobs are still to be done, or the process cannot be started.
   */
  async #do<K extends JobKind>(job: Extract<Job, { kind: K }>, signal: AbortSignal): Promise<Jobs[K]["answer"]> {
    signal.throwIfAborted();
    if (this.#waiting.size >= MAX_WAITING) {
      throw new SkepError("resource_exhausted", `the kernel's network: ${MAX_WAITING} jobs are not done yet; it hangs`);
    }
    const id = ++this.#lastId;
    const port = this.#opened();
    const { promise, resolve, reject } = Promise.withResolvers<Jobs[K]["answer"]>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = this.#env.timer(TIME_LIMIT_MS, () => {
      reject(new SkepError("deadline_exceeded", `the kernel's network: no end after ${TIME_LIMIT_MS / 1000} s`));
      port.kill();
    });
    this.#waiting.set(id, {
      resolve: (answer) => resolve(answer as Jobs[K]["answer"]), // by its id it is the answer to this job
      reject,
    });
    port.ref();
    port.postMessage({ id, job });
    return promise.finally(() => {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
    });
  }

  #opened(): WorkerPort {
    if (this.#port !== undefined) return this.#port;
    const port = this.#start(this.#options);
    this.#port = port;
    port.on("end", (why) => this.#ended(port, why));
    port.on("message", (outcome) => this.#answered(port, outcome));
    return port;
  }

  #answered(port: WorkerPort, outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.id);
    this.#waiting.delete(outcome.id);
    if (this.#waiting.size === 0) port.unref();
    if (outcome.kind === "done") waiting?.resolve(outcome.answer);
    else waiting?.reject(new SkepError(outcome.code, outcome.message));
  }

  #ended(port: WorkerPort, { code, message }: SkepError): void {
    if (this.#port !== port) return;
    this.#port = undefined;
    const error = new SkepError(code, `the process that works on the kernel's network ended: ${message}`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
