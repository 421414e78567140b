// The dev clusters of this machine, as their folders tell.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { SkepError } from "../../shared/errors.ts";
import { type DevCluster, MAX_CLUSTERS, parseClusterName, pathsOf } from "./model.ts";

export const DEV_DIR = "/var/lib/skep-dev";

/** @throws {SkepError} `permission_denied`: there may be some, which this user may not see. */
export function listClusters(base = DEV_DIR): DevCluster[] {
  let names: string[];
  try {
    names = readdirSync(base).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") return [];
    throw new SkepError("permission_denied", `dev clusters are root's, and ${base} cannot be read: run this as root`);
  }
  return names.flatMap((name) => {
    const cluster = readCluster(name, base);
    return cluster === undefined ? [] : [cluster];
  });
}

export function readCluster(name: string, base = DEV_DIR): DevCluster | undefined {
  try {
    const cluster = JSON.parse(readFileSync(pathsOf(base, name).clusterFile, "utf8")) as DevCluster;
    return cluster.name === name && Array.isArray(cluster.nodes) ? cluster : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {SkepError} `not_found`, with what to do. */
export function requireCluster(name: string, base = DEV_DIR): DevCluster {
  const cluster = readCluster(parseClusterName(name), base);
  if (cluster !== undefined) return cluster;
  const others = listClusters(base).map((other) => other.name);
  const hint = others.length === 0 ? `start one with "skep dev up"` : `there is ${others.join(", ")} (--name)`;
  throw new SkepError("not_found", `no dev cluster named ${JSON.stringify(name)}: ${hint}`);
}

/** Claims a name and a number. The folder is made first: it is what `down` starts from, also after a crash. */
export function claimCluster(name: string, base = DEV_DIR): { readonly number: number } {
  mkdirSync(base, { recursive: true, mode: 0o711 });
  try {
    mkdirSync(pathsOf(base, name).dir, { mode: 0o711 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new SkepError(
      "already_exists",
      `dev cluster ${name} exists: use it, or remove it with "skep dev down --name ${name}"`,
    );
  }
  const taken = new Set(listClusters(base).map((cluster) => cluster.number));
  for (let number = 0; number < MAX_CLUSTERS; number++) if (!taken.has(number)) return { number };
  rmdirSync(pathsOf(base, name).dir);
  throw new SkepError("resource_exhausted", `this machine has ${MAX_CLUSTERS} dev clusters, which is the most`);
}

export function writeCluster(cluster: DevCluster, base = DEV_DIR): void {
  writeFileSync(pathsOf(base, cluster.name).clusterFile, `${JSON.stringify(cluster, undefined, 2)}\n`);
}
