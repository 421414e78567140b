// No task gets its stop signal while a node that is heard still sends it new connections. Kept from what was committed, and asked
// when an agent sends the signal; excused is what the agent has waited long enough for, and nodes that came, went or were not
// heard since the task was told to stop.
import { isStopping, needsNetworks } from "../../../manager/dispatcher/network/state.ts";
import type { Change } from "../../../manager/store/types.ts";
import type { Task } from "../../../proto/gen/objects.ts";
import type { NetworkId, NodeId, TaskId } from "../../../shared/model/ids.ts";
import type { SimAgent } from "./agent.ts";
import type { World } from "./world.ts";

/** Less than an agent's limit: its clock may run fast. */
const WAITED_IN_VAIN_MS = 1_800;

export class DrainWatch {
  readonly #world: World;
  readonly #tasks = new Map<TaskId, Task>();
  /** When tasks that have not ended were told to stop. */
  readonly #stopping = new Map<TaskId, { readonly version: number; readonly atMs: number }>();
  /** Since which version tasks hold their networks. */
  readonly #holding = new Map<TaskId, number>();
  /** The last version at which a node was not ready; undefined: never. */
  readonly #unready = new Map<NodeId, number>();
  readonly #notReady = new Set<NodeId>();
  readonly #ingress = new Set<NetworkId>();

  constructor(world: World) {
    this.#world = world;
  }

  change({ table, action, object }: Change, version: number): void {
    const gone = action === "remove";
    if (table === "network" && object.spec?.ingress === true) this.#ingress.add(object.id);
    if (table === "node") {
      const ready = !gone && object.status?.state === "ready";
      if (!ready || this.#notReady.has(object.id)) this.#unready.set(object.id, version);
      if (ready) this.#notReady.delete(object.id);
      else this.#notReady.add(object.id);
    }
    if (table !== "task") return;
    if (gone || !needsNetworks(object)) {
      this.#tasks.delete(object.id);
      this.#stopping.delete(object.id);
      this.#holding.delete(object.id);
      return;
    }
    this.#tasks.set(object.id, object);
    if (!this.#holding.has(object.id)) this.#holding.set(object.id, version);
    if (isStopping(object) && !this.#stopping.has(object.id)) {
      this.#stopping.set(object.id, { version, atMs: this.#world.nowMs });
    }
  }

  /** The agent sends the first stop signal to one of its tasks. */
  signalled(agent: SimAgent, id: TaskId, agents: readonly SimAgent[]): void {
    const stop = this.#stopping.get(id);
    const task = this.#tasks.get(id);
    if (stop === undefined || task === undefined || agent.connectedTo === undefined) return;
    if (this.#world.nowMs - stop.atMs >= WAITED_IN_VAIN_MS) {
      this.#world.count("stopped without an answer");
      return;
    }
    this.#world.count("stopped when drained");
    for (const other of agents) {
      if (!other.up || other.connectedTo !== agent.connectedTo) continue;
      for (const { networkId } of task.attachments) {
        if (other.networks?.get(networkId)?.endpoints.get(id)?.state !== "ready") continue;
        if (!this.#wasThere(other.nodeId, networkId, stop.version)) continue;
        this.#world.fail(`task ${id} is stopped on ${agent.name} while ${other.name} still sends to it`);
      }
    }
  }

  /** Has the node been heard, and on the network, since before that version? */
  #wasThere(node: NodeId, network: NetworkId, version: number): boolean {
    if (this.#notReady.has(node) || (this.#unready.get(node) ?? -1) >= version) return false;
    if (this.#ingress.has(network)) return true;
    return [...this.#tasks.values()].some(
      ({ id, nodeId, attachments }) =>
        nodeId === node &&
        (this.#holding.get(id) ?? version) < version &&
        attachments.some(({ networkId }) => networkId === network),
    );
  }
}
