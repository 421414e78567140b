// Makes the manager half of a node come and go as its certificate says; tries again what fails.
import type { NodeRole } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { IdentityHolder } from "../../../shared/pki/identity.ts";

/** Another certificate wakes the loop; that this node's member of the Raft group was removed does not. */
const LOOK_EVERY_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

export interface RoleFollowerOptions {
  readonly env: Env;
  readonly log: Log;
  readonly identity: IdentityHolder;
  /** What the node is now; undefined for a manager whose member of the Raft group was removed: it takes its role anew. */
  readonly present: () => NodeRole | undefined;
  readonly become: (role: NodeRole, signal: AbortSignal) => Promise<void>;
  /** Why the node cannot take its role; empty when it has it. */
  readonly onProblem: (problem: string) => void;
}

/** Until `signal` aborts; never throws. */
export async function followRole(options: RoleFollowerOptions, signal: AbortSignal): Promise<void> {
  const { env, log, identity, present, become, onProblem } = options;
  let replaced = new AbortController();
  const unwatch = identity.onReplace(() => replaced.abort());
  let retryMs = 0;
  while (!signal.aborted) {
    const { role } = identity.current();
    try {
      if (role !== present()) {
        await become(role, signal);
        log.info({ role }, "the node has a new role");
      }
      retryMs = 0;
      onProblem("");
    } catch (error) {
      if (signal.aborted) break;
      retryMs = retryMs === 0 ? FIRST_RETRY_MS : Math.min(LONGEST_RETRY_MS, retryMs * 2);
      onProblem(`cannot become a ${role}: ${SkepError.from(error).message}`);
      log.error({ error, role }, "cannot take the node's new role; trying again");
    }
    await env.sleep(retryMs || LOOK_EVERY_MS, AbortSignal.any([signal, replaced.signal])).catch(() => undefined);
    if (replaced.signal.aborted) replaced = new AbortController();
  }
  unwatch();
}
