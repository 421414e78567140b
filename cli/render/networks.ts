// `network ls` and `network inspect --pretty`.
import type { NetworkDetails } from "../../proto/gen/control.ts";
import type { Network } from "../../proto/gen/objects.ts";
import { isEncrypted } from "../../shared/model/networks.ts";
import { formatTimestamp } from "../parse/time.ts";
import { type Line, renderLines } from "./lines.ts";
import { type ListView, shortId } from "./list.ts";
import { portText } from "./ports.ts";
import { renderColumns } from "./table.ts";
import { compare } from "./tasks.ts";

export const NETWORK_HEADERS = {
  ID: "NETWORK ID",
  Name: "NAME",
  Driver: "DRIVER",
  Scope: "SCOPE",
  Subnets: "SUBNETS",
  IPv6: "IPV6",
  Internal: "INTERNAL",
  Labels: "LABELS",
  CreatedAt: "CREATED AT",
} as const;

const COLUMNS = ["ID", "Name", "Driver", "Scope", "Subnets"];

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

export function networkListView(networks: readonly Network[], noTrunc: boolean): ListView {
  const rows = [...networks]
    .sort((a, b) => compare(a.spec?.name ?? "", b.spec?.name ?? ""))
    .map(({ id, meta, spec, ipam }) => ({
      ID: shortId(id, noTrunc),
      Name: spec?.name ?? "",
      Driver: spec?.driver ?? "",
      Scope: "swarm",
      Subnets: ipam.map(({ subnet }) => subnet).join(", "),
      IPv6: String(spec?.ipv6Enabled === true),
      Internal: String(spec?.internal === true),
      Labels: labelsText(spec?.labels ?? {}),
      CreatedAt: formatTimestamp(meta?.createdAtMs ?? 0),
    }));
  return { headers: NETWORK_HEADERS, columns: COLUMNS, rows };
}

const traits = (network: Network | undefined): string =>
  [
    ...(network?.spec?.ingress === true ? ["ingress"] : []),
    ...(network?.spec?.internal === true ? ["internal"] : []),
    ...(network?.spec?.attachable === true ? ["attachable"] : []),
    ...(isEncrypted(network?.spec) ? ["encrypted"] : []),
  ].join(", ");

/** @param hostnames of nodes, by id. */
export function prettyNetwork(
  details: NetworkDetails,
  verbose: boolean,
  hostnames: ReadonlyMap<string, string>,
): string {
  const { network } = details;
  const spec = network?.spec;
  const lines: readonly Line[] = [
    [0, "ID", network?.id ?? ""],
    [0, "Name", spec?.name ?? ""],
    [0, "Labels"],
    ...Object.entries(spec?.labels ?? {}).map(([key, value]) => [1, key, value === "" ? " " : value] as const),
    [0, "Created at", formatTimestamp(network?.meta?.createdAtMs ?? 0)],
    [0, "Driver", spec?.driver ?? ""],
    [0, "Kind", traits(network)],
    [0, "VXLAN id", network === undefined ? "" : String(network.vni)],
    [0, "Options", labelsText(spec?.driverOpts ?? {})],
    ...(network?.ipam ?? []).flatMap((one, i): readonly Line[] => {
      const used = details.subnets[i];
      return [
        [0, "Subnet", one.subnet],
        [1, "Gateway", one.gateway],
        [1, "Range of tasks", one.ipRange],
        [1, "In use", used === undefined ? "" : `${used.used} of ${sizeText(used.size)}`],
      ];
    }),
  ];
  return verbose ? `${renderLines(lines)}${useText(details, hostnames)}` : renderLines(lines);
}

const sizeText = (size: number): string => (size >= Number.MAX_SAFE_INTEGER ? "2^53 and more" : String(size));

const byName = <T>(list: readonly T[], name: (one: T) => string): readonly T[] =>
  list.toSorted((a, b) => compare(name(a), name(b)));

function useText({ services, tasks, peers, version }: NetworkDetails, hostnames: ReadonlyMap<string, string>): string {
  const names = new Map<string, string>(services.map(({ serviceId, name }) => [serviceId, name]));
  const table = (rows: readonly (readonly string[])[]): string => (rows.length < 2 ? "" : `\n${renderColumns(rows)}`);
  const ofServices = byName(services, ({ name }) => name).map((one) => [
    one.name,
    one.virtualIps.join(", "),
    one.ports.map(portText).join(", "),
  ]);
  const ofTasks = tasks.map((one) => [
    names.has(one.serviceId) ? one.name.split(".").slice(0, 2).join(".") : one.name,
    one.addresses.join(", "),
    hostnames.get(one.nodeId) ?? one.nodeId,
    one.state,
  ]);
  const ofPeers = byName(peers, ({ hostname }) => hostname).map((one) => [
    one.hostname,
    one.addresses.join(", "),
    one.appliedVersion >= version ? "up to date" : one.appliedVersion === 0 ? "not told yet" : "behind",
  ]);
  return (
    table([["SERVICE", "VIRTUAL IP", "PORTS"], ...ofServices]) +
    table([["TASK", "ADDRESS", "NODE", "STATE"], ...ofTasks]) +
    table([["NODE", "ADDRESS", "STATE"], ...ofPeers])
  );
}
