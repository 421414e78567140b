// What a node knows of itself and its cluster and must not forget: the content of node.json, written at each change, one after
// the other.
import type { DemotedNode } from "../../../proto/gen/dispatcher.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import type { NodeState, StateDir } from "../state-dir.ts";

/** Of those that the session does not tell any more, because they were removed: these are remembered as such. */
const MAX_DEMOTED = 1_000;

export class NodeMemory {
  readonly #dir: Pick<StateDir, "writeNode">;
  readonly #log: Log;
  #state: NodeState;
  /** Nodes that the cluster has removed, as the last session told. */
  #removed: ReadonlySet<NodeId>;
  /** Of nodes that were managers: the version after which their certificates are void. Oldest news first. */
  readonly #demoted: Map<NodeId, number>;
  /** Who the managers are, as the last session told; empty: nobody told. */
  #managerIds: ReadonlySet<string> = new Set();
  #written: Promise<void> = Promise.resolve();

  constructor(dir: Pick<StateDir, "writeNode">, log: Log, state: NodeState) {
    this.#dir = dir;
    this.#log = log;
    this.#state = state;
    this.#removed = new Set(state.removed);
    this.#demoted = new Map(state.demoted?.map(({ nodeId, version }) => [nodeId, version]));
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

  /**
   * Is a manager's certificate of the node void? One of a time when certificates told no version is, too, where the managers do
   * not count the node as one of them.
   */
  isDemoted(nodeId: NodeId, issuedVersion: number): boolean {
    if (issuedVersion < (this.#demoted.get(nodeId) ?? 0)) return true;
    return issuedVersion === 0 && this.#managerIds.size > 0 && !this.#managerIds.has(nodeId);
  }

  /** What was heard once stays true: of two versions the higher one counts. @returns whether there is more than before. */
  hearDemoted(nodes: readonly DemotedNode[]): boolean {
    const news = nodes.filter(({ nodeId, version }) => version > (this.#demoted.get(nodeId) ?? 0));
    if (news.length === 0) return false;
    for (const { nodeId, version } of news) {
      this.#demoted.delete(nodeId);
      this.#demoted.set(nodeId, version);
    }
    const told = new Set(nodes.map(({ nodeId }) => nodeId));
    for (const nodeId of this.#demoted.keys()) {
      if (this.#demoted.size <= MAX_DEMOTED) break;
      if (!told.has(nodeId)) this.#demoted.delete(nodeId);
    }
    this.remember({ demoted: [...this.#demoted].map(([nodeId, version]) => ({ nodeId, version })) });
    return true;
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
