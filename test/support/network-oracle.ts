// What every node shall know of its networks, worked out from everything in the store at once, without any history: the measure
// for what agents know after many changes, reconnects and leaders.
import type { NetworkViews } from "../../agent/network/view.ts";
import {
  dataPathPortOf,
  describeEndpoint,
  describeNetwork,
  describeNode,
  describeService,
  isEncrypted,
} from "../../manager/dispatcher/network/describe.ts";
import { networkMtu, Underlays } from "../../manager/dispatcher/network/mtu.ts";
import { needsNetworks, phaseOf } from "../../manager/dispatcher/network/state.ts";
import type { View } from "../../manager/store/types.ts";
import type { NetworkEndpoint } from "../../proto/gen/network.ts";
import type { Network, Task } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";

export type Known = Readonly<Record<string, unknown>>;

const isOn = (task: Task, network: Network): boolean =>
  needsNetworks(task) && task.attachments.some(({ networkId }) => networkId === network.id);

/** By network id: the network, its nodes, services and endpoints. */
export function expectedNetworks(view: View, nodeId: NodeId): Known {
  const underlays = new Underlays();
  for (const node of view.all("node")) underlays.replace(undefined, node);
  const known: Record<string, unknown> = {};
  for (const network of view.all("network")) {
    const ingress = network.spec?.ingress ?? false;
    const tasks = [...view.all("task")].filter((task) => isOn(task, network));
    const nodes = [...view.all("node")].filter(({ id }) => ingress || tasks.some((task) => task.nodeId === id));
    if (!nodes.some(({ id }) => id === nodeId)) continue;
    known[network.id] = {
      network: describeNetwork(
        network,
        networkMtu(network, underlays.narrowest),
        dataPathPortOf([...view.all("cluster")][0]),
      ),
      nodes: sorted(nodes.map((node) => [node.id, describeNode(node, network.id, isEncrypted(network))])),
      services: sorted(
        [...view.all("service")].flatMap((service) => {
          const described = describeService(service, network.id, ingress);
          return described === undefined ? [] : [[service.id, described] as const];
        }),
      ),
      endpoints: sorted(endpointsOf(view, network, tasks).map((endpoint) => [endpoint.taskId, endpoint])),
    };
  }
  return known;
}

function endpointsOf(view: View, network: Network, tasks: readonly Task[]): readonly NetworkEndpoint[] {
  const stateOf = (task: Task) => view.get("node", task.nodeId)?.status?.state ?? "unknown";
  const isSure = (task: Task): boolean => phaseOf(task) === "ready" && ["ready", "unknown"].includes(stateOf(task));
  return tasks.flatMap((task) => {
    const node = view.get("node", task.nodeId);
    const attachment = task.attachments.find(({ networkId }) => networkId === network.id);
    if (node === undefined || attachment === undefined || ["down", "disconnected"].includes(stateOf(task))) return [];
    const elsewhere = tasks.some(
      (other) => other.serviceId === task.serviceId && isSure(other) && view.get("node", other.nodeId) !== undefined,
    );
    const avoided = stateOf(task) === "suspect" && phaseOf(task) === "ready" && elsewhere;
    return [describeEndpoint(task, attachment, node, avoided ? "draining" : phaseOf(task))];
  });
}

/** The same of what an agent knows. */
export function knownNetworks(views: NetworkViews): Known {
  return Object.fromEntries(
    [...views].map(([id, { network, nodes, services, endpoints }]) => [
      id,
      { network, nodes: sorted([...nodes]), services: sorted([...services]), endpoints: sorted([...endpoints]) },
    ]),
  );
}

const sorted = <T>(entries: readonly (readonly [string, T])[]): readonly T[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
