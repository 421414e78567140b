// Who runs the cluster's hosts: adds and removes managers, promotes and demotes them, upgrades everything. One thing at a
// time, with patience: what failed or got no answer is tried again. And what a manager's host does by itself: it asks which
// role its node has, as it asks for a certificate, and becomes a manager or stops being one.
import { admit } from "../../../manager/ca/admission.ts";
import { type NodeRole, newNode, newNodeSpec, newNodeStatus } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import type { SimAgent } from "./agent.ts";
import { type Answer, call } from "./door.ts";
import type { Life, SimManager } from "./manager.ts";
import type { Network } from "./network.ts";
import type { World } from "./world.ts";

export interface Fleet {
  readonly world: World;
  readonly network: Network;
  readonly managers: readonly SimManager[];
  readonly agents: readonly SimAgent[];
  readonly newManager: () => SimManager;
}

const MAX_MANAGERS = 5;
const MIN_MANAGERS = 3;
const RETRY_MS = 500;
const ASK_ROLE_MS = 1_000;
const STOP_LIMIT_MS = 5_000;

/** A manager's node, as the CA writes it for a host that joins. */
export const managerNode = ({ nodeId, addr }: SimManager) =>
  newNode({ id: nodeId, addr, role: "manager", spec: newNodeSpec({ role: "manager" }) });

export class Operator {
  readonly #fleet: Fleet;
  #busy = false;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  get busy(): boolean {
    return this.#busy;
  }

  addManager(): void {
    this.#alone(async () => {
      if (this.#wanted().length < MAX_MANAGERS) await this.#addManager();
    });
  }

  async #addManager(): Promise<void> {
    const manager = this.#fleet.newManager();
    await this.#insist(`${manager.name} is new`, ({ store }) =>
      store.update((tx) => {
        if (tx.get("node", manager.nodeId) === undefined) tx.put("node", managerNode(manager));
      }),
    );
    await this.join(manager);
    this.follow(manager);
  }

  /** It leaves by its own command: out of the group first, then its node says so. */
  removeManager(): void {
    this.#alone(async () => {
      const wanted = this.#wanted();
      const one = this.#fleet.world.pick(wanted);
      if (one === undefined || wanted.length <= MIN_MANAGERS) return;
      one.gone = true;
      const { nodeId } = one;
      const left = await this.#insist(
        `${one.name} leaves`,
        ({ membership }, context) => membership.leaveRaft({ nodeId }, context),
        one,
      );
      if (left.kind === "refused") {
        one.gone = false;
        return;
      }
      one.wanted = false;
      await this.#insist(`${one.name} has left`, ({ store }) =>
        store.update((tx) => {
          const node = tx.get("node", nodeId);
          if (node === undefined) return;
          const status = newNodeStatus({ ...node.status, state: "disconnected" });
          const spec = newNodeSpec({ ...node.spec, role: "worker" });
          tx.put("node", { ...node, role: "worker", spec, status, managerStatus: undefined });
        }),
      );
      // It runs on for a while, as one whose host nobody has told.
      await this.#pause(this.#fleet.world.between(0, 5_000));
      one.crash(false, false);
    });
  }

  /** A user's `node demote` or `node promote`. The host follows when it hears of it. */
  changeRole(role: NodeRole): void {
    this.#alone(async () => {
      const { managers, world } = this.#fleet;
      const one = world.pick(managers.filter(({ gone, wanted }) => !gone && wanted === (role === "worker")));
      if (one === undefined) return;
      const answer = await this.#insist(`${one.name} shall be a ${role}`, ({ control }, context) =>
        control.setNodeRole({ ref: one.nodeId, role }, context),
      );
      world.count(`role change ${answer.kind}`);
    });
  }

  transferLeadership(): void {
    const leader = this.#fleet.managers.find(({ leads }) => leads);
    leader?.receive(() => {
      leader.life?.raft.transferLeadership(AbortSignal.abort()).catch(() => undefined);
    });
  }

  /** Every daemon is stopped and started again as one of the next version, one after the other. */
  upgrade(): void {
    this.#alone(async () => {
      const { agents, world } = this.#fleet;
      for (const manager of this.#wanted()) {
        manager.version++;
        const { life } = manager;
        if (life === undefined) continue;
        world.record(`${manager.name} is upgraded`);
        const stopped = Promise.withResolvers<void>();
        manager.receive(() => void manager.stop().then(stopped.resolve, stopped.resolve));
        await Promise.race([stopped.promise, this.#pause(STOP_LIMIT_MS)]);
        if (manager.life === life) manager.crash(false, false);
        await this.#pause(world.between(100, 2_000));
        if (manager.life === undefined && manager.wanted) manager.start({ kind: "restart" });
        await this.#pause(world.between(500, 3_000));
      }
      for (const agent of agents) {
        agent.version++;
        agent.crash();
        await this.#pause(world.between(100, 1_000));
        if (!agent.lost) agent.start();
      }
    });
  }

  /** Whatever it takes. Returns false when it was refused. */
  async join(manager: SimManager): Promise<boolean> {
    const { nodeId, addr } = manager;
    const answer = await this.#insist(
      `${manager.name} joins`,
      ({ membership }, context) => membership.joinRaft({ nodeId, addr }, context),
      manager,
      () => manager.gone,
    );
    if (answer.kind === "refused") return false;
    if (answer.kind !== "done" || manager.gone) return true;
    const { raftId, members } = answer.value;
    if (manager.life === undefined) manager.start({ kind: "join", raftId, members });
    return true;
  }

  /** The host follows its node's role from now on. */
  follow(manager: SimManager): void {
    const { world } = this.#fleet;
    const following = async (): Promise<void> => {
      while (!manager.gone) {
        await this.#pause(ASK_ROLE_MS);
        const answer = await this.#ask((life, { signal }) => roleOf(manager, life, signal));
        if (answer.kind !== "done" || manager.gone) continue;
        const outside = manager.life?.core.role === "removed" || manager.life?.driver.lostEntries === true;
        if (manager.wanted && (answer.value === "worker" || outside)) {
          world.record(`${manager.name} is no manager any more`);
          manager.wanted = false;
          manager.wipe();
        }
        if (answer.value === "manager" && !manager.wanted) {
          manager.wanted = true;
          const joined = await this.join(manager); // else again: as its daemon would
          if (!manager.gone) manager.wanted = joined; // its host may have been lost for good meanwhile
        }
      }
    };
    following().catch((error: unknown) => world.broken(error));
  }

  /**
   * All managers but one are lost. That one goes on alone, and new ones join it. One of the lost ones comes back later all
   * the same, with all that it had.
   */
  goOnAlone(): void {
    this.#alone(async () => {
      const { managers, world } = this.#fleet;
      const survivor = world.pick(managers.filter(({ hasAll, wanted }) => hasAll && wanted));
      if (survivor === undefined) return;
      world.count("all managers but one lost");
      const lost = managers.filter((manager) => manager !== survivor && !manager.gone);
      const revenant = world.pick(lost);
      for (const manager of managers) manager.crash(false, true);
      for (const manager of lost) {
        if (manager === revenant) continue;
        manager.gone = true;
        manager.wanted = false;
        manager.wipe();
      }
      if (revenant !== undefined) revenant.wanted = false;
      await survivor.goOnAlone();
      survivor.start({ kind: "restart" });
      survivor.wanted = true;
      await this.#pause(world.between(0, 5_000));
      if (revenant !== undefined && revenant.disk.raftId !== 0) {
        world.record(`${revenant.name} returns`);
        revenant.wanted = true;
        revenant.start({ kind: "restart" });
      }
      for (let joining = world.between(0, 2); joining > 0; joining--) await this.#addManager();
    });
  }

  // ------------------------------------------------------------------------------------------------------------ calling

  #wanted(): SimManager[] {
    return this.#fleet.managers.filter(({ wanted }) => wanted);
  }

  #alone(work: () => Promise<void>): void {
    if (this.#busy) return;
    this.#busy = true;
    work()
      .catch((error: unknown) => this.#fleet.world.broken(error))
      .finally(() => {
        this.#busy = false;
      });
  }

  async #insist<R>(
    what: string,
    work: (life: Life, context: CallContext) => Promise<R>,
    as?: SimManager,
    enough: () => boolean = () => false,
  ): Promise<Answer<R>> {
    for (;;) {
      const answer = await this.#ask(work, as);
      this.#fleet.world.record(`${what}: ${answer.kind}${answer.kind === "refused" ? ` ${answer.error.message}` : ""}`);
      if (answer.kind === "done" || answer.kind === "refused" || enough()) return answer;
      await this.#pause(RETRY_MS);
    }
  }

  /** The one that leads, or anybody. */
  async #ask<R>(work: (life: Life, context: CallContext) => Promise<R>, as?: SimManager): Promise<Answer<R>> {
    const { managers, network, world } = this.#fleet;
    const asked = managers.find((manager) => manager.leads) ?? world.pick(this.#wanted());
    if (asked === undefined) return { kind: "not-done" };
    return await call(world, network, asked, work, as?.nodeId);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#fleet.world.after(ms, resolve));
  }
}

/** The role that the node's next certificate would have. */
async function roleOf({ nodeId }: SimManager, { raft, store }: Life, signal: AbortSignal): Promise<NodeRole> {
  await raft.readIndex(signal);
  const members = raft.status().members;
  return store.view((view) => {
    const cluster = view.cluster();
    if (cluster === undefined) throw new SkepError("unavailable", "the cluster's state is not here");
    const isMember = (id: string): boolean => members.some((member) => member.nodeId === id);
    return admit({ kind: "node", nodeId }, { cluster, node: (id) => view.get("node", id), isMember }).role;
  });
}
