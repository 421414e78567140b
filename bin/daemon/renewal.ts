// Keeps the node's certificate valid, and true: renews it when its time has come, and at once when the cluster gives the
// node another role.
import type * as grpc from "@grpc/grpc-js";
import type { NodeRole } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Identity, IdentityHolder } from "../../shared/pki/identity.ts";
import { renewAtMs, renewalRetryMs } from "../../shared/pki/renewal.ts";
import { plainReason, renew } from "./enroll.ts";

/** The wall clock is looked at this often: it may jump, and timers cannot be as long as certificates live. */
const LOOK_EVERY_MS = 60 * 60_000;
/** A demoted manager keeps its role until it is out of the Raft group: ask again soon. */
const ROLE_RETRY_MS = 500;

export interface RenewalOptions {
  readonly env: Env;
  readonly log: Log;
  readonly identity: IdentityHolder;
  readonly managers: () => readonly string[];
  readonly dial: (addr: string) => grpc.Client;
  /** Puts the new identity on disk; it is in use afterwards. */
  readonly save: (identity: Identity) => Promise<void>;
}

export interface Renewal {
  /** Until `signal` aborts; never throws. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** The role that the cluster wants this node to have: renews until the certificate says so. */
  readonly want: (role: NodeRole) => void;
}

export function createRenewal({ env, log, identity, managers, dial, save }: RenewalOptions): Renewal {
  let wake: (() => void) | undefined;
  let wanted: NodeRole | undefined;
  const isOfWrongRole = (): boolean => wanted !== undefined && wanted !== identity.current().role;

  /** Until `ms` have passed or `want` is called. */
  const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    signal.addEventListener("abort", stop, { once: true });
    wake = stop;
    try {
      if (!signal.aborted) await env.sleep(ms, abort.signal).catch(() => undefined);
    } finally {
      wake = undefined;
      signal.removeEventListener("abort", stop);
    }
  };

  const renewOnce = async (signal: AbortSignal): Promise<void> => {
    const failures: string[] = [];
    for (const addr of managers()) {
      try {
        const next = await renew(dial(addr), identity.current(), signal);
        await save(next);
        identity.replace(next);
        log.info({ role: next.role, notAfterMs: next.notAfterMs }, "renewed the certificate");
        return;
      } catch (error) {
        failures.push(`${addr}: ${plainReason(SkepError.from(error))}`);
      }
    }
    throw new SkepError("unavailable", failures.length === 0 ? "no manager is known" : failures.join("; "));
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    let refusedRole = false;
    let dueMs = renewAtMs(identity.current(), env.random());
    while (!signal.aborted) {
      const dueInMs = isOfWrongRole() ? 0 : Math.max(0, dueMs - env.wallMs());
      const waitMs = failures > 0 ? renewalRetryMs(failures, env.random()) : refusedRole ? ROLE_RETRY_MS : dueInMs;
      if (waitMs > 0) await pause(Math.min(waitMs, LOOK_EVERY_MS), signal);
      if (signal.aborted) return;
      if (!isOfWrongRole() && env.wallMs() < dueMs) continue;
      try {
        await renewOnce(signal);
        dueMs = renewAtMs(identity.current(), env.random());
        failures = 0;
        refusedRole = isOfWrongRole();
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        const expiresInMs = identity.current().notAfterMs - env.wallMs();
        log.warn({ error: SkepError.from(error).message, expiresInMs }, "cannot renew the certificate; trying again");
      }
    }
  };

  return {
    run,
    want: (role) => {
      if (wanted === role) return;
      wanted = role;
      wake?.();
    },
  };
}
