// Keeps the node's certificate valid, and true: renews it when its time has come, and at once when the cluster gives the
// node another role or has another root; and trusts the roots that the cluster has.
import type * as grpc from "@grpc/grpc-js";
import type { NodeRole } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { certificatesOf, issuerOf, unionOf } from "../../shared/pki/certificate.ts";
import { type Identity, type IdentityHolder, openIdentity } from "../../shared/pki/identity.ts";
import { renewAtMs, renewalRetryMs } from "../../shared/pki/renewal.ts";
import { plainReason, renew } from "./enroll.ts";

/** The wall clock is looked at this often: it may jump, and timers cannot be as long as certificates live. */
const LOOK_EVERY_MS = 60 * 60_000;
/** A demoted manager keeps its role until it is out of the Raft group: ask again soon, and then not so often. */
const FIRST_ROLE_RETRY_MS = 500;
const LONGEST_ROLE_RETRY_MS = 5_000;

export interface RenewalOptions {
  readonly env: Env;
  readonly log: Log;
  readonly identity: IdentityHolder;
  readonly managers: () => readonly string[];
  readonly dial: (addr: string) => grpc.Client;
  /** Puts the new identity on disk; it is in use afterwards. */
  readonly save: (identity: Identity) => Promise<void>;
}

/** What the cluster wants of this node's certificate. */
export interface Wish {
  readonly role: NodeRole;
  /** Digest of the root that it should be from; empty when the cluster does not say. */
  readonly issuer: string;
  /** A manager's certificate issued over an older version of the store is void. */
  readonly minVersion: number;
  /** PEM of the roots to trust; empty when the cluster does not say. */
  readonly rootsPem: string;
}

export interface Renewal {
  /** Until `signal` aborts; never throws. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Renews until the certificate is as wished. */
  readonly want: (wish: Wish) => void;
  /** Renews as soon as it can: somebody may have read the present key. */
  readonly renewNow: () => void;
}

const isSame = (a: Wish, b: Wish): boolean =>
  a.role === b.role && a.issuer === b.issuer && a.rootsPem === b.rootsPem && a.minVersion === b.minVersion;

/** Roots to trust now: as wished, with those of before for as long as the own certificate is from one of them. Pure. */
function rootsToTrust(present: Pick<Identity, "certificatePem" | "rootPem">, wishedPem: string): string {
  if (certificatesOf(wishedPem).length === 0) return present.rootPem;
  const isEnough = issuerOf(present.certificatePem, wishedPem) !== undefined;
  return isEnough ? unionOf(wishedPem, "") : unionOf(wishedPem, present.rootPem);
}

export function createRenewal({ env, log, identity, managers, dial, save }: RenewalOptions): Renewal {
  let wake: (() => void) | undefined;
  let wish: Wish | undefined;
  let isExposed = false;
  const isUnwanted = (): boolean => {
    if (isExposed) return true;
    if (wish === undefined) return false;
    const { role, issuer, issuedVersion } = identity.current();
    if (role === "manager" && issuedVersion < wish.minVersion) return true;
    return wish.role !== role || (wish.issuer !== "" && wish.issuer !== issuer);
  };

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

  const use = async (next: Identity): Promise<void> => {
    await save(next);
    identity.replace(next);
  };

  const wishedRoots = (): string =>
    wish === undefined ? identity.current().rootPem : rootsToTrust(identity.current(), wish.rootsPem);
  const adoptRoots = async (): Promise<void> => {
    const rootPem = wishedRoots();
    if (rootPem === identity.current().rootPem) return;
    await use(openIdentity({ ...identity.current(), rootPem }));
    log.info({ roots: identity.current().trustRoots }, "trusts the roots that the cluster has now");
  };

  const renewOnce = async (signal: AbortSignal): Promise<void> => {
    const next = await requestNext(signal);
    await use(next);
    isExposed = false; // not before: when it cannot be saved, the key in use is still the one that lay open
    log.info({ role: next.role, notAfterMs: next.notAfterMs, issuer: next.issuer }, "renewed the certificate");
  };

  const requestNext = async (signal: AbortSignal): Promise<Identity> => {
    const failures: string[] = [];
    for (const addr of managers()) {
      try {
        return await renew(dial(addr), identity.current(), signal);
      } catch (error) {
        failures.push(`${addr}: ${plainReason(SkepError.from(error))}`);
      }
    }
    throw new SkepError("unavailable", failures.length === 0 ? "no manager is known" : failures.join("; "));
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    let roleRetryMs = 0;
    let dueMs = renewAtMs(identity.current(), env.random());
    while (!signal.aborted) {
      const isDue = isUnwanted() || wishedRoots() !== identity.current().rootPem;
      const dueInMs = isDue ? 0 : Math.max(0, dueMs - env.wallMs());
      const waitMs = failures > 0 ? renewalRetryMs(failures, env.random()) : roleRetryMs > 0 ? roleRetryMs : dueInMs;
      if (waitMs > 0) await pause(Math.min(waitMs, LOOK_EVERY_MS), signal);
      if (signal.aborted) return;
      try {
        await adoptRoots();
        if (isUnwanted() || env.wallMs() >= dueMs) {
          await renewOnce(signal);
          await adoptRoots();
          dueMs = renewAtMs(identity.current(), env.random());
        }
        failures = 0;
        roleRetryMs = isUnwanted()
          ? Math.min(LONGEST_ROLE_RETRY_MS, Math.max(FIRST_ROLE_RETRY_MS, roleRetryMs * 2))
          : 0;
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
    want: (next) => {
      if (wish !== undefined && isSame(wish, next)) return;
      wish = next;
      wake?.();
    },
    renewNow: () => {
      isExposed = true;
      wake?.();
    },
  };
}
