// What a node knows of itself and its cluster and must not forget: the content of node.json, written at each change, one after
// the other.
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import type { NodeState, StateDir } from "../state-dir.ts";

export class NodeMemory {
  readonly #dir: Pick<StateDir, "writeNode">;
  readonly #log: Log;
  #state: NodeState;
  /** Nodes that the cluster has removed, as the last session told. */
  #removed: ReadonlySet<NodeId>;
  /** Who the managers are, as the last session told; empty: nobody told. */
  #managerIds: ReadonlySet<string> = new Set();
  #written: Promise<void> = Promise.resolve();

  constructor(dir: Pick<StateDir, "writeNode">, log: Log, state: NodeState) {
    this.#dir = dir;
    this.#log = log;
    this.#state = state;
    this.#removed = new Set(state.removed);
  }

  get state(): NodeState {
    return this.#state;
  }

  isRemoved(nodeId: NodeId): boolean {
    return this.#removed.has(nodeId);
  }

  /** In use at once; on the disk once `written` resolves. */
  remember(change: Partial<NodeState>): void {
    const state = { ...this.#state, ...change };
    this.#state = state;
    this.#written = this.#written
      .then(() => this.#dir.writeNode(state))
      .catch((error: unknown) =>
        this.#log.error({ error: SkepError.from(error).message }, "cannot write the node's state"),
      );
  }

  /** Once all that was to be remembered is on the disk, or was refused by it. Never rejects. */
  written(): Promise<void> {
    return this.#written;
  }

  hearManagers(addrs: readonly string[]): void {
    const managers = addrs.filter((addr) => addr !== "");
    if (managers.length > 0 && managers.join() !== this.#state.managers.join()) this.remember({ managers });
  }

  /** @returns whether there are others than before. */
  hearRemoved(nodeIds: readonly NodeId[]): boolean {
    const removed = new Set(nodeIds);
    if (removed.size === this.#removed.size && nodeIds.every((nodeId) => this.#removed.has(nodeId))) return false;
    this.#removed = removed;
    this.remember({ removed: nodeIds });
    return true;
  }

  /** A node that the managers do not count as one of them. False while nobody told who they are. */
  isDemoted(nodeId: NodeId): boolean {
    return this.#managerIds.size > 0 && !this.#managerIds.has(nodeId);
  }

  /** Not written down: what is heard first after a start counts. @returns whether one of before is none any more. */
  hearManagerIds(nodeIds: readonly string[]): boolean {
    const before = this.#managerIds;
    this.#managerIds = new Set(nodeIds);
    return this.#managerIds.size > 0 && (before.size === 0 || [...before].some((nodeId) => !nodeIds.includes(nodeId)));
  }

  /** Where this node answers, as long as the cluster does not know it. */
  newAddr(): string | undefined {
    const { addr, toldAddr = addr } = this.#state;
    return addr === toldAddr ? undefined : addr;
  }

  /**
   * What the cluster has is taken for ours, unless ours is news to it: that it has just been told.
   * @returns this node's address when it is another one now.
   */
  hearAddr(addr: string): string | undefined {
    const { addr: before, toldAddr = before } = this.#state;
    if (addr === "" || addr === toldAddr) return undefined;
    if (addr === before) {
      this.remember({ toldAddr: addr });
      return undefined;
    }
    if (this.newAddr() !== undefined) return undefined;
    this.#log.info({ addr, before }, "the cluster reaches this node at another address from now on");
    this.remember({ addr, toldAddr: addr, advertise: addr });
    return addr;
  }
}
