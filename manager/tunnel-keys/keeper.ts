// The leader's loop that lets all nodes replace the keys of their tunnels, twice a day while a network is encrypted.
import { SkepError } from "../../shared/errors.ts";
import type { LoopOptions } from "../orchestrator/loop.ts";
import type { View } from "../store/types.ts";
import { type EpochPlan, epochOf, planEpoch } from "./epoch.ts";

const LOOK_EVERY_MS = 60_000;

/** Until `signal` aborts. @throws {SkepError} `unavailable` when leadership is lost; starting again is all it takes. */
export async function runTunnelKeyKeeper({ env, log, store, signal }: LoopOptions): Promise<void> {
  const look = (view: View): EpochPlan => {
    const cluster = view.cluster();
    if (cluster === undefined) return { kind: "nothing" };
    return planEpoch(cluster, view.all("network"), view.all("node"), env.wallMs());
  };
  while (!signal.aborted) {
    const plan = store.view(look);
    if (plan.kind === "wait") {
      const nodes = plan.nodes.map((node) => node.description?.hostname || node.id);
      log.info({ nodes }, "the keys of tunnels are not replaced before these nodes have the present ones");
    } else if (plan.kind !== "nothing") {
      await store.update((tx) => {
        const cluster = tx.cluster();
        const now = look(tx);
        if (cluster === undefined || (now.kind !== "begin" && now.kind !== "next")) return;
        const networkKeyEpoch = epochOf(cluster) + (now.kind === "next" ? 1 : 0);
        tx.put("cluster", { ...cluster, networkKeyEpoch, networkKeyEpochAtMs: env.wallMs() });
      });
      if (plan.kind === "next") log.info({}, "all nodes replace the keys of their tunnels");
    }
    await env.sleep(LOOK_EVERY_MS, signal).catch((error: unknown) => {
      if (!signal.aborted) throw SkepError.from(error);
    });
  }
}
