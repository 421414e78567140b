// What objects are found by. The indexes over addresses and ports are what makes an allocation safe: they are made from the
// objects alone, so there is no second record of what is given away that could disagree with what has it.
import type { Node, PortProtocol, Service, Task } from "../../proto/gen/objects.ts";
import type { NetworkId } from "../../shared/model/ids.ts";
import { isTerminal } from "../../shared/model/tasks.ts";

/** Names are found, and are unique, without regard to case: they become DNS names. */
export const nameKey = (name: string): string => name.toLowerCase();

export const specName = (object: { readonly spec?: { readonly name: string } | undefined }): string | undefined =>
  object.spec === undefined || object.spec.name === "" ? undefined : nameKey(object.spec.name);

export const hostnameKey = (node: Node): string | undefined =>
  node.description === undefined ? undefined : nameKey(node.description.hostname);

export const addressKey = (network: NetworkId, address: string): string => `${network}/${address}`;
export const portKey = (protocol: PortProtocol, port: number): string => `${protocol}/${port}`;

/** A task that has ended holds nothing any more, whatever its history shows. */
const holds = (task: Task): boolean => !isTerminal(task.status?.state ?? "new");

interface Place {
  readonly networkId: NetworkId;
  readonly addresses: readonly string[];
}

const addressKeys = (places: readonly Place[]): readonly string[] | undefined =>
  places.length === 0
    ? undefined
    : places.flatMap(({ networkId, addresses }) => addresses.map((address) => addressKey(networkId, address)));

export const taskNetworks = (task: Task): readonly string[] | undefined =>
  task.attachments.length === 0 || !holds(task) ? undefined : task.attachments.map(({ networkId }) => networkId);

export const taskAddresses = (task: Task): readonly string[] | undefined =>
  task.attachments.length === 0 || !holds(task) ? undefined : addressKeys(task.attachments);

export const serviceAddresses = (service: Service): readonly string[] | undefined =>
  addressKeys(service.endpoint?.virtualIps ?? []);

export const nodeAddresses = (node: Node): readonly string[] | undefined => addressKeys(node.attachments);

const portKeys = (ports: Task["ports"]): readonly string[] =>
  ports.flatMap(({ protocol, publishedPort }) => (publishedPort === 0 ? [] : [portKey(protocol, publishedPort)]));

export const taskPorts = (task: Task): readonly string[] | undefined =>
  task.ports.length === 0 || !holds(task) ? undefined : portKeys(task.ports);

export const servicePorts = (service: Service): readonly string[] | undefined =>
  service.endpoint === undefined || service.endpoint.ports.length === 0 ? undefined : portKeys(service.endpoint.ports);
