// How a client reaches a manager's API: a call takes time both ways, and any part of it may get lost.
import { SkepError } from "../../../shared/errors.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import type { Life, SimManager } from "./manager.ts";
import type { Network } from "./network.ts";
import type { World } from "./world.ts";

export type Answer<R> =
  | { readonly kind: "done"; readonly value: R }
  /** The manager said no, and why. */
  | { readonly kind: "refused"; readonly error: SkepError }
  /** Certainly nothing was done. */
  | { readonly kind: "not-done" }
  | { readonly kind: "unknown" };

const TIMEOUT_MS = 6_000;
/** A manager that does not lead refuses what was forwarded to it: the caller finds the leader by itself. */
const METADATA: ReadonlyMap<string, string> = new Map([
  ["skep-control-forwarded", "1"],
  ["skep-raft-forwarded", "1"],
]);
/** The words that let a manager repeat a call which it has sent on to the leader (manager/api/forward.ts). */
const NOTHING_DONE = /does not lead|was not done|has no leader now/;

export function call<R>(
  world: World,
  network: Network,
  manager: SimManager,
  work: (life: Life, context: CallContext) => Promise<R>,
  /** The node that calls; without it, a user at the manager itself. */
  caller?: NodeId,
): Promise<Answer<R>> {
  const peer: Peer =
    caller === undefined
      ? { kind: "local" }
      : { kind: "node", nodeId: caller, role: "manager", clusterId: "" as ClusterId };
  return new Promise((resolve) => {
    const limit = world.after(TIMEOUT_MS, () => resolve({ kind: "unknown" }));
    const back = (answer: Answer<R>): void => {
      network.once(manager.name, "client", () => {
        limit.act = undefined;
        resolve(answer);
      });
    };
    network.once("client", manager.name, () => {
      const { life } = manager;
      if (life === undefined) {
        back({ kind: "not-done" });
        return;
      }
      life.process.deliver(0, () => {
        const { signal } = new AbortController();
        work(life, { peer, signal, metadata: METADATA }).then(
          (value) => back({ kind: "done", value }),
          (cause: unknown) => {
            const error = SkepError.from(cause);
            if (error.code !== "unavailable" && error.code !== "deadline_exceeded") back({ kind: "refused", error });
            else if (NOTHING_DONE.test(error.message)) back({ kind: "not-done" });
            else back({ kind: "unknown" });
          },
        );
      });
    });
  });
}
