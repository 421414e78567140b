// A runtime without containers: for simulation by seed, for thousands of agents in one process, and as the second opinion
// on what the Runtime contract means. Images say what their containers do (images.ts). The host's state is an object of
// its own, so that an agent can be restarted, as a daemon over running containers.
import type { Env, Timer } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { signalNumber } from "../../../shared/model/signals.ts";
import type { ContainerExit, ContainerState, ImageConfig, OutputSink, Runtime } from "../runtime.ts";
import { type Behaviour, behaviourOf } from "./images.ts";

export type HollowOperation = "pull" | "create" | "start" | "attach" | "kill" | "remove" | "list";

/** Milliseconds from `least` to `most`, drawn evenly. */
export interface Delay {
  readonly least: number;
  readonly most: number;
}

export interface HollowOptions {
  readonly env: Env;
  readonly host?: HollowHost;
  /** How long operations take; unset is no time at all. */
  readonly delays?: Partial<Readonly<Record<HollowOperation, Delay>>>;
  /** How long hollow/exit and hollow/oom run. */
  readonly runMs?: number;
  /** Asked before each operation; an error it returns is thrown. `subject` is a task's id, or the image to pull. */
  readonly fault?: (operation: HollowOperation, subject: string) => SkepError | undefined;
}

interface HollowContainer {
  readonly behaviour: Behaviour;
  readonly pid: number;
  state: "created" | "running" | "exited";
  exit: ContainerExit | undefined;
  /** Output that nobody took yet, as a pipe holds it. */
  output: { stream: "stdout" | "stderr"; data: Uint8Array }[];
  timer: Timer | undefined;
  /** Wakes whoever waits for output or exit. */
  readonly watchers: Set<() => void>;
}

/** What is on the machine: survives the runtime object, as containers survive the daemon. */
export class HollowHost {
  readonly containers = new Map<TaskId, HollowContainer>();
  readonly images = new Set<string>();
  readonly pulls = new Map<string, number>();
  nextPid = 1000;

  /** A power cut: every container is gone. */
  powerCut(): void {
    for (const container of this.containers.values()) container.timer?.cancel();
    this.containers.clear();
  }
}

const IMAGE_CONFIG: Omit<ImageConfig, "digest"> = {
  entrypoint: [],
  cmd: ["hollow"],
  env: [],
  workingDir: "",
  user: "",
  stopSignal: "",
  exposedPorts: [],
};

const SIGKILL = signalNumber("SIGKILL");
const textEncoder = new TextEncoder();

export function openHollowRuntime(options: HollowOptions): Runtime {
  return new HollowRuntime(options);
}

class HollowRuntime implements Runtime {
  readonly #env: Env;
  readonly #host: HollowHost;
  readonly #options: HollowOptions;
  readonly #sinks = new Map<TaskId, OutputSink>();
  /** Containers whose output is on its way to the sink. */
  readonly #pumping = new Set<TaskId>();
  readonly #closed = new AbortController();

  constructor(options: HollowOptions) {
    this.#env = options.env;
    this.#host = options.host ?? new HollowHost();
    this.#options = options;
  }

  readonly info: Runtime["info"] = async () => ({ name: "hollow" });

  readonly pull: Runtime["pull"] = async ({ image }, signal) => {
    await this.#enter("pull", image, signal);
    if (!/^[a-z0-9][\w./:@-]*$/.test(image)) {
      throw new SkepError("invalid_argument", `invalid reference format: ${JSON.stringify(image)}`);
    }
    const behaviour = behaviourOf(image);
    if (behaviour.kind === "no-pull") throw new SkepError(behaviour.code, behaviour.words);
    const pulls = (this.#host.pulls.get(image) ?? 0) + 1;
    this.#host.pulls.set(image, pulls);
    if (behaviour.kind === "flaky-pull" && pulls <= behaviour.times) {
      throw new SkepError("unavailable", `cannot reach the registry of ${image} (try ${pulls})`);
    }
    this.#host.images.add(image);
    return { ...IMAGE_CONFIG, digest: `hollow:${image}` };
  };

  readonly create: Runtime["create"] = async (config, signal) => {
    await this.#enter("create", config.id, signal);
    if (!this.#host.images.has(config.image)) {
      throw new SkepError("not_found", `image ${config.image} was not pulled`);
    }
    const behaviour = behaviourOf(config.image);
    if (behaviour.kind === "no-create") throw new SkepError("invalid_argument", behaviour.words);
    if (this.#host.containers.has(config.id)) return;
    this.#host.containers.set(config.id, {
      behaviour,
      pid: this.#host.nextPid++,
      state: "created",
      exit: undefined,
      output: [],
      timer: undefined,
      watchers: new Set(),
    });
  };

  readonly start: Runtime["start"] = async (id, sink, signal) => {
    await this.#enter("start", id, signal);
    const container = this.#container(id);
    if (container.behaviour.kind === "no-start") throw new SkepError("invalid_argument", container.behaviour.words);
    this.#sinks.set(id, sink);
    if (container.state === "created") this.#begin(container);
    this.#pump(id, container);
    return { pid: container.pid };
  };

  readonly attach: Runtime["attach"] = async (id, sink, signal) => {
    await this.#enter("attach", id, signal);
    const container = this.#container(id);
    this.#sinks.set(id, sink);
    this.#pump(id, container);
  };

  readonly wait: Runtime["wait"] = async (id, signal) => {
    const ends = AbortSignal.any([signal, this.#closed.signal]);
    for (;;) {
      ends.throwIfAborted();
      const container = this.#container(id);
      const drained = container.output.length === 0 && !this.#pumping.has(id);
      if (container.exit !== undefined && (drained || !this.#sinks.has(id))) return container.exit;
      await this.#changed(container, ends);
    }
  };

  readonly kill: Runtime["kill"] = async (id, signalName, signal) => {
    await this.#enter("kill", id, signal);
    const number = signalNumber(signalName);
    const container = this.#host.containers.get(id);
    if (container?.state !== "running") return;
    const { behaviour } = container;
    if (behaviour.kind === "sleep" && behaviour.stubborn && number !== SIGKILL) return;
    this.#exit(container, 128 + number, false);
  };

  readonly remove: Runtime["remove"] = async (id, signal) => {
    await this.#enter("remove", id, signal);
    const container = this.#host.containers.get(id);
    if (container === undefined) return;
    container.timer?.cancel();
    this.#host.containers.delete(id);
    this.#sinks.delete(id);
    wake(container);
  };

  readonly list: Runtime["list"] = async (signal) => {
    await this.#enter("list", "", signal);
    return [...this.#host.containers].map(([id, container]): ContainerState => {
      if (container.exit !== undefined) return { id, state: "exited", exit: container.exit };
      return container.state === "running" ? { id, state: "running", pid: container.pid } : { id, state: "created" };
    });
  };

  readonly loadImage: Runtime["loadImage"] = async (archive, signal) => {
    for await (const _chunk of archive) signal.throwIfAborted();
    throw new SkepError("unimplemented", "the hollow runtime has no images to load: their names say what they do");
  };

  readonly close: Runtime["close"] = async () => {
    this.#closed.abort(new SkepError("unavailable", "the runtime is closed"));
    this.#sinks.clear();
  };

  async #enter(operation: HollowOperation, subject: string, signal: AbortSignal): Promise<void> {
    const ends = AbortSignal.any([signal, this.#closed.signal]);
    ends.throwIfAborted();
    const delay = this.#options.delays?.[operation];
    if (delay !== undefined) {
      await this.#env.sleep(delay.least + this.#env.random() * (delay.most - delay.least), ends);
    }
    const error = this.#options.fault?.(operation, subject);
    if (error !== undefined) throw error;
  }

  #container(id: TaskId): HollowContainer {
    const container = this.#host.containers.get(id);
    if (container === undefined) throw new SkepError("not_found", `no container ${id}`);
    return container;
  }

  #begin(container: HollowContainer): void {
    const { behaviour } = container;
    container.state = "running";
    switch (behaviour.kind) {
      case "exit":
        this.#exitAfter(container, this.#options.runMs ?? 0, behaviour.exitCode, behaviour.oomKilled);
        return;
      case "print":
        for (let line = 1; line <= behaviour.lines; line++) {
          container.output.push({ stream: "stdout", data: textEncoder.encode(`line ${line}\n`) });
        }
        this.#exitAfter(container, 0, 0, false);
        return;
      case "crash":
        this.#exitAfter(container, -Math.log(1 - this.#env.random()) * behaviour.meanMs, 1, false);
        return;
      default:
        return;
    }
  }

  #exitAfter(container: HollowContainer, ms: number, exitCode: number, oomKilled: boolean): void {
    container.timer = this.#env.timer(ms, () => this.#exit(container, exitCode, oomKilled));
  }

  #exit(container: HollowContainer, exitCode: number, oomKilled: boolean): void {
    if (container.exit !== undefined) return;
    container.timer?.cancel();
    container.state = "exited";
    container.exit = { exitCode, oomKilled, exitedAtMs: this.#env.wallMs() };
    wake(container);
  }

  /** Brings output to the sink in order, one chunk at a time. */
  #pump(id: TaskId, container: HollowContainer): void {
    if (this.#pumping.has(id)) return;
    this.#pumping.add(id);
    const run = async (): Promise<void> => {
      for (;;) {
        const sink = this.#sinks.get(id);
        const [next] = container.output;
        if (sink === undefined || next === undefined || this.#closed.signal.aborted) return;
        await sink.write(next.stream, next.data);
        container.output.shift(); // only now: what a closed daemon did not take stays
      }
    };
    run()
      .catch(() => undefined)
      .finally(() => {
        this.#pumping.delete(id);
        wake(container);
      })
      .catch(() => undefined);
  }

  #changed(container: HollowContainer, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        container.watchers.delete(done);
        reject(signal.reason);
      };
      container.watchers.add(done);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

function wake(container: HollowContainer): void {
  const watchers = [...container.watchers];
  container.watchers.clear();
  for (const watcher of watchers) watcher();
}
