import type { LeaveRequest } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import { leaveCluster } from "../leave.ts";
import type { Host } from "./host.ts";
import { busy, LOCKED_MESSAGE } from "./words.ts";

/** `skep swarm leave`. @throws {SkepError} `failed_precondition`: it is in no cluster, or cannot leave without force. */
export async function leave(host: Host, { force }: LeaveRequest, signal: AbortSignal): Promise<void> {
  const { env, log, dir, life } = host;
  const { now } = life;
  switch (now.kind) {
    case "inactive":
      throw new SkepError("failed_precondition", "this node is not part of a cluster");
    case "changing":
      throw busy(now.doing);
    case "locked":
    case "failed": {
      if (!force) {
        const why = now.kind === "locked" ? LOCKED_MESSAGE : now.message;
        throw new SkepError(
          "failed_precondition",
          `this node cannot tell its cluster (${why}); "skep swarm leave --force" leaves without`,
        );
      }
      return await life.changeTo("leaving the cluster", now, async () => {
        await dir.wipe();
        return { life: { kind: "inactive" }, answer: undefined };
      });
    }
    case "active": {
      const { node } = now;
      return await life.changeTo("leaving the cluster", now, async () => {
        await leaveCluster(node, { env, log, force, signal });
        await node.stop();
        await dir.wipe();
        log.info({ nodeId: node.state.nodeId }, "left the cluster");
        return { life: { kind: "inactive" }, answer: undefined };
      });
    }
  }
}
