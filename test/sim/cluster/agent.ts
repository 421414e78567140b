// A worker of the simulated cluster: the real agent over a hollow runtime. Containers live on the host; the agent's process
// may die and start again over them, and a power cut takes both.
import { type Agent, createAgent } from "../../../agent/agent.ts";
import type { NetworkViews } from "../../../agent/network/view.ts";
import { HollowHost, openHollowRuntime } from "../../../agent/runtime/hollow/hollow.ts";
import type { Runtime } from "../../../agent/runtime/runtime.ts";
import type { ConnectionState, SessionLink } from "../../../agent/session/session.ts";
import { memoryTaskFiles, type TaskRecord } from "../../../agent/task/task-files.ts";
import { newMeetManagersRequest } from "../../../proto/gen/agent.ts";
import type { AgentMessage, DispatcherMessage } from "../../../proto/gen/dispatcher.ts";
import { newEngineDescription, newNodeDescription, newPlatform, newResources } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ClusterId, NodeId, TaskId } from "../../../shared/model/ids.ts";
import { Mailbox } from "./mailbox.ts";
import type { SimManager } from "./manager.ts";
import type { Connection, Network } from "./network.ts";
import { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

export interface AgentWorld {
  readonly world: World;
  readonly network: Network;
  readonly managerNamed: (addr: string) => SimManager | undefined;
  /** The agent sends a task its first stop signal. */
  readonly onSignal: (agent: SimAgent, task: TaskId) => void;
}

export class SimAgent {
  readonly name: string;
  readonly nodeId: NodeId;
  readonly host = new HollowHost();
  /** Nobody starts it again, for now. */
  lost = false;
  /** Of the program, as the node's description tells it. */
  version = 1;
  readonly #in: AgentWorld;
  readonly #clockRate: number;
  readonly #records = new Map<TaskId, TaskRecord>();
  #managers: readonly string[];
  #machine: SimProcess;
  #process: SimProcess | undefined;
  #agent: Agent | undefined;
  #connection: ConnectionState = { kind: "searching", error: "" };
  #lives = 0;
  #wallOffsetMs = 0;

  constructor(inside: AgentWorld, name: string, nodeId: NodeId, clockRate: number, managers: readonly string[]) {
    this.#in = inside;
    this.name = name;
    this.nodeId = nodeId;
    this.#clockRate = clockRate;
    this.#managers = managers;
    this.#machine = this.#boot();
  }

  get addr(): string {
    return `${this.name}:7377`;
  }

  get up(): boolean {
    return this.#process !== undefined;
  }

  get connectedTo(): string | undefined {
    return this.#connection.kind === "connected" ? this.#connection.addr : undefined;
  }

  /** As its kernel would have them; undefined while it is down. */
  get networks(): NetworkViews | undefined {
    return this.#agent?.networks.views;
  }

  running(): TaskId[] {
    return [...this.host.containers].filter(([, { state }]) => state === "running").map(([id]) => id);
  }

  /** Tasks of which anything is kept here: a container, whatever its state, or a record. */
  kept(): TaskId[] {
    return [...new Set([...this.host.containers.keys(), ...this.#records.keys()])];
  }

  start(): void {
    if (this.#process !== undefined) return;
    const process = new SimProcess(
      this.#in.world,
      `${this.name}#${++this.#lives}`,
      this.#clockRate,
      this.#wallOffsetMs,
    );
    this.#process = process;
    const { env } = process;
    const delay = { least: 1, most: 40 };
    const runtime = openHollowRuntime({
      env: this.#machine.env,
      host: this.host,
      delays: { pull: delay, create: delay, start: delay, kill: delay, remove: delay },
    });
    createAgent({
      env,
      log: silentLog,
      nodeId: this.nodeId,
      runtime: throughProcess(runtime, process, (id) => this.#in.onSignal(this, id)),
      dir: undefined,
      files: memoryTaskFiles(this.#records),
      connect: (addr, signal) => this.#connect(process, addr, signal),
      managers: this.#managers,
      addr: this.addr,
      description: () =>
        newNodeDescription({
          hostname: this.name,
          engine: newEngineDescription({ engineVersion: `0.${this.version}` }),
          platform: newPlatform({ os: "linux", architecture: "amd64" }),
          resources: newResources({ nanoCpus: 4e9, memoryBytes: 2 ** 33 }),
        }),
      onSession: ({ managers }) => {
        if (managers.length > 0) this.#managers = managers;
      },
      onConnection: (state) => {
        this.#connection = state;
      },
    })
      .then((agent) => {
        if (this.#process === process) this.#agent = agent;
        return agent.run(new AbortController().signal);
      })
      .catch((error: unknown) => this.#in.world.broken(error));
  }

  /** The daemon dies; its containers live on. */
  crash(silent = false): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    this.#agent = undefined;
    this.#connection = { kind: "searching", error: "" };
    process.kill();
    this.#in.network.ended(process, silent);
  }

  powerCut(): void {
    this.crash(true);
    this.#machine.kill();
    this.host.powerCut();
    this.#machine = this.#boot();
  }

  /** A manager calls and says who the managers are; nobody answers for a daemon that is down. */
  meet(managers: readonly string[], answer: () => void): void {
    const process = this.#process;
    process?.deliver(0, () => {
      const { signal } = new AbortController();
      const context = { peer: { kind: "local" }, signal, metadata: new Map<string, string>() } as const;
      this.#agent?.handlers
        .meetManagers(newMeetManagersRequest({ managers }), context)
        .then(answer, (error: unknown) => this.#in.world.broken(error));
    });
  }

  stall(ms: number): void {
    this.#process?.stall(ms);
  }

  /** The host's clock: containers end by it, too. */
  jumpWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
    this.#machine.jumpWallClock(ms);
    this.#process?.jumpWallClock(ms);
  }

  #boot(): SimProcess {
    return new SimProcess(this.#in.world, `${this.name} machine ${++this.#lives}`, 1, this.#wallOffsetMs);
  }

  #connect(process: SimProcess, addr: string, signal: AbortSignal): SessionLink {
    const { network, managerNamed } = this.#in;
    const down = new Mailbox<DispatcherMessage>();
    const up = new Mailbox<AgentMessage>();
    const abort = new AbortController();
    const manager = managerNamed(addr);
    const life = manager?.life;
    const gone = (): SkepError => new SkepError("unavailable", `connection to ${addr} was lost`);
    let connection: Connection | undefined;
    const close = (): void => connection?.break(network.delayMs());
    if (manager === undefined || life === undefined) {
      process.deliver(network.delayMs(), () => down.end(new SkepError("unavailable", `nobody answers at ${addr}`)));
    } else {
      const open = network.connect(
        { host: this.name, process, onBroken: () => down.end(gone()) },
        {
          host: manager.name,
          process: life.process,
          onBroken: () => {
            abort.abort(new SkepError("canceled", "the caller went away"));
            up.end(new SkepError("canceled", "the caller went away"));
          },
        },
      );
      connection = open;
      const peer = { kind: "node", nodeId: this.nodeId, role: "worker", clusterId: "" as ClusterId } as const;
      const serve = async (): Promise<void> => {
        let end: Error | undefined;
        try {
          const context = { peer, signal: abort.signal, metadata: new Map<string, string>() };
          for await (const message of life.dispatcher.handlers.session(up, context)) {
            open.send(1, () => down.push(message));
          }
        } catch (error) {
          end = SkepError.from(error);
        }
        open.send(1, () => {
          down.end(end);
          close();
        });
      };
      open.send(0, () => void serve());
    }
    signal.addEventListener("abort", close, { once: true });
    return {
      send: (message) => {
        connection?.send(0, () => up.push(message));
        return true;
      },
      drained: () => Promise.resolve(),
      end: () => connection?.send(0, () => up.end()),
      cancel: close,
      messages: down,
    };
  }
}

/** What the machine answers to a process that has died since, nobody hears. */
function throughProcess(runtime: Runtime, process: SimProcess, onSignal: (id: TaskId) => void): Runtime {
  const signalled = new Set<TaskId>();
  const heard = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      answer.then(
        (value) => process.deliver(0, () => resolve(value)),
        (error: unknown) => process.deliver(0, () => reject(error)),
      );
    });
  return {
    info: (...args) => heard(runtime.info(...args)),
    pull: (...args) => heard(runtime.pull(...args)),
    create: (...args) => heard(runtime.create(...args)),
    start: (...args) => heard(runtime.start(...args)),
    attach: (...args) => heard(runtime.attach(...args)),
    wait: (...args) => heard(runtime.wait(...args)),
    kill: (id, ...args) => {
      if (!signalled.has(id)) onSignal(id);
      signalled.add(id);
      return heard(runtime.kill(id, ...args));
    },
    remove: (...args) => heard(runtime.remove(...args)),
    list: (...args) => heard(runtime.list(...args)),
    loadImage: (...args) => heard(runtime.loadImage(...args)),
    close: (...args) => heard(runtime.close(...args)),
  };
}
