// Small objects with the fields that networks look at, and stores' views and commits over them.
import type { Change, Commit, View } from "../../../../manager/store/types.ts";
import {
  type Network,
  type Node,
  type NodeState,
  newContainerSpec,
  newEndpoint,
  newIPAMConfig,
  newNetwork,
  newNetworkAttachment,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newService,
  newServiceSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  newVirtualIP,
  type Service,
  type Task,
  type TaskState,
} from "../../../../proto/gen/objects.ts";
import type { NetworkId, NodeId, ServiceId, TaskId } from "../../../../shared/model/ids.ts";

const pad = (name: string): string => name.padEnd(25, "0");
export const networkId = (name: string): NetworkId => pad(name) as NetworkId;
export const nodeId = (name: string): NodeId => pad(name) as NodeId;
export const serviceId = (name: string): ServiceId => pad(name) as ServiceId;
export const taskId = (name: string): TaskId => pad(name) as TaskId;
/** Back to what it was made of. */
export const short = (id: string): string => id.replace(/0+$/, "");

/** The name ends in its number: the VNI and the subnet follow from it. */
export function network(
  name: string,
  change: { ingress?: boolean; driverOpts?: Record<string, string> } = {},
): Network {
  const number = Number(name.replace(/\D/g, "")) || 1;
  return newNetwork({
    id: networkId(name),
    vni: 4096 + number,
    ipam: [newIPAMConfig({ subnet: `10.${number}.0.0/16`, gateway: `10.${number}.0.1` })],
    spec: newNetworkSpec({ name, driver: "overlay", ...change }),
  });
}

export const node = (
  name: string,
  state: NodeState = "ready",
  change: { mtu?: number; addr?: string; ingress?: string; hostname?: string; withoutIpv6?: boolean } = {},
): Node =>
  newNode({
    id: nodeId(name),
    status: newNodeStatus({ state, addrs: [change.addr ?? `192.168.0.${Number(name.replace(/\D/g, "")) || 1}`] }),
    description: newNodeDescription({
      hostname: change.hostname ?? name,
      dataPathMtu: change.mtu ?? 1500,
      withoutIpv6: change.withoutIpv6 ?? false,
    }),
    attachments:
      change.ingress === undefined
        ? []
        : [newNetworkAttachment({ networkId: networkId("ingress9"), addresses: [change.ingress] })],
  });

export const service = (name: string, networks: readonly string[], aliases: readonly string[] = []): Service =>
  newService({
    id: serviceId(name),
    spec: newServiceSpec({
      name,
      taskTemplate: newTaskSpec({
        networks: networks.map((each) => newNetworkAttachmentConfig({ target: networkId(each), aliases })),
      }),
    }),
    endpoint: newEndpoint({
      virtualIps: networks.map((each, at) =>
        newVirtualIP({ networkId: networkId(each), addresses: [`10.250.${at}.${name.length}`] }),
      ),
    }),
  });

export interface TaskWish {
  readonly of?: string;
  readonly on?: string;
  readonly networks?: readonly string[];
  readonly state?: TaskState;
  readonly desired?: TaskState;
  readonly slot?: number;
  readonly addresses?: readonly string[];
  readonly hostname?: string;
}

export function task(name: string, wish: TaskWish = {}): Task {
  const { of = "web", on = "n1", networks = ["net1"], state = "running", desired = "running", slot = 1 } = wish;
  return newTask({
    id: taskId(name),
    serviceId: serviceId(of),
    serviceName: of,
    slot,
    nodeId: nodeId(on),
    spec: newTaskSpec({ containerSpec: newContainerSpec({ hostname: wish.hostname ?? "" }) }),
    status: newTaskStatus({ state }),
    desiredState: desired,
    attachments: networks.map((each) =>
      newNetworkAttachment({ networkId: networkId(each), addresses: wish.addresses ?? [`10.9.0.${name.length}`] }),
    ),
  });
}

export interface Objects {
  readonly networks?: readonly Network[];
  readonly nodes?: readonly Node[];
  readonly services?: readonly Service[];
  readonly tasks?: readonly Task[];
}

/** A store that is only looked at whole, and then told what is committed. */
export function viewOf({ networks = [], nodes = [], services = [], tasks = [] }: Objects, version = 10): View {
  const tables = {
    network: networks,
    node: nodes,
    service: services,
    task: tasks,
    secret: [],
    config: [],
    cluster: [],
  };
  return {
    version,
    all: (table: keyof typeof tables) => tables[table],
  } as unknown as View;
}

export const commit = (version: number, ...changes: readonly Change[]): Commit => ({ version, timeMs: 0, changes });

export const put = {
  network: (object: Network): Change => ({ table: "network", action: "update", object, old: object }),
  node: (object: Node): Change => ({ table: "node", action: "update", object, old: object }),
  service: (object: Service): Change => ({ table: "service", action: "update", object, old: object }),
  task: (object: Task): Change => ({ table: "task", action: "update", object, old: object }),
};

export const remove = {
  network: (object: Network): Change => ({ table: "network", action: "remove", object }),
  node: (object: Node): Change => ({ table: "node", action: "remove", object }),
  service: (object: Service): Change => ({ table: "service", action: "remove", object }),
  task: (object: Task): Change => ({ table: "task", action: "remove", object }),
};
