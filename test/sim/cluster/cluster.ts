// A whole cluster in one process, by seed: managers and workers as they are, over a simulated network, disks and runtimes.
// First everything goes wrong while users work; safety is checked all the time. Then the faults stop, and it must converge.
import {
  newCluster,
  newClusterSpec,
  newDispatcherConfig,
  newNode,
  newNodeSpec,
  newOrchestrationConfig,
} from "../../../proto/gen/objects.ts";
import { type ClusterId, type NodeId, newId, type TaskId } from "../../../shared/model/ids.ts";
import { SimAgent } from "./agent.ts";
import { Clients } from "./clients.ts";
import { disturb, KINDS, repairAll, type Targets } from "./faults.ts";
import { SimManager } from "./manager.ts";
import { Network } from "./network.ts";
import { networksUnsettled } from "./network-state.ts";
import { managerNode, Operator } from "./operator.ts";
import { drawPlan, type Plan } from "./plan.ts";
import { RaftInvariants } from "./raft-invariants.ts";
import { unsettled } from "./settled.ts";
import { Truth } from "./truth.ts";
import { World } from "./world.ts";

const PREPARE_LIMIT_MS = 30_000;
const CONVERGE_LIMIT_MS = 120_000;
const STAY_MS = 10_000;
const LONGEST_STALL_MS = 8_000;
const STEP_MS = 50;
const REACTIVATE_MS = 1_000;

export class Cluster {
  readonly world: World;
  readonly network: Network;
  readonly truth: Truth;
  readonly invariants: RaftInvariants;
  readonly clients: Clients;
  readonly #managers: SimManager[] = [];
  readonly #agents: SimAgent[] = [];
  readonly #plan: Plan;
  readonly #targets: Targets;
  readonly #operator: Operator;
  readonly #snapshotIntervalEntries: number;
  readonly #drift: boolean;
  readonly #faultsMs: number;
  readonly #busyMs: number;
  #faulty = false;
  /** Users who wait for an answer. */
  #asking = 0;
  #convergedMs = 0;

  constructor(seed: number, keepLog = false, theme?: string) {
    const world = new World(seed, keepLog);
    this.world = world;
    this.network = new Network(world);
    this.truth = new Truth(world);
    this.invariants = new RaftInvariants(world);
    this.#plan = drawPlan(world, KINDS, theme);
    this.#snapshotIntervalEntries = world.between(15, 200);
    this.#drift = world.chance(0.4);
    this.#faultsMs = world.between(20_000, 60_000);
    this.#busyMs = world.between(60, 700);
    const random = world.random;
    const agentIds = Array.from({ length: world.between(2, 4) }, () => newId<NodeId>(random));
    for (let i = world.pick([1, 3, 3, 3, 5]) ?? 3; i > 0; i--) this.#newManager();
    const addrs = this.#managers.map(({ addr }) => addr);
    for (const [index, id] of agentIds.entries()) {
      const inside = {
        world,
        network: this.network,
        managerNamed: (addr: string) => this.#managerNamed(addr),
        onSignal: (agent: SimAgent, task: TaskId) => this.truth.drains.signalled(agent, task, this.#agents),
      };
      this.#agents.push(new SimAgent(inside, `w${index + 1}`, id, this.#clockRate(), addrs));
    }
    this.#operator = new Operator({
      world,
      network: this.network,
      managers: this.#managers,
      agents: this.#agents,
      newManager: () => this.#newManager(),
    });
    this.clients = new Clients({
      world,
      network: this.network,
      truth: this.truth,
      managers: () => this.#managers.filter(({ wanted }) => wanted),
      nodeIds: agentIds,
      workload: this.#plan.workload,
      pause: (ms) => this.#sleep(ms),
    });
    this.#targets = {
      world,
      network: this.network,
      managers: () => this.#managers.filter(({ wanted, disk }) => wanted && disk.raftId !== 0),
      agents: this.#agents,
      operator: this.#operator,
      registers: this.clients.registers,
    };
  }

  get convergedMs(): number {
    return this.#convergedMs;
  }

  async run(): Promise<void> {
    await this.#prepare();
    await this.#everythingGoesWrong();
    await this.#calmDown();
    await this.#converge();
  }

  // ------------------------------------------------------------------------------------------------------------- phases

  async #prepare(): Promise<void> {
    const [first, ...others] = this.#managers;
    if (first === undefined) throw new Error("no manager");
    first.start({ kind: "bootstrap" });
    await this.#until("the first manager leads", () => first.leads, PREPARE_LIMIT_MS);
    await this.world.advance(10);
    let founded = false;
    const founding = first.life?.store.update((tx) => {
      const orchestration = newOrchestrationConfig({ taskHistoryRetentionLimit: this.world.between(1, 5) });
      const dispatcher = newDispatcherConfig({ heartbeatPeriodMs: 1_000, suspectAfterMs: 2_500, downAfterMs: 4_000 });
      const spec = newClusterSpec({ name: "default", orchestration, dispatcher });
      tx.put("cluster", newCluster({ id: newId<ClusterId>(this.world.random), spec }));
      for (const { nodeId } of this.#agents) tx.put("node", newNode({ id: nodeId, spec: newNodeSpec() }));
      for (const manager of this.#managers) tx.put("node", managerNode(manager));
    });
    if (founding !== undefined) {
      this.#settle(
        founding.then(() => {
          founded = true;
        }),
      );
    }
    await this.#until("the cluster is written", () => founded, PREPARE_LIMIT_MS);
    for (const manager of others) this.#settle(this.#operator.join(manager).then(() => undefined));
    for (const agent of this.#agents) agent.start();
    const joined = (): boolean => this.#voters() === this.#managers.length;
    await this.#until("all managers vote", joined, PREPARE_LIMIT_MS);
    for (const manager of this.#managers) this.#operator.follow(manager);
    let prepared = false;
    this.#settle(
      this.clients.prepare().then(() => {
        prepared = true;
      }),
    );
    await this.#until("the registers are there", () => prepared, PREPARE_LIMIT_MS);
  }

  async #everythingGoesWrong(): Promise<void> {
    const { world } = this;
    const { theme, faults, meanPauseMs, repairShare } = this.#plan;
    const { maxDelayMs } = this.network.weather;
    world.record(`${this.#managers.length} managers, ${this.#agents.length} workers, delay ${maxDelayMs} ms`);
    world.record(
      `${theme}: faults every ${meanPauseMs} ms, ${repairShare.toFixed(2)} of them repairs: ${faults.join("; ")}`,
    );
    this.#faulty = true;
    const until = world.nowMs + this.#faultsMs;
    this.#users(until);
    while (world.nowMs < until) {
      await this.#pass(-Math.log(1 - world.random()) * meanPauseMs);
      disturb(this.#plan, this.#targets);
    }
  }

  /** Everybody is up again, at last; one worker perhaps only when the cluster has done without it. */
  async #calmDown(): Promise<void> {
    const { world } = this;
    const lost = this.#plan.losesWorker ? world.pick(this.#agents) : undefined;
    if (lost !== undefined) {
      world.record(`${lost.name} is lost`);
      lost.lost = true;
      lost.powerCut();
    }
    world.record("the faults stop");
    this.#faulty = false;
    repairAll(this.#targets);
    if (this.#plan.losesManagers) {
      await this.#until("the operator is done", () => !this.#operator.busy, CONVERGE_LIMIT_MS);
      await this.#pass(world.between(0, 3_000));
      this.#operator.goOnAlone();
    }
    const startedMs = world.nowMs;
    await this.#pass(LONGEST_STALL_MS); // what is stalled now comes back by itself
    // Again and again: a drain whose outcome nobody knew may come to be committed after the first look.
    let done = false;
    const activate = async (): Promise<void> => {
      while (!done) {
        await this.clients.activateNodes();
        await this.#sleep(REACTIVATE_MS);
      }
    };
    this.#settle(activate());
    await this.#converged(startedMs);
    if (lost !== undefined) {
      world.record(`${lost.name} returns`);
      lost.lost = false;
      lost.start();
      await this.#converged(world.nowMs);
    }
    done = true;
  }

  async #converged(sinceMs: number): Promise<void> {
    const settled = (): boolean => this.#unsettled() === undefined;
    await this.#until("converged", settled, CONVERGE_LIMIT_MS, () => this.#unsettled());
    const tookMs = this.world.nowMs - sinceMs;
    this.#convergedMs = Math.max(this.#convergedMs, tookMs);
    this.world.record(`converged after ${Math.round(tookMs)} ms`);
  }

  /** What has converged stays as it is; then the histories are whole. */
  async #converge(): Promise<void> {
    const live = (): string =>
      this.#agents
        .flatMap((agent) => agent.running())
        .sort()
        .join();
    const before = live();
    await this.#pass(STAY_MS);
    if (live() !== before) this.world.fail("containers were replaced in a cluster that had converged");
    const problem = this.#unsettled();
    if (problem !== undefined) this.world.fail(`what had converged did not stay so: ${problem}`);
    let done = false;
    this.#settle(
      this.clients.finalReads().then(() => {
        done = true;
      }),
    );
    await this.#until("the last reads are done", () => done, 20_000);
    this.clients.histories.check();
  }

  // ----------------------------------------------------------------------------------------------------------- checking

  async #pass(ms: number): Promise<void> {
    for (const until = this.world.nowMs + ms; this.world.nowMs < until; ) {
      await this.world.advance(Math.min(STEP_MS, until - this.world.nowMs));
      this.#look();
    }
  }

  #look(): void {
    const running = this.#agents.flatMap((agent) => agent.running().map((task) => ({ task, host: agent.nodeId })));
    this.truth.containersRun(running);
  }

  async #until(
    what: string,
    holds: () => boolean,
    limitMs: number,
    why: () => string | undefined = () => undefined,
  ): Promise<void> {
    const endMs = this.world.nowMs + limitMs;
    while (!holds()) {
      if (this.world.nowMs >= endMs) {
        this.world.fail(`not within ${limitMs / 1000} s: ${what}: ${why() ?? ""}`);
      }
      await this.#pass(STEP_MS);
    }
  }

  /** What is not yet as it shall be; undefined when all is. */
  #unsettled(): string | undefined {
    if (this.#asking > 0) return `${this.#asking} users still wait for an answer`;
    if (this.#operator.busy) return "the operator is at work";
    const managers = this.#managers.filter(({ wanted }) => wanted);
    const problem = unsettled({ truth: this.truth, managers, agents: this.#agents });
    return problem ?? networksUnsettled(managers, this.#agents);
  }

  // ------------------------------------------------------------------------------------------------------------- actors

  #users(until: number): void {
    const { world } = this;
    const user = (): void => {
      if (world.nowMs >= until) return;
      this.#asking++;
      this.#settle(
        this.clients.act().finally(() => {
          this.#asking--;
        }),
      );
      world.after(-Math.log(1 - world.random()) * this.#busyMs, user);
    };
    world.after(0, user);
  }

  // -------------------------------------------------------------------------------------------------------------- parts

  #newManager(): SimManager {
    const { world, network, invariants, truth } = this;
    const inside = {
      world,
      network,
      invariants,
      truth,
      managerAt: (raftId: number) => this.#managers.find(({ disk }) => disk.raftId === raftId),
      agentAt: (addr: string) => this.#agents.find((agent) => agent.addr === addr),
      snapshotIntervalEntries: this.#snapshotIntervalEntries,
      lateNewsMs: () => (this.#faulty ? this.#plan.lateNewsMs : 0),
    };
    const name = `m${this.#managers.length + 1}`;
    const manager = new SimManager(inside, name, newId<NodeId>(world.random), this.#clockRate());
    this.#managers.push(manager);
    return manager;
  }

  #managerNamed(addr: string): SimManager | undefined {
    return this.#managers.find((manager) => manager.addr === addr);
  }

  #clockRate(): number {
    return this.#drift ? 0.93 + this.world.random() * 0.14 : 1;
  }

  #voters(): number {
    const leader = this.#managers.find(({ leads }) => leads);
    return leader?.life?.core.config.members.filter(({ voter }) => voter).length ?? 0;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.after(ms, resolve));
  }

  #settle(work: Promise<void>): void {
    work.catch((error: unknown) => this.world.broken(error));
  }
}
