// One task of this node: asks nextStep what to do, does it, and asks again until the task is forgotten. All decisions are
// in step.ts; here is only the waiting, the time limits, and what is remembered between two steps.
import type { Task, TaskStatus } from "../../proto/gen/objects.ts";
import { assertNever, SkepError } from "../../shared/errors.ts";
import { parseRegistryAuth } from "../../shared/image/credentials.ts";
import type { Log } from "../../shared/log.ts";
import { isTerminal, laterStatus, rank } from "../../shared/model/tasks.ts";
import { withDeadline } from "../deadline.ts";
import { Pulse } from "../pulse.ts";
import type { ImageConfig } from "../runtime/runtime.ts";
import { containerConfig, containerSpec, memoryLimitBytes, stopGraceMs, stopSignal } from "./container-config.ts";
import { boundedErr, containerStatus } from "./container-status.ts";
import { areCredentialsWithheld, withoutCredentials } from "./credentials.ts";
import { collectLastOutput, waitForExit } from "./exit-watch.ts";
import { Place } from "./place.ts";
import { PortWatch } from "./port-watch.ts";
import { startContainer } from "./start.ts";
import {
  afterFailure,
  type ContainerView,
  nextStep,
  type Operation,
  type Report,
  retryDelayMs,
  type Step,
  type StopView,
} from "./step.ts";
import type { WorkerContext } from "./worker-context.ts";

export interface WorkerStart {
  readonly task: Task;
  readonly container: ContainerView;
  readonly imageStopSignal: string;
  /** Its network was adopted. */
  readonly namespace: boolean;
  /** Its record is on disk already, as it should be. */
  readonly recorded: boolean;
}

const CREATE_LIMIT_MS = 60_000;
const KILL_LIMIT_MS = 10_000;
const REMOVE_LIMIT_MS = 60_000;

const NO_STATUS: TaskStatus = { timestampMs: 0, state: "new", message: "", err: "" };

export class TaskWorker {
  readonly #context: WorkerContext;
  readonly #recorded: boolean;
  readonly #log: Log;
  readonly #place: Place;
  readonly #changed = new Pulse();
  readonly #ports: PortWatch;
  #task: Task;
  #status: TaskStatus;
  #container: ContainerView;
  #stop: StopView = { kind: "none" };
  #removed = false;
  #image: ImageConfig | undefined;
  #imageStopSignal: string;
  #failures = 0;
  /** Aborts the operation under way when the task shall stop. */
  #overtake = new AbortController();
  #watching = false;

  constructor(context: WorkerContext, start: WorkerStart) {
    this.#context = context;
    this.#log = context.log.child({ task: start.task.id });
    this.#task = start.task;
    this.#status = start.task.status ?? NO_STATUS;
    this.#container = start.container;
    this.#place = new Place(context, start.namespace);
    this.#ports = new PortWatch(context, () => this.#changed.fire());
    this.#imageStopSignal = start.imageStopSignal;
    this.#recorded = start.recorded;
    context.outputs.expect(start.task.id);
    if (isTerminal(this.#status.state)) context.outputs.end(start.task.id).catch(() => undefined);
  }

  get task(): Task {
    return this.#task;
  }

  get status(): TaskStatus {
    return this.#status;
  }

  /** The newest word of the managers. What they want of a task only grows: an older message cannot revive it. */
  assign(task: Task): void {
    const desiredState =
      rank(task.desiredState) >= rank(this.#task.desiredState) ? task.desiredState : this.#task.desiredState;
    const changed = desiredState !== this.#task.desiredState;
    this.#task = { ...task, desiredState };
    // The store may know more than a disk that lost its last writes: never fall behind it.
    if (task.status !== undefined && rank(task.status.state) > rank(this.#status.state)) this.#status = task.status;
    if (changed) this.#saveSoon();
    this.#wake();
  }

  /** No node sends it new connections any more. */
  drained(): void {
    this.#place.drained();
    this.#changed.fire();
  }

  /** Something that it looks at has changed. */
  lookAgain(): void {
    this.#changed.fire();
  }

  /** No longer this node's business: it is stopped, and then nothing of it stays. */
  remove(): void {
    this.#removed = true;
    this.#wake();
  }

  get #stopWanted(): boolean {
    return this.#removed || rank(this.#task.desiredState) >= rank("shutdown");
  }

  #wake(): void {
    if (this.#stopWanted) {
      this.#place.toldToStop();
      this.#overtake.abort(new SkepError("canceled", "the task was told to stop"));
    }
    this.#changed.fire();
  }

  /** Resolves when the task is forgotten, or the signal aborts (the container then lives on). Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    if (!this.#recorded) this.#saveSoon();
    if (this.#container.kind === "running") {
      this.#watch(signal, true);
      if (this.#status.portStatus !== undefined) await this.#watchPorts(this.#container.pid, signal);
    }
    if (this.#container.kind === "exited" && !isTerminal(this.#status.state)) {
      await collectLastOutput(this.#context, this.#log, this.#task, signal);
    }
    while (!signal.aborted) {
      const step = this.#next();
      if (step.kind === "forget") {
        await this.#forget();
        return;
      }
      try {
        await this.#perform(step, signal);
        if (step.kind !== "wait" && step.kind !== "report") this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(step.kind, SkepError.from(error), signal).catch(() => undefined);
      }
    }
  }

  #next(): Step {
    return nextStep({
      desired: this.#task.desiredState,
      removed: this.#removed,
      state: this.#status.state,
      portsNews: this.#status.portStatus !== undefined && this.#ports.awaited.length === 0,
      imageReady: this.#image !== undefined,
      credentialsWithheld: areCredentialsWithheld(this.#task),
      container: this.#container,
      stop: this.#stop,
      namespace: this.#place.held,
      drainUntilMs: this.#place.drainUntilMs(this.#task),
      stopGraceMs: stopGraceMs(this.#task),
      memoryLimitBytes: memoryLimitBytes(this.#task),
      nowMs: this.#context.env.nowMs(),
    });
  }

  #perform(step: Exclude<Step, { kind: "forget" }>, signal: AbortSignal): Promise<void> {
    switch (step.kind) {
      case "report":
        return this.#report(step);
      case "wait":
        return this.#changed.wait(this.#context.env, signal, step.forMs).then(() => undefined);
      case "pull":
        return this.#pull(signal);
      case "create":
        return this.#create(signal);
      case "start":
        return this.#start(signal);
      case "signal":
        return this.#signal(signal);
      case "kill":
        return this.#kill(signal);
      case "remove":
        return this.#remove(signal);
      case "release":
        return this.#place.release(this.#task, signal);
      default:
        return assertNever(step);
    }
  }

  // ----------------------------------------------------------------------------------------------------- operations

  async #pull(signal: AbortSignal): Promise<void> {
    const { runtime, pulls, insecureRegistries } = this.#context;
    const spec = containerSpec(this.#task);
    const auth = parseRegistryAuth(spec.registryAuth);
    const either = AbortSignal.any([signal, this.#overtake.signal]);
    // Beside the pull; whether it went well is asked when it is needed.
    this.#place.prepared(this.#task, either).catch(() => undefined);
    const image = await pulls.run(either, () =>
      runtime.pull({ image: spec.image, auth, insecureRegistries: insecureRegistries() }, either),
    );
    this.#image = image;
    this.#imageStopSignal = image.stopSignal;
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { runtime, work, env, node, outputs } = this.#context;
    if (this.#image === undefined) return;
    outputs.check(this.#task);
    const either = AbortSignal.any([signal, this.#overtake.signal]);
    const network = await this.#place.prepared(this.#task, either);
    const config = containerConfig(this.#task, this.#image, node, network);
    await work.run(either, async () => {
      try {
        await withDeadline(env, either, CREATE_LIMIT_MS, "create the container", (limit) =>
          runtime.create(config, limit),
        );
        this.#container = { kind: "created" };
      } catch (error) {
        // Half of it may be there. A retry tolerates that; an end, or a stop, must clean it up.
        if (either.aborted) this.#container = { kind: "unknown" };
        throw error;
      }
    });
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { work } = this.#context;
    const either = AbortSignal.any([signal, this.#overtake.signal]);
    await this.#place.prepared(this.#task, either);
    await work.run(either, async () => {
      // From here on the task may have run: after a crash it must not be started again.
      await this.#save();
      either.throwIfAborted(); // told to stop meanwhile: then it need not begin
      const started = await startContainer(this.#context, this.#task, this.#overtake.signal, signal);
      if (started.kind === "running") {
        this.#container = started;
        await this.#watchPorts(started.pid, signal);
        return;
      }
      if (started.unknown) this.#container = { kind: "unknown" };
      throw started.error;
    });
    this.#watch(signal, false);
  }

  async #signal(signal: AbortSignal): Promise<void> {
    const { runtime, env } = this.#context;
    const name = stopSignal(this.#task, this.#imageStopSignal);
    // The grace period counts from here whatever becomes of the call: an unknown signal name, or a runtime that does
    // not answer, must not keep the task alive.
    this.#stop = { kind: "signalled", atMs: env.nowMs() };
    try {
      await withDeadline(env, signal, KILL_LIMIT_MS, `send ${name}`, (limit) =>
        runtime.kill(this.#task.id, name, limit),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      this.#log.warn(
        { err: error, signal: name },
        "cannot send the stop signal; the task is killed after its grace period",
      );
    }
  }

  async #kill(signal: AbortSignal): Promise<void> {
    const { runtime, env } = this.#context;
    await withDeadline(env, signal, KILL_LIMIT_MS, "send SIGKILL", (limit) =>
      runtime.kill(this.#task.id, "SIGKILL", limit),
    );
    this.#stop = { kind: "killed" };
  }

  async #remove(signal: AbortSignal): Promise<void> {
    const { runtime, work, env } = this.#context;
    await work.run(signal, () =>
      withDeadline(env, signal, REMOVE_LIMIT_MS, "remove the container", (limit) =>
        runtime.remove(this.#task.id, limit),
      ),
    );
    this.#container = { kind: "none" };
  }

  async #report(step: Report): Promise<void> {
    const { env, outputs, onStatus } = this.#context;
    const { awaited } = this.#ports;
    const status: TaskStatus = {
      // A second report of one state is the later one also within the same millisecond, or when the clock was set back.
      timestampMs: Math.max(env.wallMs(), step.state === this.#status.state ? this.#status.timestampMs + 1 : 0),
      state: step.state,
      message: step.state === "running" ? this.#ports.words : step.message,
      err: boundedErr(step.err),
      containerStatus: containerStatus(this.#task.id, this.#container, this.#status.containerStatus),
      ...(step.state === "running" && awaited.length > 0 ? { portStatus: { awaited } } : {}),
    };
    // The last words first: who sees the end, here or at a manager, can read them.
    if (isTerminal(step.state)) await outputs.end(this.#task.id);
    this.#status = laterStatus(this.#status, status);
    if (isTerminal(step.state)) {
      // Before the container goes, which is the other witness of how it ended.
      await this.#save().catch((error: unknown) => this.#log.error({ err: error }, "cannot record how the task ended"));
    } else if (step.state === "running") this.#saveSoon();
    // Of the states before, only "it may have been started" must outlive the daemon, and #start sees to that.
    if (!this.#removed) onStatus(this.#task.id, this.#status);
  }

  async #forget(): Promise<void> {
    const { outputs, files } = this.#context;
    await Promise.allSettled([outputs.remove(this.#task.id), files.remove(this.#task.id)]);
  }

  // ------------------------------------------------------------------------------------------------------- failures

  async #recover(step: Step["kind"], error: SkepError, signal: AbortSignal): Promise<void> {
    switch (step) {
      case "pull":
      case "create":
      case "start":
        // Given up because the task shall stop: that is no failure, and the next look sees it.
        if (this.#overtake.signal.aborted) return;
        return await this.#failed(step, error, signal);
      case "signal":
      case "kill":
      case "remove":
      case "release":
        return await this.#again(step, error, signal);
      case "wait":
      case "report":
      case "forget":
        this.#log.error({ err: error }, `unexpected failure of "${step}"`);
        await this.#context.env.sleep(1_000, signal);
        return;
      default:
        return assertNever(step);
    }
  }

  async #failed(operation: "pull" | "create" | "start", error: SkepError, signal: AbortSignal): Promise<void> {
    this.#failures++;
    const verdict = afterFailure(operation, error, this.#failures, containerSpec(this.#task).image);
    if (verdict.kind === "retry") {
      // Told upwards at once: nobody shall wonder why a task stays in `preparing`.
      const state = this.#status.state;
      const message = `${state}: try ${verdict.tries} of ${verdict.ofTries} to ${operation} failed`;
      await this.#report({ kind: "report", state, message, err: error.message });
      await this.#pause(verdict.afterMs, signal);
      return;
    }
    this.#failures = 0;
    if (operation !== "pull") this.#container = { kind: "unknown" };
    await this.#report(verdict);
  }

  /** Stopping and removing never give up: a process that nobody watches is worse than a busy log. */
  async #again(operation: Operation, error: SkepError, signal: AbortSignal): Promise<void> {
    this.#failures++;
    this.#log.warn(
      { err: error, failures: this.#failures },
      `cannot ${operation} ${operation === "release" ? "the network of the task" : "the container"}, trying again`,
    );
    await this.#context.env.sleep(retryDelayMs(this.#failures), signal);
  }

  /** Sleeps, but not through a change of mind. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#context.env.sleep(ms, AbortSignal.any([signal, this.#overtake.signal]));
  }

  // ------------------------------------------------------------------------------------------------- exit, recording

  #watch(signal: AbortSignal, attach: boolean): void {
    if (this.#watching) return;
    this.#watching = true;
    waitForExit(this.#context, this.#log, this.#task, attach, signal)
      .then((container) => {
        this.#container = container;
        this.#watching = false;
        this.#changed.fire();
      })
      .catch(() => undefined); // aborted: the container lives on
  }

  #watchPorts(pid: number, signal: AbortSignal): Promise<void> {
    // After a restart of the daemon the image is not known: then only what is published is waited for.
    return this.#ports.begin(
      this.#task,
      pid,
      this.#image?.exposedPorts ?? [],
      AbortSignal.any([signal, this.#overtake.signal]),
    );
  }

  #save(): Promise<void> {
    const task = withoutCredentials({ ...this.#task, status: this.#status });
    return this.#context.files.save({ task, imageStopSignal: this.#imageStopSignal });
  }

  #saveSoon(): void {
    this.#save().catch((error: unknown) => this.#log.warn({ err: error }, "cannot record the task"));
  }
}
