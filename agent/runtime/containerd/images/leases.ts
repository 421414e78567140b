// containerd deletes what nothing refers to, at any moment. While a pull is under way nothing refers to its parts yet: a
// lease does. Every lease expires by itself, so a daemon that dies leaves nothing for ever.
import { LeasesService } from "../../../../proto/gen/containerd_leases.ts";
import type { Env } from "../../../../shared/env/env.ts";
import { isCode } from "../../../../shared/errors.ts";
import type { ContainerdClient } from "../client.ts";
import { timestampMs } from "../timestamp.ts";

const EXPIRES_AFTER_MS = 24 * 3_600_000;
/** An older one is replaced rather than used again. */
const USED_AGAIN_MS = 12 * 3_600_000;

export interface LeaseCall {
  readonly metadata: Readonly<Record<string, string>>;
}

export const underLease = (id: string): LeaseCall => ({ metadata: { "containerd-lease": id } });

// Swedish dates are ISO dates: the clock is passed in as a number, and Intl alone formats one without the ambient Date.
const SWEDISH = new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC", dateStyle: "short", timeStyle: "medium" });

/** "2026-01-31T12:00:00Z" */
export const rfc3339 = (unixMs: number): string => `${SWEDISH.format(unixMs).replace(" ", "T")}Z`;

export interface Leases {
  /** Makes the lease, or finds it: what an interrupted pull left is kept for the next one. */
  readonly hold: (id: string, signal: AbortSignal) => Promise<void>;
  readonly release: (id: string, signal: AbortSignal) => Promise<void>;
}

export function createLeases(client: ContainerdClient, env: Env): Leases {
  const release = async (id: string, signal: AbortSignal): Promise<void> => {
    try {
      await client.call(LeasesService.delete, { id, sync: false }, signal);
    } catch (error) {
      if (!isCode(error, "not_found")) throw error;
    }
  };

  const create = (id: string, signal: AbortSignal): Promise<boolean> => {
    const labels = { "containerd.io/gc.expire": rfc3339(env.wallMs() + EXPIRES_AFTER_MS) };
    return client.call(LeasesService.create, { id, labels }, signal).then(
      () => true,
      (error: unknown) => {
        if (isCode(error, "already_exists")) return false;
        throw error;
      },
    );
  };

  const hold = async (id: string, signal: AbortSignal): Promise<void> => {
    if (await create(id, signal)) return;
    const { leases } = await client.call(LeasesService.list, { filters: [`id==${id}`] }, signal);
    const ageMs = env.wallMs() - timestampMs(leases[0]?.createdAt);
    if (leases.length > 0 && ageMs < USED_AGAIN_MS) return;
    await release(id, signal);
    await create(id, signal);
  };

  return { hold, release };
}
