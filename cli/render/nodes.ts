// `node ls` and `node inspect --pretty`.
import type { Node } from "../../proto/gen/objects.ts";
import { formatTimestamp } from "../parse/time.ts";
import { renderLines } from "./lines.ts";
import type { ListView } from "./list.ts";
import { compare } from "./tasks.ts";
import { TLS_STATUS } from "./tls.ts";
import { cpus, memory } from "./units.ts";

export const NODE_HEADERS = {
  ID: "ID",
  Hostname: "HOSTNAME",
  Status: "STATUS",
  Availability: "AVAILABILITY",
  ManagerStatus: "MANAGER STATUS",
  EngineVersion: "ENGINE VERSION",
  TLSStatus: "TLS STATUS",
  Self: "SELF",
} as const;

const COLUMNS = ["ID", "Hostname", "Status", "Availability", "ManagerStatus", "EngineVersion"];

const title = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export function managerStatusText(node: Node): string {
  if (node.managerStatus === undefined) return "";
  return node.managerStatus.leader ? "Leader" : title(node.managerStatus.reachability);
}

/** @param selfId the node that answers; marked with a star. */
export function nodeListView(nodes: readonly Node[], selfId: string): ListView & { readonly ids: readonly string[] } {
  const sorted = [...nodes].sort(
    (a, b) => compare(a.description?.hostname ?? "", b.description?.hostname ?? "") || compare(a.id, b.id),
  );
  const rows = sorted.map((node) => ({
    ID: node.id === selfId ? `${node.id} *` : node.id,
    Hostname: node.description?.hostname ?? "",
    Status: title(node.status?.state ?? "unknown"),
    Availability: title(node.spec?.availability ?? "active"),
    ManagerStatus: managerStatusText(node),
    EngineVersion: node.description?.engine?.engineVersion ?? "",
    TLSStatus: TLS_STATUS[node.tlsStatus],
    Self: String(node.id === selfId),
  }));
  return { headers: NODE_HEADERS, columns: COLUMNS, rows, ids: sorted.map((node) => node.id) };
}

export function prettyNode(node: Node): string {
  const { description, spec, status, managerStatus } = node;
  return renderLines([
    [0, "ID", node.id],
    [0, "Name", spec?.name ?? ""],
    [0, "Labels"],
    ...Object.entries(spec?.labels ?? {}).map(([key, value]) => [1, key, value === "" ? " " : value] as const),
    [0, "Hostname", description?.hostname ?? ""],
    [0, "Joined at", formatTimestamp(node.meta?.createdAtMs ?? 0)],
    [0, "Status"],
    [1, "State", title(status?.state ?? "unknown")],
    [1, "Message", status?.message ?? ""],
    [1, "Availability", title(spec?.availability ?? "active")],
    [1, "Address", (status?.addrs ?? []).join(", ")],
    [0, "Manager Status"],
    ...(managerStatus === undefined
      ? []
      : ([
          [1, "Address", managerStatus.addr],
          [1, "Raft Status", title(managerStatus.reachability)],
          [1, "Leader", managerStatus.leader ? "Yes" : "No"],
        ] as const)),
    [0, "Platform"],
    [1, "Operating System", description?.platform?.os ?? ""],
    [1, "Architecture", description?.platform?.architecture ?? ""],
    ...(description?.withoutIpv6 === true
      ? [[1, "IPv6", "none: the kernel has none, tasks have IPv4 alone"] as const]
      : []),
    [0, "Resources"],
    [1, "CPUs", description?.resources === undefined ? "" : cpus(description.resources.nanoCpus)],
    [1, "Memory", description?.resources === undefined ? "" : memory(description.resources.memoryBytes)],
    ...(description?.resources?.genericResources ?? []).map(
      (one) => [1, one.kind, one.value === "" ? String(one.amount) : one.value] as const,
    ),
    [0, "Engine Version", description?.engine?.engineVersion ?? ""],
    [0, "TLS Status", TLS_STATUS[node.tlsStatus]],
    [0, "Runtime", description?.engine?.runtime ?? ""],
    [0, "Engine Labels"],
    ...Object.entries(description?.engine?.labels ?? {}).map(
      ([key, value]) => [1, key, value === "" ? " " : value] as const,
    ),
  ]);
}
