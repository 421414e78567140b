// The ports that this node publishes, and what they lead to. The host's rules bring their packets to the switchboard
// (node-rules.ts), the switchboard's rules give them to tasks (mesh-rules.ts).
import type { PublishedPort } from "../../../proto/gen/network.ts";
import type { NetworkView } from "../view.ts";
import { type Address, readAddresses } from "./addresses.ts";
import { dnat } from "./balance.ts";
import { byKey, type LocalTask } from "./input.ts";
import { type NamedChain, nameChain } from "./ruleset.ts";
import { readyOf } from "./service-chains.ts";

export interface Publication {
  /** As a map's key has it: "tcp . 8080". */
  readonly key: string;
  readonly protocol: string;
  readonly port: number;
  /** Only on this address of the node. */
  readonly at: Address | undefined;
  readonly chain: NamedChain;
  /** There is a task to lead to, for clients of these families. */
  readonly families: ReadonlySet<4 | 6>;
}

/** The first to publish a port keeps it; managers refuse a second one. A port without any target is not ours. */
export function publications(
  nodeId: string,
  ingress: readonly NetworkView[],
  tasks: readonly LocalTask[],
): readonly Publication[] {
  const found = new Map<string, Publication>();
  const publish = (port: PublishedPort, targets: readonly Address[]): void => {
    for (const publication of publicationsOf(nodeId, port, targets)) {
      const key = `${publication.at?.text ?? ""} ${publication.key}`;
      if (!found.has(key)) found.set(key, publication);
    }
  };
  for (const view of ingress) {
    for (const service of byKey(view.services)) {
      const all = readyOf(view).get(service.serviceId) ?? [];
      const here = all.filter((endpoint) => endpoint.nodeId === nodeId);
      for (const port of service.ports) {
        if (port.mode !== "ingress") continue;
        const chosen = port.preferLocal && here.length > 0 ? here : all;
        publish(
          port,
          chosen.flatMap(({ addresses }) => readAddresses(addresses)),
        );
      }
    }
  }
  for (const task of tasks) {
    for (const port of task.ports) publish(port, readAddresses(task.localAddresses));
  }
  return [...found.values()];
}

function publicationsOf(
  place: string,
  { protocol, publishedPort, targetPort, hostIps }: PublishedPort,
  targets: readonly Address[],
): readonly Publication[] {
  const key = `${protocol} . ${publishedPort}`;
  const families = new Set<4 | 6>();
  const rules = ([4, 6] as const).flatMap((family) => {
    const ofFamily = targets.filter(({ ip }) => ip.family === family);
    const rule = dnat({ targets: ofFamily, port: targetPort, place: `${place} ${key}` });
    if (rule === "") return [];
    families.add(family);
    return [`meta nfproto ipv${family} meta l4proto ${protocol} ${rule}`];
  });
  const chain = nameChain("p", { rules });
  const of = (at: Address | undefined): Publication => ({ key, protocol, port: publishedPort, at, chain, families });
  if (rules.length === 0) return [];
  // 0.0.0.0 and :: are every address. What is no address is no reason to widen: it publishes nothing.
  if (hostIps.length === 0) return [of(undefined)];
  return readAddresses(hostIps).map((address) => of(address.ip.value === 0n ? undefined : address));
}

/**
 * The port of the switchboard's own address at which clients on the host reach what is published on one address only: the
 * packet's address is lost on the way there. The published port itself, unless something else has that.
 */
export function localPorts(all: readonly Publication[]): ReadonlyMap<Publication, number> {
  const taken = new Set(all.filter(({ at }) => at === undefined).map(({ key }) => key));
  const given = new Map<Publication, number>();
  for (const publication of all) {
    if (publication.at === undefined) continue;
    const { protocol } = publication;
    let { port } = publication;
    while (taken.has(`${protocol} . ${port}`)) port = (port % 65_535) + 1;
    taken.add(`${protocol} . ${port}`);
    given.set(publication, port);
  }
  return given;
}
