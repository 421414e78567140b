// `skep dev cut` and `heal`.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, tryRun } from "./exec.ts";
import { cutTableOf, type DevCluster, nodeByName, type Paths } from "./model.ts";
import { cutRules } from "./rules.ts";

const fileOf = (paths: Paths): string => join(paths.dir, "cut.json");

export function readCut(paths: Paths): readonly string[] {
  try {
    const names: unknown = JSON.parse(readFileSync(fileOf(paths), "utf8"));
    return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
  } catch {
    return [];
  }
}

/** Cuts the given nodes, as one group, off from everything else; a later cut replaces the one before. */
export async function cutLinks(cluster: DevCluster, paths: Paths, names: readonly string[]): Promise<void> {
  const cut = names.map((name) => nodeByName(cluster, name).name);
  await run("nft", ["-f", "-"], { input: cutRules(cluster, cut) });
  writeFileSync(fileOf(paths), JSON.stringify(cut));
}

export async function healLinks(cluster: DevCluster, paths: Paths): Promise<void> {
  await tryRun("nft", ["delete", "table", "bridge", cutTableOf(cluster.number)]);
  rmSync(fileOf(paths), { force: true });
}
