// At which ports somebody listens in the network namespace of a process, as the kernel's tables in /proc/<pid>/net say. So a
// task gets connections from when its program takes them, with no health check to be written for it.
import { readFile } from "node:fs/promises";
import { newPortConfig, type PortConfig, type PortProtocol, type Task } from "../../proto/gen/objects.ts";
import type { NetworkViews } from "./view.ts";

/** "tcp/8080" */
export type ListeningPort = `${PortProtocol}/${number}`;

/** Of the process `pid`; what cannot be read (it has ended, the host has no IPv6) has no ports. */
export type ReadListening = (pid: number) => Promise<ReadonlySet<ListeningPort>>;

const LISTEN = "0A";
/** A UDP socket that takes from anybody. */
const UNCONNECTED = "07";
/**
 * 127.x.x.x as the kernel writes it (host byte order), the same as sockets of IPv6 have it (::ffff:127.x.x.x), and ::1: from
 * outside nobody reaches what listens there.
 */
const LOOPBACK = /^(?:(?:0{16}FFFF0000)?[0-9A-F]{6}7F|0{24}01000000)$/;

/** One table: lines "sl local_address rem_address st …", addresses as hexadecimal IP:PORT. Pure. */
export function listeningIn(protocol: "tcp" | "udp", table: string): readonly ListeningPort[] {
  const wanted = protocol === "tcp" ? LISTEN : UNCONNECTED;
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/);
      const [ip = "", port = ""] = local.split(":");
      if (state !== wanted || LOOPBACK.test(ip)) return [];
      return [`${protocol}/${Number.parseInt(port, 16)}` as const];
    });
}

export const readListening: ReadListening = async (pid) => {
  const tables = await Promise.all(
    (["tcp", "udp"] as const).flatMap((protocol) =>
      [protocol, `${protocol}6`].map(async (name) =>
        listeningIn(protocol, await readFile(`/proc/${pid}/net/${name}`, "utf8").catch(() => "")),
      ),
    ),
  );
  return new Set(tables.flat());
};

/** The ports that others are led to in this task: those its service publishes. SCTP is not in the kernel's tables. */
export function targetPorts(task: Task, views: NetworkViews): readonly PortConfig[] {
  const ports = [...task.ports];
  for (const { networkId } of task.attachments) {
    const view = views.get(networkId);
    if (view?.network.ingress !== true) continue;
    for (const { protocol, publishedPort, targetPort } of view.services.get(task.serviceId)?.ports ?? [])
      ports.push(newPortConfig({ protocol, publishedPort, targetPort }));
  }
  return ports.filter(({ protocol }) => protocol !== "sctp");
}

export const notListening = (
  ports: readonly PortConfig[],
  listening: ReadonlySet<ListeningPort>,
): readonly PortConfig[] => ports.filter(({ protocol, targetPort }) => !listening.has(`${protocol}/${targetPort}`));

/**
 * Where a task of a service that publishes nothing is likely asked, by its name or virtual address: what its image exposes. Nowhere
 * when it is on no network of others, or runs another program than the image's, of which EXPOSE says nothing.
 */
export function likelyPorts({ attachments, spec }: Task, exposed: readonly string[]): readonly PortConfig[] {
  if (attachments.length === 0 || (spec?.containerSpec?.command.length ?? 0) > 0) return [];
  return exposed.flatMap((text) => {
    const [port, protocol] = text.split("/");
    const isKnown = protocol === "tcp" || protocol === "udp";
    return isKnown ? [newPortConfig({ protocol, targetPort: Number(port) })] : [];
  });
}

/** Images expose more than they use: one of the ports is enough. */
export const noneListening = (
  ports: readonly PortConfig[],
  listening: ReadonlySet<ListeningPort>,
): readonly PortConfig[] => {
  const missing = notListening(ports, listening);
  return missing.length === ports.length ? missing : [];
};
