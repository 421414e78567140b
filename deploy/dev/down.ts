// `skep dev down`: everything that `up` made, taken away by name, whatever state a crash left it in.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { DEV_DIR, readCluster } from "./clusters.ts";
import { thawBelow, unmountBelow } from "./disks.ts";
import { cleanCgroups, powerOff } from "./hosts.ts";
import { cgroupOf, type DevCluster, type Paths, parseClusterName, pathsOf } from "./model.ts";
import { removeNetwork } from "./network.ts";
import { stopRegistry } from "./registry.ts";

/** @throws {SkepError} `not_found` when there is no such cluster. */
export async function bringDown(rawName: string, env: Env, base = DEV_DIR): Promise<void> {
  const name = parseClusterName(rawName);
  const paths = pathsOf(base, name);
  const cluster = readCluster(name, base);
  if (cluster === undefined && !exists(paths.dir)) {
    throw new SkepError("not_found", `no dev cluster named ${JSON.stringify(name)}: nothing to take down`);
  }
  if (cluster !== undefined) await takeDown(cluster, paths, env);
  rmSync(paths.dir, { recursive: true, force: true });
}

export async function takeDown(cluster: DevCluster, paths: Paths, env: Env): Promise<void> {
  await thawBelow(paths.dir);
  await Promise.all(cluster.nodes.map((node) => powerOff(cluster, paths, node, env)));
  await stopRegistry(paths, env);
  await removeNetwork(cluster, forwardingWasOff(paths) && othersNeedNoForwarding(cluster));
  await unmountBelow(paths.dir);
  await cleanCgroups(cgroupOf(cluster.name), env);
}

function forwardingWasOff(paths: Paths): boolean {
  try {
    const machine = JSON.parse(readFileSync(join(paths.dir, "machine.json"), "utf8")) as { forwardingWasOff?: unknown };
    return machine.forwardingWasOff === true;
  } catch {
    return false;
  }
}

function othersNeedNoForwarding(cluster: DevCluster): boolean {
  try {
    return readdirSync(DEV_DIR).every((name) => name === cluster.name);
  } catch {
    return true;
  }
}

const exists = (dir: string): boolean => {
  try {
    readdirSync(dir);
    return true;
  } catch {
    return false;
  }
};
