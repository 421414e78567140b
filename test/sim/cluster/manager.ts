// A manager of the simulated cluster: everything that a real one runs, over a simulated disk and network. The object is the
// host; each `start` begins a life (a process), which ends by `stop`, `crash`, or not at all.
import { createControlHandlers } from "../../../manager/api/control.ts";
import { EventLog } from "../../../manager/api/event-log.ts";
import { runRoleKeeper } from "../../../manager/ca/role-keeper.ts";
import { createDispatcher, type Dispatcher } from "../../../manager/dispatcher/dispatcher.ts";
import { runNodeCaller } from "../../../manager/dispatcher/node-caller.ts";
import { runLeaderLoops, supervise } from "../../../manager/leader-loops.ts";
import { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { Config } from "../../../manager/raft/core/types.ts";
import { Driver } from "../../../manager/raft/driver.ts";
import { createRaftHandlers } from "../../../manager/raft/handlers.ts";
import { Member } from "../../../manager/raft/member.ts";
import type { LeadershipEvent, RaftMember, RaftNode, StateMachine } from "../../../manager/raft/raft-node.ts";
import { makeSole } from "../../../manager/recovery/disk.ts";
import { decodeTransaction } from "../../../manager/store/codec.ts";
import { createStore } from "../../../manager/store/store.ts";
import type { Store } from "../../../manager/store/types.ts";
import type { ControlService } from "../../../proto/gen/control.ts";
import type { RaftService } from "../../../proto/gen/raft.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import type { Handlers } from "../../../shared/rpc/server.ts";
import type { SimAgent } from "./agent.ts";
import { Disk, SimStorage } from "./disk.ts";
import type { Network } from "./network.ts";
import { SimProcess } from "./process.ts";
import type { RaftInvariants } from "./raft-invariants.ts";
import { readSnapshot } from "./rebase.ts";
import { callNode, raftTransport } from "./talk.ts";
import { type Truth, viewHash } from "./truth.ts";
import type { World } from "./world.ts";

export interface ManagerWorld {
  readonly world: World;
  readonly network: Network;
  readonly invariants: RaftInvariants;
  readonly truth: Truth;
  readonly managerAt: (raftId: number) => SimManager | undefined;
  readonly agentAt: (addr: string) => SimAgent | undefined;
  readonly snapshotIntervalEntries: number;
  /** So late at most does a store hear of leadership. */
  readonly lateNewsMs: () => number;
}

export interface Life {
  readonly process: SimProcess;
  readonly raft: RaftNode;
  readonly driver: Driver;
  readonly core: RaftCore;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly control: Handlers<typeof ControlService>;
  readonly membership: Handlers<typeof RaftService>;
}

export type Start =
  | { readonly kind: "bootstrap" }
  | { readonly kind: "join"; readonly raftId: number; readonly members: readonly RaftMember[] }
  | { readonly kind: "restart" };

const TICK_MS = 100;
const ELECTION_TICKS = 10;
/** As the transport has them in the small: several messages for what real ones put into one. */
const CORE = {
  electionTicks: ELECTION_TICKS,
  heartbeatTicks: 1,
  maxAppendBytes: 8 << 10,
  window: { maxMessages: 8, maxBytes: 32 << 10 },
  maxApplyBytes: 8 << 10,
};

/** As the next version of the program might have it. */
const NEXT_CORE = { electionTicks: 8, maxAppendBytes: 3 << 10, window: { maxMessages: 3, maxBytes: 16 << 10 } };

export class SimManager {
  readonly name: string;
  readonly addr: string;
  readonly nodeId: NodeId;
  disk = new Disk();
  life: Life | undefined;
  /** It shall be a member; one that was removed is not started again. */
  wanted = true;
  /** The host is, or its user has made it leave: nobody asks for its role any more. */
  gone = false;
  /** Of the program: the next one has other limits, and talks to this one. */
  version = 1;
  readonly clockRate: number;
  readonly #in: ManagerWorld;
  #lives = 0;
  #wallOffsetMs = 0;

  constructor(inside: ManagerWorld, name: string, nodeId: NodeId, clockRate: number) {
    this.#in = inside;
    this.name = name;
    this.addr = `${name}:7377`;
    this.nodeId = nodeId;
    this.clockRate = clockRate;
  }

  get leads(): boolean {
    return this.life !== undefined && !this.life.driver.stopped && this.life.core.settled;
  }

  start(start: Start): void {
    const { world, invariants } = this.#in;
    const { disk, addr, nodeId } = this;
    const process = new SimProcess(world, `${this.name}#${++this.#lives}`, this.clockRate, this.#wallOffsetMs);
    const { env } = process;
    if (start.kind === "join" && disk.raftId !== start.raftId) this.disk = this.#format(start.raftId, undefined);
    if (start.kind === "bootstrap") {
      this.disk = this.#format(1, { members: [{ raftId: 1, nodeId, addr, voter: true }], nextRaftId: 2 });
    }
    const { raftId } = this.disk;
    const storage = new SimStorage(world, process, this.disk, (write) => invariants.wrote(raftId, write));
    const { store, machine: bare, attach } = createStore({ env, log: silentLog });
    const machine = this.#watched(bare, store, raftId);
    const snapshot = storage.snapshot();
    if (snapshot !== undefined) machine.restore(snapshot.data).catch((error: unknown) => world.broken(error));
    const core = new RaftCore(
      {
        ...CORE,
        ...(this.version % 2 === 0 ? NEXT_CORE : {}),
        id: raftId,
        random: env.random,
        lease: { nowMs: env.nowMs, tickIntervalMs: TICK_MS },
      },
      storage,
      storage.restored,
    );
    const transport = raftTransport(this, this.#in, process, () => driver);
    const driver: Driver = new Driver({
      env,
      log: silentLog,
      core,
      storage,
      machine,
      send: transport.send,
      onProgress: () => {
        member.progressed();
        if (!driver.stopped) this.#guard(() => invariants.progressed(core));
        else if (driver.lostEntries && this.disk.forgetful) world.count("found that its disk had forgotten");
        else if (driver.fault !== undefined) world.broken(new Error(`${this.name}: ${driver.fault}`));
      },
      tickIntervalMs: TICK_MS,
      snapshotIntervalEntries: this.#in.snapshotIntervalEntries,
    });
    const transferPatienceMs = ELECTION_TICKS * TICK_MS;
    const member: Member = new Member({
      env,
      log: silentLog,
      core,
      driver,
      storage,
      transport,
      tickIntervalMs: TICK_MS,
      transferPatienceMs,
    });
    const raft = member.node();
    const nobody = (): never => {
      throw new SkepError("unavailable", "callers look for the leader themselves");
    };
    const { signal } = new AbortController();
    const dispatcher = createDispatcher({ env, log: silentLog, store, raft });
    const events = new EventLog({ env, store });
    const control = createControlHandlers({
      env,
      log: silentLog,
      store,
      raft,
      events,
      snapshot: machine.snapshot,
      images: async (image) => ({ image, platforms: [] }),
      dialManager: nobody,
      dialAgent: nobody,
      signal,
    });
    const membership = createRaftHandlers({
      env,
      self: { raftId, nodeId, addr },
      core,
      driver,
      member,
      transport,
      dial: nobody,
      isManager: (id) => store.view((view) => view.get("node", id))?.spec?.role === "manager",
    });
    this.life = { process, raft, driver, core, store, dispatcher, control, membership };
    const run = (work: (signal: AbortSignal) => Promise<void>): void => {
      supervise(env, silentLog, signal, (loop) => work(loop.signal)).catch((error: unknown) => world.broken(error));
    };
    run((signal) => events.collect(signal));
    run((signal) => attach(this.#heardLate(raft, process), signal));
    run((signal) => dispatcher.run(signal));
    run((signal) =>
      whileLeading(raft, signal, async (leading) => {
        const roles = supervise(env, silentLog, leading, (loop) => runRoleKeeper({ ...loop, store, raft }));
        const calls = supervise(env, silentLog, leading, (loop) =>
          runNodeCaller({
            ...loop,
            store,
            raft,
            meet: (node, managers, until) => callNode(this, this.#in, process, node.addr, managers, until),
          }),
        );
        await Promise.all([runLeaderLoops({ env, log: silentLog, store, signal: leading }), roles, calls]);
      }),
    );
    this.#watch(store, process, signal).catch((error: unknown) => world.broken(error));
  }

  /** @param keepWrite whether the write under way made it to the disk. @param silent the host is gone: nobody says goodbye. */
  crash(keepWrite: boolean, silent: boolean): void {
    if (this.life === undefined) return;
    const { process } = this.life;
    this.#end(process, silent);
    if (keepWrite) {
      const write = this.disk.land();
      if (write !== undefined) this.#in.invariants.wrote(this.disk.raftId, write);
    }
    this.disk.abandon();
  }

  /** As a daemon that is told to stop. Resolves when the process has ended. */
  async stop(): Promise<void> {
    const { life } = this;
    if (life === undefined) return;
    await life.raft.stop();
    if (this.life === life) this.#end(life.process, false);
  }

  /** `swarm init --force-new-cluster`, the daemon stopped: its disk becomes that of a group of one. */
  async goOnAlone(): Promise<void> {
    const { world, invariants, truth } = this.#in;
    const process = new SimProcess(world, `${this.name} recovers`, 1, this.#wallOffsetMs);
    const storage = new SimStorage(world, process, this.disk, () => undefined);
    const { raftId, state, index } = await makeSole(storage, process.env, this.nodeId, this.addr);
    process.kill();
    const sure = invariants.rebase(raftId, this.disk, index + 1);
    readSnapshot(state.snapshot, (view) => truth.rebase(view, sure));
    world.record(`${this.name} goes on alone as member ${raftId}`);
  }

  /** Everything that was ever committed is here. */
  get hasAll(): boolean {
    return this.disk.raftId !== 0 && this.#in.invariants.hasAll(this.disk);
  }

  /** As a daemon that is no manager any more: what it had of the group is removed. */
  wipe(): void {
    this.crash(false, false);
    const { full, hung, maxWriteMs } = this.disk;
    this.disk = Object.assign(new Disk(), { full, hung, maxWriteMs });
  }

  jumpWallClock(ms: number): void {
    this.life?.process.jumpWallClock(ms);
  }

  #end(process: SimProcess, silent: boolean): void {
    this.#wallOffsetMs = process.wallOffsetMs;
    process.kill();
    this.#in.network.ended(process, silent);
    this.life = undefined;
  }

  #format(raftId: number, config: Config | undefined): Disk {
    const disk = new Disk();
    disk.raftId = raftId;
    disk.maxWriteMs = this.disk.maxWriteMs;
    disk.full = this.disk.full;
    disk.hung = this.disk.hung;
    if (config !== undefined) {
      disk.put({
        hardState: { term: 1, vote: 0, commit: 1 },
        entries: [{ index: 1, term: 1, body: { kind: "config", ...config } }],
      });
    }
    this.#in.invariants.disks.set(raftId, disk);
    return disk;
  }

  /** What the store takes over was made by the leader of the term in which it was put into the log, and by no earlier one. */
  #watched(machine: StateMachine, store: Store, raftId: number): StateMachine {
    const versionOf = (): number => store.view(({ version }) => version);
    return {
      apply: (entry) => {
        this.#in.invariants.applied(raftId, entry.index, entry.term, entry.data);
        const before = versionOf();
        machine.apply(entry);
        if (this.#in.lateNewsMs() === 0 || versionOf() === before) return; // nothing else brings this about
        const { term } = decodeTransaction(entry.data);
        if (term !== entry.term) {
          this.#in.world.fail(
            `${this.name} took over a transaction of term ${term} from the log of term ${entry.term}`,
          );
        }
      },
      snapshot: machine.snapshot,
      restore: machine.restore,
    };
  }

  /** As where the process has so much to do that its store comes late to the news. */
  #heardLate(raft: RaftNode, { env }: SimProcess): RaftNode {
    const { lateNewsMs, world } = this.#in;
    async function* leadership(signal: AbortSignal): AsyncGenerator<LeadershipEvent> {
      for await (const event of raft.leadership(signal)) {
        const mostMs = lateNewsMs();
        if (mostMs > 0) await env.sleep(world.random() * mostMs, signal).catch(() => undefined);
        yield event;
      }
    }
    return { ...raft, leadership };
  }

  /** Hears of every commit, from a view on; a snapshot of the leader's in between begins anew, and says so. */
  async #watch(store: Store, process: SimProcess, signal: AbortSignal): Promise<void> {
    const { truth, world } = this.#in;
    let last = -1;
    while (!signal.aborted) {
      const { view, commits } = store.viewAndWatch(
        (at) => {
          truth.viewed(this.name, at.version, viewHash(at));
          return at.version;
        },
        { signal },
      );
      if (view < last) world.fail(`${this.name} went back from version ${last} to ${view}`);
      last = view;
      try {
        for await (const commit of commits) {
          if (commit.version !== last + 1) world.fail(`${this.name} watched ${commit.version} after ${last}`);
          last = commit.version;
          truth.committed(this.name, commit);
        }
      } catch (error) {
        if (!isCode(error, "resource_exhausted")) throw error;
        world.count("watch begun anew after a snapshot");
      }
      await process.env.breathe();
    }
  }

  /** Lets the present process, if there is one, do `act` when it comes to it. */
  receive(act: () => void): void {
    this.life?.process.deliver(0, act);
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#in.world.broken(error);
    }
  }
}

async function whileLeading(
  raft: RaftNode,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let term: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  for await (const event of raft.leadership(signal)) {
    term?.abort.abort(new SkepError("unavailable", "this manager leads no more"));
    await term?.done;
    term = undefined;
    if (event.kind === "following") continue;
    const abort = new AbortController();
    term = { abort, done: work(abort.signal) };
  }
}
