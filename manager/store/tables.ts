// All tables side by side: what each is indexed by, and views over them.
import type { Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import {
  addressKey,
  hostnameKey,
  nameKey,
  nodeAddresses,
  portKey,
  serviceAddresses,
  servicePorts,
  specName,
  taskAddresses,
  taskNetworks,
  taskPorts,
} from "./keys.ts";
import { BaseRows, type IndexKeys, OverlayRows, type Rows } from "./rows.ts";
import type { TableName, Tables, View } from "./types.ts";

export const TABLE_NAMES = [
  "cluster",
  "node",
  "network",
  "secret",
  "config",
  "service",
  "task",
] as const satisfies TableName[];

const INDEX_KEYS: { readonly [T in TableName]: IndexKeys<Tables[T]> } = {
  cluster: { name: specName },
  node: { name: hostnameKey, address: nodeAddresses },
  network: { name: specName },
  secret: { name: specName },
  config: { name: specName },
  service: { name: specName, address: serviceAddresses, port: servicePorts },
  task: {
    service: (task: Task) => task.serviceId,
    node: (task: Task) => task.nodeId,
    network: taskNetworks,
    address: taskAddresses,
    port: taskPorts,
  },
};

/** Hosts may share a name; what a user names himself may not. */
export const UNIQUE_NAMES: Readonly<Record<TableName, boolean>> = {
  cluster: true,
  node: false,
  network: true,
  secret: true,
  config: true,
  service: true,
  task: false,
};

export type AllRows = { readonly [T in TableName]: Rows<Tables[T]> };
export type BaseTables = { readonly [T in TableName]: BaseRows<Tables[T]> };
export type OverlayTables = { readonly [T in TableName]: OverlayRows<Tables[T]> };

export const newBaseTables = (): BaseTables => ({
  cluster: new BaseRows(INDEX_KEYS.cluster),
  node: new BaseRows(INDEX_KEYS.node),
  network: new BaseRows(INDEX_KEYS.network),
  secret: new BaseRows(INDEX_KEYS.secret),
  config: new BaseRows(INDEX_KEYS.config),
  service: new BaseRows(INDEX_KEYS.service),
  task: new BaseRows(INDEX_KEYS.task),
});

export const newOverlayTables = (base: AllRows): OverlayTables => ({
  cluster: new OverlayRows(base.cluster, INDEX_KEYS.cluster),
  node: new OverlayRows(base.node, INDEX_KEYS.node),
  network: new OverlayRows(base.network, INDEX_KEYS.network),
  secret: new OverlayRows(base.secret, INDEX_KEYS.secret),
  config: new OverlayRows(base.config, INDEX_KEYS.config),
  service: new OverlayRows(base.service, INDEX_KEYS.service),
  task: new OverlayRows(base.task, INDEX_KEYS.task),
});

function first<O>(objects: Iterable<O>): O | undefined {
  for (const object of objects) return object;
  return undefined;
}

/** A view that can be closed: a callback that keeps it and reads later gets an error, not another time's state. */
export interface ClosableView extends View {
  readonly close: () => void;
}

export function openView(rows: AllRows, version: number): ClosableView {
  let open = true;
  const of = <T extends TableName>(table: T): Rows<Tables[T]> => {
    if (!open) throw new SkepError("internal", "a view of the store was used after its callback had returned");
    return rows[table];
  };
  return {
    version,
    get: (table, id) => of(table).get(id),
    all: (table) => of(table).values(),
    count: (table) => of(table).size(),
    byName: (table, name) => first(of(table).lookup("name", nameKey(name))),
    tasksOfService: (service) => of("task").lookup("service", service),
    tasksOfNode: (node) => of("task").lookup("node", node),
    tasksOnNetwork: (network) => of("task").lookup("network", network),
    isAddressHeld: (network, address) => {
      const key = addressKey(network, address);
      return of("task").has("address", key) || of("service").has("address", key) || of("node").has("address", key);
    },
    servicesOnPort: (protocol, port) => of("service").lookup("port", portKey(protocol, port)),
    tasksOnPort: (protocol, port) => of("task").lookup("port", portKey(protocol, port)),
    cluster: () => first(of("cluster").values()),
    close: () => {
      open = false;
    },
  };
}
