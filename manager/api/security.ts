// The keys that protect the managers: the unlock key, and the root CA.
import { type ControlService, newUnlockKeyResponse } from "../../proto/gen/control.ts";
import type { Cluster } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { ClusterId } from "../../shared/model/ids.ts";
import { crossSign, givenRootAuthority, newRootAuthority, type RootAuthority } from "../../shared/pki/issue.ts";
import { formatUnlockKey, newUnlockKey } from "../../shared/pki/unlock-key.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { beginRotation, issuingAuthority } from "../ca/root-rotation.ts";
import { requiredCluster } from "./cluster.ts";
import type { ControlOptions } from "./context.ts";
import { redactCluster } from "./redact.ts";

type SecurityHandlers = Pick<Handlers<typeof ControlService>, "getUnlockKey" | "rotateUnlockKey" | "rotateCA">;

export function createSecurityHandlers({ env, store }: ControlOptions): SecurityHandlers {
  const answer = (cluster: Cluster) => newUnlockKeyResponse({ unlockKey: formatUnlockKey(cluster.unlockKey) });
  return {
    getUnlockKey: async () => {
      const cluster = store.view(requiredCluster);
      if (cluster.unlockKey.length > 0) return answer(cluster);
      throw new SkepError(
        "failed_precondition",
        'no unlock key is set: the managers do not lock themselves; "skep swarm update --autolock=true" makes them',
      );
    },

    rotateUnlockKey: async () =>
      await store.update((tx) => {
        const cluster = requiredCluster(tx);
        if (cluster.unlockKey.length === 0) {
          throw new SkepError("failed_precondition", "cannot rotate because autolock is not turned on");
        }
        const next = { ...cluster, unlockKey: newUnlockKey(env.random) };
        tx.put("cluster", next);
        return answer(next);
      }),

    rotateCA: async ({ caCert, caKey }) => {
      const nowMs = env.wallMs();
      const { id, rootCa } = store.view(requiredCluster);
      const present = Buffer.from(rootCa?.caCert ?? []).toString();
      const next = nextRoot(id, present, caCert, caKey, nowMs);
      await store.update((tx) => {
        const cluster = requiredCluster(tx);
        // The old root signs; while another rotation is under way `beginRotation` refuses.
        const crossSigned =
          cluster.rootCa?.rotation === undefined ? crossSign(next, issuingAuthority(cluster), nowMs) : "";
        tx.put("cluster", beginRotation(cluster, next, crossSigned, nowMs));
      });
      return redactCluster(store.view(requiredCluster));
    },
  };
}

function nextRoot(
  id: ClusterId,
  present: string,
  certificate: Uint8Array,
  key: Uint8Array,
  nowMs: number,
): RootAuthority {
  if (certificate.length === 0 && key.length === 0) return newRootAuthority(id, nowMs, present);
  if (certificate.length === 0 || key.length === 0) {
    throw new SkepError("invalid_argument", "a CA certificate and its key belong together: give both");
  }
  return givenRootAuthority(Buffer.from(certificate).toString(), Buffer.from(key).toString(), nowMs);
}
