import { pathToFileURL } from "node:url";
import type { CoreClass } from "./simulation.ts";

/** The RaftCore of another copy of manager/raft/core. */
export async function loadCore(path: string): Promise<CoreClass> {
  const module = (await import(pathToFileURL(path).href)) as { readonly RaftCore: CoreClass };
  return module.RaftCore;
}
