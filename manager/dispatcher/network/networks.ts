// All networks, kept in step with the store commit by commit: a change costs what it touches, not what there is. From it follow
// the words that each agent gets (feed.ts) and when a task may be stopped (drains.ts). Pure: objects in, tables out.
//
// Who takes part: a node holds a network while a task of its that has not ended is on it, whether the task runs yet or not, so
// that everything is ready before the task is; and every node is on the ingress network, since published ports answer everywhere.
import type { Cluster, Network, NetworkAttachment, Node, Service, Task } from "../../../proto/gen/objects.ts";
import { isId, type NetworkId, type NodeId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import type { Commit, View } from "../../store/types.ts";
import {
  dataPathPortOf,
  describeEndpoint,
  describeNetwork,
  describeNode,
  describeService,
  isEncrypted,
  networksOf,
} from "./describe.ts";
import { networkMtu, Underlays } from "./mtu.ts";
import { isStopping, needsNetworks, phaseOf, presenceOf } from "./state.ts";
import { NetworkTable, type Place } from "./table.ts";

/** What a commit brought about, for those who must act on it. */
export interface NetworkChanges {
  /** Their tables changed. */
  readonly networks: ReadonlySet<NetworkId>;
  /** The node takes part no more, or the network is gone. */
  readonly left: readonly (readonly [NodeId, NetworkId])[];
  /** Nodes whose state changed, or that are removed. */
  readonly nodes: ReadonlySet<NodeId>;
  /** Tasks on networks that changed, or that are on none any more. */
  readonly tasks: ReadonlySet<TaskId>;
}

export class Networks {
  readonly #tables = new Map<NetworkId, NetworkTable>();
  readonly #networks = new Map<NetworkId, Network>();
  readonly #nodes = new Map<NodeId, Node>();
  readonly #services = new Map<ServiceId, Service>();
  /** Those that need networks. */
  readonly #tasks = new Map<TaskId, Task>();
  readonly #tasksOfNode = new Map<NodeId, Set<TaskId>>();
  /** How many tasks of a node are on a network. */
  readonly #held = new Map<NodeId, Map<NetworkId, number>>();
  readonly #ingress = new Set<NetworkId>();
  readonly #underlays = new Underlays();
  #version: number;
  #dataPathPort = 0;
  readonly #touched = new Set<NetworkId>();
  #left: (readonly [NodeId, NetworkId])[] = [];

  /** Everything that the store holds now. */
  constructor(view: View) {
    this.#version = view.version;
    for (const cluster of view.all("cluster")) this.#setCluster(cluster);
    for (const node of view.all("node")) this.#setNode(node.id, node);
    for (const network of view.all("network")) this.#setNetwork(network.id, network);
    for (const service of view.all("service")) this.#setService(service.id, service);
    for (const task of view.all("task")) this.#setTask(task.id, task);
    this.#touched.clear();
    this.#left = [];
  }

  /** Undefined when there is no such network. */
  table(id: NetworkId): NetworkTable | undefined {
    const table = this.#tables.get(id);
    return table?.network === undefined ? undefined : table;
  }

  task(id: TaskId): Task | undefined {
    return this.#tasks.get(id);
  }

  /** Those on networks that have not ended. */
  *tasksOfNode(node: NodeId): Iterable<Task> {
    for (const id of this.#tasksOfNode.get(node) ?? []) {
      const task = this.#tasks.get(id);
      if (task !== undefined) yield task;
    }
  }

  /** Tasks on networks that are to stop and have not ended. */
  *stoppingTasks(): Iterable<Task> {
    for (const task of this.#tasks.values()) if (isStopping(task)) yield task;
  }

  wants(node: NodeId, network: NetworkId): boolean {
    if (this.table(network) === undefined) return false;
    return this.#holds(node, network);
  }

  wantedBy(node: NodeId): readonly NetworkId[] {
    const held = this.#held.get(node)?.keys() ?? [];
    return [...new Set([...this.#ingress, ...held])].filter((network) => this.wants(node, network));
  }

  /** Is the node heard of, so that its word can be waited for? */
  isHeard(node: NodeId): boolean {
    return this.#nodes.get(node)?.status?.state === "ready";
  }

  apply({ version, changes }: Commit): NetworkChanges {
    this.#version = version;
    const nodes = new Set<NodeId>();
    const tasks = new Set<TaskId>();
    for (const { table, action, object } of changes) {
      const gone = action === "remove";
      if (table === "cluster") this.#setCluster(object);
      else if (table === "node") {
        nodes.add(object.id);
        this.#setNode(object.id, gone ? undefined : object);
      } else if (table === "network") this.#setNetwork(object.id, gone ? undefined : object);
      else if (table === "service") this.#setService(object.id, gone ? undefined : object);
      else if (table === "task" && this.#setTask(object.id, gone ? undefined : object)) tasks.add(object.id);
    }
    const networks = new Set<NetworkId>();
    for (const id of this.#touched) {
      const touched = this.#tables.get(id);
      if (touched?.version === version) networks.add(id);
      if (touched?.isEmpty === true) this.#tables.delete(id);
    }
    this.#touched.clear();
    const left = this.#left;
    this.#left = [];
    return { networks, left, nodes, tasks };
  }

  // ------------------------------------------------------------------------------------------------------------- objects

  #setCluster(cluster: Cluster): void {
    const port = dataPathPortOf(cluster);
    if (port === this.#dataPathPort) return;
    this.#dataPathPort = port;
    for (const network of this.#networks.keys()) this.#tellNetwork(network);
  }

  #setNetwork(id: NetworkId, network: Network | undefined): void {
    const old = this.#networks.get(id);
    const isIngress = network?.spec?.ingress ?? false;
    if (network === undefined) this.#networks.delete(id);
    else this.#networks.set(id, network);
    if (isIngress) this.#ingress.add(id);
    else this.#ingress.delete(id);
    this.#tellNetwork(id);
    const wasIngress = old?.spec?.ingress ?? false;
    if (wasIngress === isIngress && hasTunnels(old) === hasTunnels(network)) return;
    for (const node of this.#nodes.keys()) this.#tellNode(node, id);
    for (const service of this.#services.values()) this.#tellService(service.id, id);
  }

  #setNode(id: NodeId, node: Node | undefined): void {
    const old = this.#nodes.get(id);
    const narrowest = this.#underlays.narrowest;
    this.#underlays.replace(old, node);
    if (node === undefined) this.#nodes.delete(id);
    else this.#nodes.set(id, node);
    for (const network of this.#ingress) this.#tellNode(id, network);
    for (const network of this.#held.get(id)?.keys() ?? []) this.#tellNode(id, network);
    if (!sameForTasks(old, node)) {
      for (const taskId of this.#tasksOfNode.get(id) ?? []) {
        const task = this.#tasks.get(taskId);
        if (task !== undefined) this.#tellTask(task, attachmentsOf(task));
      }
    }
    const { mtu, family } = this.#underlays.narrowest;
    if (mtu === narrowest.mtu && family === narrowest.family) return;
    for (const network of this.#networks.keys()) this.#tellNetwork(network);
  }

  #setService(id: ServiceId, service: Service | undefined): void {
    const old = this.#services.get(id);
    if (service === undefined) this.#services.delete(id);
    else this.#services.set(id, service);
    const named = [old, service].flatMap((each) => (each === undefined ? [] : networksOf(each)));
    const networks = new Set<NetworkId>(this.#ingress);
    // Of the other names ("host", "none", "bridge") no node needs to be told anything.
    for (const target of named) if (isId(target)) networks.add(target as NetworkId);
    for (const network of networks) this.#tellService(id, network);
  }

  /** Returns whether the task is, or was, on networks. */
  #setTask(id: TaskId, task: Task | undefined): boolean {
    const old = this.#tasks.get(id);
    const next = task !== undefined && needsNetworks(task) ? task : undefined;
    if (old === undefined && next === undefined) return false;
    const before = old === undefined ? NOWHERE : attachmentsOf(old);
    const after = next === undefined ? NOWHERE : attachmentsOf(next);
    const isOn = (network: NetworkId): boolean => after.some(({ networkId }) => networkId === network);
    if (next === undefined) this.#tasks.delete(id);
    else this.#tasks.set(id, next);
    if (old?.nodeId !== next?.nodeId) {
      if (old !== undefined) this.#unlist(old);
      if (next !== undefined) this.#list(next);
    }
    if (next !== undefined) for (const { networkId } of after) this.#hold(next.nodeId, networkId, 1);
    if (old !== undefined) for (const { networkId } of before) this.#hold(old.nodeId, networkId, -1);
    for (const { networkId } of before) {
      if (!isOn(networkId)) this.#table(networkId).removeTask(this.#version, id);
    }
    if (next !== undefined) this.#tellTask(next, after);
    return true;
  }

  #list({ id, nodeId }: Task): void {
    const tasks = this.#tasksOfNode.get(nodeId);
    if (tasks === undefined) this.#tasksOfNode.set(nodeId, new Set([id]));
    else tasks.add(id);
  }

  #unlist({ id, nodeId }: Task): void {
    const tasks = this.#tasksOfNode.get(nodeId);
    tasks?.delete(id);
    if (tasks?.size === 0) this.#tasksOfNode.delete(nodeId);
  }

  #hold(node: NodeId, network: NetworkId, sign: 1 | -1): void {
    const known = this.#held.get(node);
    const networks = known ?? new Map<NetworkId, number>();
    if (known === undefined) this.#held.set(node, networks);
    const before = networks.get(network) ?? 0;
    const count = before + sign;
    if (count > 0) networks.set(network, count);
    else networks.delete(network);
    if (networks.size === 0) this.#held.delete(node);
    if (before === 0 || count === 0) this.#tellNode(node, network);
  }

  #holds(node: NodeId, network: NetworkId): boolean {
    return this.#ingress.has(network) ? this.#nodes.has(node) : this.#held.get(node)?.has(network) === true;
  }

  // -------------------------------------------------------------------------------------------------------------- tables

  #table(id: NetworkId): NetworkTable {
    this.#touched.add(id);
    const known = this.#tables.get(id);
    if (known !== undefined) return known;
    const table = new NetworkTable(this.#version);
    this.#tables.set(id, table);
    return table;
  }

  #tellNetwork(id: NetworkId): void {
    const network = this.#networks.get(id);
    const table = this.#table(id);
    const mtu = network === undefined ? 0 : networkMtu(network, this.#underlays.narrowest);
    const described = network === undefined ? undefined : describeNetwork(network, mtu, this.#dataPathPort);
    if (table.network !== undefined && described === undefined) {
      for (const node of table.nodes.keys()) this.#left.push([node, id]);
    }
    table.setNetwork(this.#version, described);
  }

  #tellNode(id: NodeId, network: NetworkId): void {
    const node = this.#nodes.get(id);
    const holds = this.#holds(id, network);
    if (!holds) this.#left.push([id, network]);
    const tunnels = hasTunnels(this.#networks.get(network));
    const described = node === undefined || !holds ? undefined : describeNode(node, network, tunnels);
    this.#table(network).setNode(this.#version, id, described);
  }

  #tellService(id: ServiceId, network: NetworkId): void {
    const service = this.#services.get(id);
    const described = service === undefined ? undefined : describeService(service, network, this.#ingress.has(network));
    this.#table(network).setService(this.#version, id, described);
  }

  #tellTask(task: Task, attachments: readonly NetworkAttachment[]): void {
    for (const attachment of attachments) {
      this.#table(attachment.networkId).setPlace(this.#version, task.id, this.#placeOf(task, attachment));
    }
  }

  #placeOf(task: Task, attachment: NetworkAttachment): Place | undefined {
    const node = this.#nodes.get(task.nodeId);
    const presence = presenceOf(node);
    if (node === undefined || presence === "gone") return undefined;
    const endpoint = describeEndpoint(task, attachment, node, phaseOf(task));
    return { endpoint, doubtful: presence === "doubtful" };
  }
}

const NOWHERE: readonly NetworkAttachment[] = [];

/** One for each network. */
const attachmentsOf = ({ attachments }: Task): readonly NetworkAttachment[] =>
  attachments.length === 1
    ? attachments
    : [...new Map(attachments.map((attachment) => [attachment.networkId, attachment])).values()];

const hasTunnels = (network: Network | undefined): boolean => network !== undefined && isEncrypted(network);

/** Do the node's tasks look the same to others? */
function sameForTasks(a: Node | undefined, b: Node | undefined): boolean {
  return (
    presenceOf(a) === presenceOf(b) &&
    a?.description?.withoutIpv6 === b?.description?.withoutIpv6 &&
    a?.description?.hostname === b?.description?.hostname &&
    a?.description?.platform?.os === b?.description?.platform?.os &&
    a?.description?.platform?.architecture === b?.description?.platform?.architecture
  );
}
