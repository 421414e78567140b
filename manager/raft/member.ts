// The RaftNode that the rest of the manager sees, over the driver.
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ConfigChange } from "./core/config.ts";
import type { RaftCore } from "./core/raft-core.ts";
import type { Driver } from "./driver.ts";
import { Latest } from "./latest.ts";
import type { LeadershipEvent, RaftMember, RaftNode, RaftStatus } from "./raft-node.ts";
import type { RaftStorage } from "./storage.ts";
import type { Transport } from "./transport.ts";

export interface MemberOptions {
  readonly env: Env;
  readonly log: Log;
  readonly core: RaftCore;
  readonly driver: Driver;
  readonly storage: RaftStorage;
  readonly transport: Transport;
  readonly tickIntervalMs: number;
  /** How long a stop waits for another member to take over. */
  readonly transferPatienceMs: number;
}

/** How long those who stay have for a write, in patiences of a transfer: by then a write that hangs is known to be overdue. */
const PROBE_PATIENCES = 5;
const PROBE_LOOKS_PER_TICK = 10;

/** What every waiter for a change of this member's state looks at. */
interface Shape {
  readonly role: RaftStatus["state"];
  readonly term: number;
  readonly leaderId: number;
  readonly settled: boolean;
  readonly transferring: boolean;
  readonly config: RaftCore["config"];
}

export class Member {
  readonly #options: MemberOptions;
  readonly #shape: Latest<Shape>;
  readonly #leadership: Latest<LeadershipEvent>;
  #stopping: Promise<void> | undefined;

  constructor(options: MemberOptions) {
    this.#options = options;
    const shape = this.#readShape();
    this.#shape = new Latest(shape);
    this.#leadership = new Latest(this.#eventOf(shape));
  }

  node(): RaftNode {
    const { driver } = this.#options;
    return {
      propose: (data) => driver.propose(data),
      readIndex: (signal) => driver.readIndex(signal),
      status: () => this.status(),
      leadership: (signal) => this.#leadership.follow(signal),
      addMember: (member, signal) => this.changeConfig(() => ({ kind: "add", member: pick(member) }), signal),
      removeMember: (raftId, signal) => this.changeConfig(() => ({ kind: "remove", raftId }), signal),
      readdressMember: (raftId, addr, signal) => {
        const plan = (): ConfigChange | undefined => {
          const same = this.#options.core.config.members.some((one) => one.raftId === raftId && one.addr === addr);
          return same ? undefined : { kind: "readdress", raftId, addr };
        };
        return this.changeConfig(plan, signal);
      },
      transferLeadership: (signal) => this.transferLeadership(signal),
      stop: () => {
        this.#stopping ??= this.#stop();
        return this.#stopping;
      },
    };
  }

  status(): RaftStatus {
    const { core, driver } = this.#options;
    const { id, term, leaderId, commitIndex, appliedIndex, config, progress } = core.status();
    return {
      raftId: id,
      term,
      state: this.#readShape().role,
      leaderId: driver.stopped ? 0 : leaderId,
      commitIndex,
      appliedIndex,
      members: config.members,
      nextRaftId: config.nextRaftId,
      progress,
      fault: driver.fault,
      lostEntries: driver.lostEntries,
    };
  }

  /** The driver finished a round: tells who waits when something visible changed. */
  progressed(): void {
    const shape = this.#readShape();
    const before = this.#shape.value;
    const same =
      shape.role === before.role &&
      shape.term === before.term &&
      shape.leaderId === before.leaderId &&
      shape.settled === before.settled &&
      shape.transferring === before.transferring &&
      shape.config === before.config;
    if (same) return;
    if (shape.role !== before.role || shape.leaderId !== before.leaderId) {
      this.#options.log.info({ role: shape.role, term: shape.term, leader: shape.leaderId }, "raft role");
    }
    this.#shape.set(shape);
    const event = this.#eventOf(shape);
    if (!sameEvent(event, this.#leadership.value)) this.#leadership.set(event);
    if (shape.config !== before.config) {
      this.#options.transport.keep(shape.config.members);
    }
  }

  /**
   * Waits while another change is under way (promoting a learner is one, and nobody asked for it), then does what `plan`
   * says at that moment; nothing when it says undefined.
   * @throws {SkepError} as RaftNode.addMember and removeMember.
   */
  async changeConfig(plan: () => ConfigChange | undefined, signal: AbortSignal): Promise<void> {
    const { env, driver, tickIntervalMs } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const change = plan();
      if (change === undefined) return;
      if (change.kind === "remove" && this.#options.core.refusal(change) === undefined) {
        await this.#stayersWrite(change.raftId, signal);
      }
      const outcome = await withSignal(driver.changeConfig(change), signal);
      switch (outcome.kind) {
        case "appended":
          return;
        case "busy":
          await env.sleep(tickIntervalMs, signal);
          break;
        case "not-leading":
          throw new SkepError("unavailable", "this manager does not lead");
        case "refused":
          throw new SkepError("failed_precondition", `the managers cannot change now: ${outcome.reason}`);
      }
    }
  }

  /**
   * A disk that hangs shows it at the next write only, and a removal would be that write: it could never be committed, nor
   * anything after it. So those who stay write something else before.
   */
  async #stayersWrite(leavingId: number, signal: AbortSignal): Promise<void> {
    const { env, core, driver, tickIntervalMs, transferPatienceMs } = this.#options;
    const untilMs = env.nowMs() + PROBE_PATIENCES * transferPatienceMs;
    const probe = driver.withCore((running) => running.proposeNothing());
    if (probe?.kind !== "appended") return; // the change itself says why
    while (!core.stayersHave(probe.index, leavingId)) {
      if (core.role !== "leader" || driver.stopped) throw new SkepError("unavailable", "this manager does not lead");
      if (env.nowMs() > untilMs) {
        throw new SkepError(
          "failed_precondition",
          `the managers cannot change now: without ${leavingId}, those whose disks have written of late are no majority`,
        );
      }
      await env.sleep(tickIntervalMs / PROBE_LOOKS_PER_TICK, signal);
    }
  }

  async transferLeadership(signal: AbortSignal): Promise<void> {
    const started = this.#options.driver.withCore((core) => core.transferLeadership());
    if (started === undefined || started.kind === "not-leading") {
      throw new SkepError("unavailable", "this manager does not lead");
    }
    if (started.kind === "no-target") {
      throw new SkepError("failed_precondition", `leadership cannot be handed over: ${started.reason}`);
    }
    for await (const shape of this.#shape.follow(signal)) {
      if (shape.role !== "leader") return;
      // The round that notes the transfer comes a moment later than the call.
      if (!this.#options.core.transferring) {
        throw new SkepError("unavailable", `member ${started.target} did not take over in time`);
      }
    }
    throw signal.reason;
  }

  async #stop(): Promise<void> {
    const { env, driver, transport, storage, core } = this.#options;
    if (!driver.stopped && core.role === "leader" && core.config.members.length > 1) {
      const patience = new AbortController();
      const timer = env.timer(this.#options.transferPatienceMs, () => patience.abort());
      await this.transferLeadership(patience.signal).catch(() => undefined); // it stops all the same
      timer.cancel();
    }
    const atRest = await driver.stop();
    this.progressed();
    await transport.close();
    if (atRest) await storage.close(); // else its files close with the process
  }

  #readShape(): Shape {
    const { core, driver } = this.#options;
    const stopped = driver.stopped;
    return {
      role: stopped ? "stopped" : core.role,
      term: core.term,
      leaderId: stopped ? 0 : core.leaderId,
      settled: !stopped && core.settled,
      transferring: core.transferring,
      config: core.config,
    };
  }

  #eventOf(shape: Shape): LeadershipEvent {
    if (shape.settled) return { kind: "leading", term: shape.term };
    const { id } = this.#options.core;
    const leader = shape.config.members.find(({ raftId }) => raftId === shape.leaderId && raftId !== id);
    return { kind: "following", leader };
  }
}

const pick = ({ raftId, nodeId, addr }: RaftMember) => ({ raftId, nodeId, addr });

function sameEvent(a: LeadershipEvent, b: LeadershipEvent): boolean {
  if (a.kind === "leading") return b.kind === "leading" && a.term === b.term;
  return b.kind === "following" && a.leader?.raftId === b.leader?.raftId && a.leader?.addr === b.leader?.addr;
}

/** The wait ends with the signal; what was waited for goes on. */
function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
