// The names that tasks of this node can ask for, made from the networks that the node knows. One zone per network; a task sees
// those that it is on. Names are what Docker gives: the service and its aliases, tasks.<service>, <slot>.<service>, the task's
// name and aliases, its host name and its short id. Where a host name is also one of the others, the others win: a task cannot
// take a service's connections by calling itself like the service. Several tasks with one host name share it. A task's own
// host name leads to itself alone, as its /etc/hosts says. On the ingress network, which services share without having asked
// for it, there are no names.
import type { NetworkEndpoint, NetworkService } from "../../../proto/gen/network.ts";
import type { NetworkId, TaskId } from "../../../shared/model/ids.ts";
import type { Ip, Subnet } from "../../../shared/model/ip.ts";
import { formatIp, readAddresses, readSubnets } from "../plan/addresses.ts";
import { byKey } from "../plan/input.ts";
import type { NetworkView, NetworkViews } from "../view.ts";

export interface Zone {
  /** Name to addresses; none: the name is known, and nobody is ready. */
  readonly names: ReadonlyMap<string, readonly Ip[]>;
  /** Address to name. */
  readonly reverse: ReadonlyMap<string, string>;
  readonly subnets: readonly Subnet[];
}

export interface Asker {
  readonly taskId: TaskId;
  readonly networks: readonly NetworkId[];
  /** Whom it wants asked for names that are not ours; none: the host's resolvers. */
  readonly nameservers?: readonly string[] | undefined;
}

/** Everything that the answer function reads. */
export interface Names {
  /** By the source address of the question, as formatIp writes it. */
  readonly askers: ReadonlyMap<string, Asker & { readonly wayOut: boolean }>;
  readonly zones: ReadonlyMap<NetworkId, Zone>;
  /** A task's own hostname and addresses. */
  readonly own: ReadonlyMap<TaskId, { readonly hostname: string; readonly addresses: readonly Ip[] }>;
}

export interface NamesInput {
  readonly views: NetworkViews;
  /** Tasks of this node: their networks, and the node-local addresses that they ask from. */
  readonly tasks: readonly (Asker & { readonly localAddresses: readonly string[] })[];
}

const zoneCache = new WeakMap<NetworkView, Zone>();

/** A view is never changed, so its zone is made once. */
function zoneOf(view: NetworkView): Zone {
  const known = zoneCache.get(view);
  if (known !== undefined) return known;
  const zone = buildZone(view);
  zoneCache.set(view, zone);
  return zone;
}

export function buildNames({ views, tasks }: NamesInput): Names {
  const askers = new Map<string, Asker & { readonly wayOut: boolean }>();
  const own = new Map<TaskId, { hostname: string; addresses: Ip[] }>();
  for (const { taskId, networks, nameservers, localAddresses } of tasks) {
    const wayOut = networks.length === 0 || networks.some((id) => views.get(id)?.network.internal === false);
    const named = networks.filter((id) => views.get(id)?.network.ingress !== true);
    for (const { text } of readAddresses(localAddresses)) {
      askers.set(text, { taskId, networks: named, nameservers, wayOut });
    }
    for (const networkId of named.length > 0 ? named : networks) {
      const endpoint = views.get(networkId)?.endpoints.get(taskId);
      if (endpoint === undefined || endpoint.hostname === "") continue;
      const entry = own.get(taskId) ?? { hostname: endpoint.hostname.toLowerCase(), addresses: [] };
      entry.addresses.push(...ips(endpoint.addresses));
      own.set(taskId, entry);
    }
  }
  return { askers, own, zones: new Map([...views].map(([id, view]) => [id, zoneOf(view)])) };
}

const ips = (texts: readonly string[]): readonly Ip[] => readAddresses(texts).map(({ ip }) => ip);

function buildZone(view: NetworkView): Zone {
  const names = new Map<string, Ip[]>();
  const reverse = new Map<string, string>();
  const add = (name: string, addresses: readonly Ip[]): void => {
    if (name === "") return;
    const key = name.toLowerCase();
    const known = names.get(key);
    if (known === undefined) names.set(key, [...addresses]);
    else known.push(...addresses);
  };

  const byService = new Map<string, NetworkEndpoint[]>();
  for (const endpoint of byKey(view.endpoints)) {
    const siblings = byService.get(endpoint.serviceId) ?? [];
    byService.set(endpoint.serviceId, siblings);
    siblings.push(endpoint);
    const addresses = endpoint.state === "ready" ? ips(endpoint.addresses) : [];
    for (const name of new Set([endpoint.name, ...endpoint.aliases])) add(name, addresses);
    for (const ip of ips(endpoint.addresses)) reverse.set(formatIp(ip), endpoint.name);
  }
  for (const service of byKey(view.services)) addService(service, byService.get(service.serviceId) ?? [], add, reverse);
  addHostnames(view, names);
  return { names, reverse, subnets: readSubnets(view.network.subnets.map(({ subnet }) => subnet)) };
}

/** After all other names are known. */
function addHostnames(view: NetworkView, names: Map<string, Ip[]>): void {
  const hosts = new Map<string, Ip[]>();
  for (const { taskId, hostname, state, addresses } of byKey(view.endpoints)) {
    for (const host of new Set([hostname.toLowerCase(), shortId(taskId)])) {
      if (host === "" || names.has(host)) continue;
      const known = hosts.get(host) ?? [];
      if (state === "ready") known.push(...ips(addresses));
      hosts.set(host, known);
    }
  }
  for (const [host, addresses] of hosts) names.set(host, addresses);
}

/** As long as the host name of a container that was given none. */
const shortId = (taskId: TaskId): string => taskId.slice(0, 12);

function addService(
  service: NetworkService,
  endpoints: readonly NetworkEndpoint[],
  add: (name: string, addresses: readonly Ip[]) => void,
  reverse: Map<string, string>,
): void {
  const ready = endpoints.filter(({ state }) => state === "ready");
  const tasks = ready.flatMap(({ addresses }) => ips(addresses));
  const vips = ips(service.vips);
  const balanced = service.mode === "vip" && vips.length > 0 ? vips : tasks;
  for (const ip of vips) reverse.set(formatIp(ip), service.name);
  for (const name of new Set([service.name, ...service.aliases])) {
    add(name, balanced);
    add(`tasks.${name}`, tasks);
    for (const { slot, state, addresses } of endpoints) {
      if (slot > 0) add(`${slot}.${name}`, state === "ready" ? ips(addresses) : []);
    }
  }
}
