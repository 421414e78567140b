// The network of a node with a kernel. Whatever changes (what managers say, a task that comes or goes) only wakes one loop,
// which brings everything together and lets the kernel be made so: one run at a time, and all that came meanwhile goes into
// the next. Without a change the kernel is read now and then, and after every failure: what somebody else broke is mended.
//
// The order of a run: views are remembered on disk, then the kernel is changed, then names are answered from them, then
// managers are told, and whoever waits for a task's network may go on. So an acknowledged endpoint that drains is in no rule
// and no answer any more, and a name is never given out before what it leads to.
import type { NetworkSubnet, NetworkUpdate } from "../../proto/gen/network.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";
import { orAborted } from "../abort.ts";
import { Pulse } from "../pulse.ts";
import type { KeepNamespace } from "./adopt.ts";
import type { NetworkNode } from "./apply/network-node.ts";
import type { TaskNames } from "./dns/task-names.ts";
import type { Tunnels } from "./encryption/tunnels.ts";
import { KnownNetworks } from "./known-networks.ts";
import type { NodeInput } from "./plan/input.ts";
import { possibleAddresses } from "./plan/ipv6.ts";
import { namespaceOf, namespacePath } from "./plan/names.ts";
import type { NetworkProbe } from "./probe/probe.ts";
import type { AdoptedTask, NetworkRoom, NetworkRoomCallbacks, TaskNamespace, TaskPlace } from "./room.ts";
import type { NetworkViews } from "./view.ts";
import type { ViewFiles } from "./view-files.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface KernelNetworkRoomOptions {
  readonly env: Env;
  readonly log: Log;
  readonly nodeId: NodeId;
  readonly kernel: Pick<
    NetworkNode,
    "reconcile" | "check" | "doubt" | "localAddresses" | "hasStaleFlows" | "endStaleFlows"
  >;
  readonly keepNamespace: KeepNamespace;
  readonly names: TaskNames;
  readonly tunnels: Pick<Tunnels, "description" | "wantEpoch" | "wantNetworks" | "run" | "clear">;
  readonly prober: Pick<NetworkProbe, "run">;
  readonly files: ViewFiles;
  readonly localSubnets: readonly NetworkSubnet[];
  readonly callbacks: NetworkRoomCallbacks;
}

/** The kernel is read again about so often though nothing happened. */
const DOUBT_MS = 60_000;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 15_000;
/** Connections to what is gone are ended this long after, and then for one part of the time in so many. */
const FLOWS_AFTER_MS = 1_000;
const FLOWS_REST = 20;
const LOCAL_MTU = 1_500;
const NO_VIEWS: NetworkViews = new Map();

/** Reads what an earlier life remembered. */
export async function openKernelNetworkRoom(options: KernelNetworkRoomOptions): Promise<NetworkRoom> {
  return new KernelNetworkRoom(options, await options.files.load());
}

class KernelNetworkRoom implements NetworkRoom {
  readonly #options: KernelNetworkRoomOptions;
  readonly #known: KnownNetworks;
  readonly #waiting: WaitingRoom;
  readonly #tasks = new Map<TaskId, TaskPlace>();
  readonly #changed = new Pulse();
  readonly #adopted = Promise.withResolvers<void>();
  #adoptedTasks: readonly AdoptedTask[] = [];
  #leaving = false;
  #problem = "";
  /** All who ask before it is answered get the same answer. */
  #check: PromiseWithResolvers<readonly string[]> | undefined;
  /** Askers are known. */
  #answers = false;

  constructor(options: KernelNetworkRoomOptions, views: NetworkViews) {
    this.#options = options;
    this.#known = new KnownNetworks(options.log, options.callbacks, views);
    this.#waiting = new WaitingRoom(options.env);
  }

  get views(): NetworkViews {
    return this.#leaving ? NO_VIEWS : this.#known.views;
  }

  get problem(): string {
    return this.#problem;
  }

  get tunnels(): NetworkRoom["tunnels"] {
    return this.#options.tunnels;
  }

  readonly probe: NetworkRoom["probe"] = (commands, signal) => this.#options.prober.run(commands, signal);

  check(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    this.#check ??= Promise.withResolvers();
    this.#changed.fire();
    return orAborted(this.#check.promise, signal);
  }

  adopt(tasks: readonly AdoptedTask[]): void {
    for (const { place } of tasks) this.#tasks.set(place.taskId, place);
    this.#adoptedTasks = tasks;
    this.#adopted.resolve();
  }

  sessionBegins(): void {
    this.#known.sessionBegins();
  }

  update(update: NetworkUpdate): void {
    if (this.#known.update(update)) this.#changed.fire();
  }

  sessionComplete(): void {
    if (this.#known.sessionComplete()) this.#changed.fire();
  }

  async prepare(task: TaskPlace, signal: AbortSignal): Promise<TaskNamespace> {
    if (this.#leaving) throw new SkepError("unavailable", "the network: this node is leaving its cluster");
    this.#tasks.set(task.taskId, task);
    await this.#settled({ kind: "ready", taskId: task.taskId }, signal);
    const local = this.#options.kernel.localAddresses.get(task.taskId) ?? [];
    return {
      path: namespacePath(namespaceOf(task.taskId)),
      addresses: [
        ...task.attachments.flatMap(({ networkId, addresses }) =>
          possibleAddresses(addresses, this.views.get(networkId)),
        ),
        ...local,
      ],
    };
  }

  async release(taskId: TaskId, signal: AbortSignal): Promise<void> {
    this.#tasks.delete(taskId);
    this.#waiting.forget(taskId);
    await this.#settled({ kind: "gone", taskId }, signal);
  }

  async clear(signal: AbortSignal): Promise<void> {
    this.#leaving = true;
    this.#tasks.clear();
    await this.#settled({ kind: "bare" }, signal);
    this.#options.names.clear();
    await this.#options.tunnels.clear(signal);
    await this.#options.files.clear();
  }

  #settled(what: Parameters<WaitingRoom["wait"]>[0], signal: AbortSignal): Promise<void> {
    const settled = this.#waiting.wait(what, signal);
    this.#changed.fire();
    return settled;
  }

  async run(signal: AbortSignal): Promise<void> {
    const tunnelling = this.#options.tunnels.run(signal);
    try {
      await this.#loop(signal);
    } catch (error) {
      if (!signal.aborted) this.#options.log.error({ err: error }, "the network is not looked after any more");
    }
    this.#check?.reject(new SkepError("unavailable", "the network is not looked after any more"));
    await tunnelling;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { env, kernel, names, log, keepNamespace } = this.#options;
    await orAborted(this.#adopted.promise, signal);
    for (const { place, pid } of this.#adoptedTasks) {
      if (pid !== undefined) await keepNamespace(place.taskId, pid, signal);
    }
    await names.listen(signal).catch(() => false); // tasks of an earlier life ask already; else there is no address yet
    let doubtAtMs = this.#nextDoubtMs();
    let flowsAtMs = Number.POSITIVE_INFINITY;
    let failures = 0;
    for (this.#changed.fire(); ; ) {
      const dueMs = Math.min(doubtAtMs, flowsAtMs) - env.nowMs();
      const fired = await this.#changed.wait(env, signal, Math.max(0, Math.min(dueMs, pauseMs(failures))));
      await env.breathe(); // tasks that come in one message are made in one run
      const doubts = env.nowMs() >= doubtAtMs;
      if (doubts) {
        kernel.doubt();
        doubtAtMs = this.#nextDoubtMs();
      }
      try {
        if (fired || doubts || failures > 0) this.#problem = await this.#round(signal);
        flowsAtMs = await this.#endFlows(flowsAtMs, signal);
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        failures++;
        kernel.doubt();
        const { message } = SkepError.from(error);
        this.#problem = `the node's network is not as it should be: ${message}`;
        log.error({ error: message, failures }, "the network of this node is not as it should be; trying again");
        // Not at once, whoever asks; but nobody new need wait for long because of another's old trouble.
        await env.sleep(FIRST_RETRY_MS, signal);
      }
      await this.#answerCheck(signal);
    }
  }

  /** When it is time. Returns when that will be again. */
  async #endFlows(atMs: number, signal: AbortSignal): Promise<number> {
    const { env, kernel } = this.#options;
    const nowMs = env.nowMs();
    if (!kernel.hasStaleFlows) return nowMs < atMs ? atMs : Number.POSITIVE_INFINITY;
    if (atMs === Number.POSITIVE_INFINITY) return nowMs + FLOWS_AFTER_MS;
    if (nowMs < atMs) return atMs;
    await kernel.endStaleFlows(signal);
    return env.nowMs() + FLOWS_REST * (env.nowMs() - nowMs);
  }

  /** Within the loop: the kernel is not read while it is changed. */
  async #answerCheck(signal: AbortSignal): Promise<void> {
    const asked = this.#check;
    this.#check = undefined;
    if (asked === undefined) return;
    try {
      const found = await this.#options.kernel.check(this.#wish(this.views, new Map(this.#tasks)), signal);
      asked.resolve(found.map(({ message }) => message));
    } catch (error) {
      asked.reject(SkepError.from(error));
    }
  }

  #nextDoubtMs(): number {
    const { env } = this.#options;
    return env.nowMs() + DOUBT_MS * (0.75 + env.random() / 2);
  }

  /** @returns what the node goes without, in words; "" when everything is as it should be. */
  async #round(signal: AbortSignal): Promise<string> {
    const { kernel, names, files, tunnels } = this.#options;
    const served = this.#waiting.enter();
    const { views } = this;
    const tasks = new Map(this.#tasks);
    let failure: string | undefined;
    let lack: string | undefined;
    try {
      await files.save(views);
      tunnels.wantNetworks(views);
      const { port } = names;
      let { unready, failed, without } = await kernel.reconcile(this.#wish(views, tasks), signal);
      if (tasks.size > 0) await names.listen(signal);
      if (names.port !== port) {
        // Somebody has the port that the rules lead to.
        ({ unready, failed, without } = await kernel.reconcile(this.#wish(views, tasks), signal));
      }
      this.#swapNames(views, tasks);
      if (!this.#leaving && failed.size === 0) this.#known.applied(views);
      this.#waiting.settle(served, unready, failed);
      [failure] = failed.values();
      [lack] = without;
    } catch (error) {
      if (this.#answers) this.#swapNames(views, tasks); // a name must not lead to what is known to be gone
      if (!signal.aborted) this.#waiting.fail(served, SkepError.from(error));
      throw error;
    }
    if (failure !== undefined) throw new SkepError("internal", failure); // to be tried again
    return lack ?? "";
  }

  #wish(views: NetworkViews, tasks: ReadonlyMap<TaskId, TaskPlace>): NodeInput {
    const { nodeId, localSubnets, names } = this.#options;
    const places = [...tasks].map(([id, task]) => [id, { ...task, localAddresses: [] }] as const);
    return { nodeId, views, tasks: new Map(places), localSubnets, localMtu: LOCAL_MTU, dnsPort: names.port };
  }

  #swapNames(views: NetworkViews, tasks: ReadonlyMap<TaskId, TaskPlace>): void {
    this.#answers = true;
    const { kernel, names } = this.#options;
    const askers = [...tasks.values()].map(({ taskId, attachments, nameservers }) => ({
      taskId,
      networks: attachments.map(({ networkId }) => networkId),
      nameservers,
      localAddresses: kernel.localAddresses.get(taskId) ?? [],
    }));
    names.swap({ views, tasks: askers });
  }
}

/** Beside FIRST_RETRY_MS: 0.25, 0.75, 1.75 … seconds; without failures nothing need be tried again. */
const pauseMs = (failures: number): number =>
  failures === 0
    ? Number.POSITIVE_INFINITY
    : Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * (2 ** Math.min(10, failures) - 1));
