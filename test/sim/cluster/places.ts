// Addresses and ports: nobody has one that another has. Kept from what was committed, object by object, beside the store's own
// indexes, and looked at after every commit. A task that has ended has nothing any more, whatever its history shows.
import type { Change } from "../../../manager/store/types.ts";
import type { Network, PortConfig, Service, Task } from "../../../proto/gen/objects.ts";
import { isTerminal, rank } from "../../../shared/model/tasks.ts";

interface Claim {
  /** Two with one key meet when their hosts' addresses do; elsewhere always. */
  readonly key: string;
  readonly hostIp: string;
}

const claim = (key: string, hostIp = ""): Claim => ({ key, hostIp });
const meet = (a: Claim, b: Claim): boolean => a.hostIp === "" || b.hostIp === "" || a.hostIp === b.hostIp;

export class Places {
  readonly #byHolder = new Map<string, readonly Claim[]>();
  readonly #byKey = new Map<string, Map<string, Claim>>();
  readonly #networks = new Map<string, Network>();
  #touched = new Set<string>();

  change({ table, action, object }: Change): void {
    const removed = action === "remove";
    if (table === "network") {
      if (removed) this.#networks.delete(object.id);
      else this.#networks.set(object.id, object as Network);
    }
    this.#claim(`${table} ${object.id}`, removed ? [] : claimsOf({ table, action, object } as Change));
  }

  /** Of all changes since the last time: what two have. */
  collision(): string | undefined {
    const touched = this.#touched;
    this.#touched = new Set();
    for (const key of touched) {
      const holders = [...(this.#byKey.get(key) ?? [])];
      for (const [i, [holder, one]] of holders.entries()) {
        const other = holders.slice(i + 1).find(([, another]) => meet(one, another));
        if (other !== undefined) return `${key} is that of ${holder} and of ${other[0]}`;
      }
    }
    return undefined;
  }

  /** Every address that may be given on the network is. */
  isFull(networkId: string): boolean {
    const network = this.#networks.get(networkId);
    const prefix = Number(network?.ipam[0]?.subnet.split("/")[1]);
    if (!Number.isInteger(prefix)) return false;
    let held = 0;
    for (const [key, holders] of this.#byKey) if (key.startsWith(`${networkId}/`) && holders.size > 0) held++;
    return held >= 2 ** (32 - prefix) - 2;
  }

  #claim(holder: string, claims: readonly Claim[]): void {
    for (const { key } of this.#byHolder.get(holder) ?? []) this.#byKey.get(key)?.delete(holder);
    this.#byHolder.delete(holder);
    if (claims.length === 0) return;
    this.#byHolder.set(holder, claims);
    for (const one of claims) {
      const holders = this.#byKey.get(one.key) ?? new Map<string, Claim>();
      this.#byKey.set(one.key, holders.set(holder, one));
      this.#touched.add(one.key);
    }
  }
}

function claimsOf(change: Change): readonly Claim[] {
  switch (change.table) {
    case "task":
      return isTerminal(change.object.status?.state ?? "new") ? [] : taskClaims(change.object);
    case "service":
      return serviceClaims(change.object);
    case "node":
      return addressClaims(change.object.attachments);
    case "network": {
      const { id, vni, ipam } = change.object;
      return [claim(`vni ${vni}`), ...ipam.map(({ gateway }) => claim(`${id}/${gateway}`))];
    }
    default:
      return [];
  }
}

const addressClaims = (places: Task["attachments"]): Claim[] =>
  places.flatMap(({ networkId, addresses }) => addresses.map((address) => claim(`${networkId}/${address}`)));

/** In mode host a port is open on the task's node alone, and from its start: what it replaces there has stopped by then. */
function taskClaims({ attachments, ports, nodeId, status }: Task): Claim[] {
  const open = rank(status?.state ?? "new") >= rank("starting") ? ports.filter(isPublished) : [];
  return [...addressClaims(attachments), ...open.map((port) => claim(`${nodeId}:${portOf(port)}`, port.hostIp))];
}

const serviceClaims = ({ endpoint }: Service): Claim[] => [
  ...addressClaims((endpoint?.virtualIps ?? []).map((vip) => ({ ...vip, aliases: [] }))),
  ...(endpoint?.ports ?? [])
    .filter((port) => port.publishMode === "ingress" && isPublished(port))
    .map((port) => claim(`port ${portOf(port)}`, port.hostIp)),
];

const isPublished = ({ publishedPort }: PortConfig): boolean => publishedPort !== 0;
const portOf = ({ publishedPort, protocol }: PortConfig): string => `${publishedPort}/${protocol}`;
