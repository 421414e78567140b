// Which dev cluster, and which of its sockets, a command without SKEP_HOST means.
import { SkepError } from "../../shared/errors.ts";
import { DEV_DIR, listClusters, requireCluster } from "./clusters.ts";
import { hostProcess } from "./hosts.ts";
import { readCut } from "./links.ts";
import { nodeByName, pathsOf } from "./model.ts";

/**
 * The sockets of the managers of the one dev cluster that runs, those that are cut off last: a daemon may be starting, so the
 * caller takes the first that answers. None: no cluster runs. @throws {SkepError} `failed_precondition` when several do.
 */
export function findDevSockets(base = DEV_DIR): readonly string[] {
  const found = listClusters(base).flatMap((cluster) => {
    const paths = pathsOf(base, cluster.name);
    const cut = readCut(paths);
    const on = cluster.nodes.filter((node) => node.role === "manager" && hostProcess(paths, node) !== undefined);
    const [reached, apart] = [
      on.filter(({ name }) => !cut.includes(name)),
      on.filter(({ name }) => cut.includes(name)),
    ];
    const sockets = [...reached, ...apart].map(({ name }) => paths.socket(name));
    return sockets.length === 0 ? [] : [{ cluster: cluster.name, sockets }];
  });
  if (found.length > 1) {
    const names = found.map((one) => one.cluster).join(", ");
    throw new SkepError(
      "failed_precondition",
      `several dev clusters run (${names}): say which with SKEP_HOST=dev:NAME/NODE`,
    );
  }
  return found[0]?.sockets ?? [];
}

/** "NAME/NODE" or "NODE" of the cluster named dev. @throws {SkepError} `not_found` */
export function devSocket(ref: string, base = DEV_DIR): string {
  const slash = ref.indexOf("/");
  const cluster = requireCluster(slash < 0 ? "dev" : ref.slice(0, slash), base);
  const node = nodeByName(cluster, ref.slice(slash + 1));
  return pathsOf(base, cluster.name).socket(node.name);
}
