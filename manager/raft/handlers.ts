// What other managers call: snapshots, and joining or leaving; messages come by streams (stream/intake.ts). Who may call at all
// is the authorizer's business: managers, and those that were and are not any more. Here a peer is held to itself: it speaks
// with its own raft id, and joins and leaves as the node that its certificate names.
import type * as grpc from "@grpc/grpc-js";
import { newJoinRaftResponse, RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { unary } from "../../shared/rpc/client.ts";
import type { AnyMethod, RequestOf, ResponseOf } from "../../shared/rpc/method.ts";
import type { CallContext, Handlers } from "../../shared/rpc/server.ts";
import type { RaftCore } from "./core/raft-core.ts";
import type { Driver } from "./driver.ts";
import type { Member } from "./member.ts";
import type { RaftMember } from "./raft-node.ts";
import { SnapshotIntake } from "./snapshot-stream.ts";
import { checkSender } from "./stream/intake.ts";
import type { Transport } from "./transport.ts";

export interface RaftHandlerOptions {
  readonly env: Env;
  readonly self: RaftMember;
  readonly core: RaftCore;
  readonly driver: Driver;
  readonly member: Member;
  readonly transport: Transport;
  readonly dial: (addr: string) => grpc.Client;
  /** Shall the node be a manager, as the cluster's state has it? Without it everybody may join who is let in. */
  readonly isManager?: ((nodeId: string) => boolean) | undefined;
}

/** Set on a forwarded call: whoever gets it and does not lead refuses, so that no call goes round. */
const FORWARDED = "skep-raft-forwarded";
const CHANGE_TIMEOUT_MS = 20_000;

type UnaryMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: false };

export function createRaftHandlers(options: RaftHandlerOptions): Handlers<typeof RaftService> {
  const { self, core, driver, transport } = options;
  const snapshots = new SnapshotIntake();
  return {
    installSnapshot: async (pieces, { peer }) => {
      const check = ({ from, to }: { readonly from: number; readonly to: number }): void => {
        if (from === 0) throw new SkepError("invalid_argument", "a snapshot is refused: it does not say who sends it");
        checkSender(core, transport, peer, from, "");
        if (to !== self.raftId || driver.stopped) {
          throw new SkepError("unavailable", `raft member ${to} does not run here`);
        }
      };
      const message = await snapshots.collect(pieces, check);
      check(message); // it may have been removed, or this member stopped, meanwhile
      driver.step(message);
      return {};
    },
    joinRaft: (request, context) => {
      checkSelf(options, request.nodeId, context, "join");
      return onLeader(options, RaftService.joinRaft, request, context, (signal) => join(options, request, signal));
    },
    leaveRaft: (request, context) => {
      checkSelf(options, request.nodeId, context, "leave");
      return onLeader(options, RaftService.leaveRaft, request, context, async (signal) => {
        await removeNode(options, request.nodeId, signal);
        return {};
      });
    },
  };
}

/**
 * A node joins and leaves for itself. A member of the group may pass on what another one asked of it, which it has checked.
 * Others are taken out of the group by the role keeper, on the leader.
 */
function checkSelf(
  { core }: RaftHandlerOptions,
  nodeId: string,
  { peer, metadata }: CallContext,
  wish: "join" | "leave",
): void {
  if (peer.kind !== "node") return;
  const passedOn = metadata.has(FORWARDED) && core.config.members.some((member) => member.nodeId === peer.nodeId);
  if (peer.nodeId !== nodeId && !(passedOn && peer.demoted !== true)) {
    throw new SkepError("permission_denied", `node ${peer.nodeId} may not ${wish} the managers as node ${nodeId}`);
  }
  if (wish === "join" && peer.demoted === true) throw notPromoted(nodeId);
}

const notPromoted = (nodeId: string): SkepError =>
  new SkepError("permission_denied", `node ${nodeId} is not to be a manager: "skep node promote" makes it one`);

async function join(
  options: RaftHandlerOptions,
  request: { readonly nodeId: string; readonly addr: string },
  signal: AbortSignal,
) {
  const { core, driver, isManager } = options;
  const { nodeId, addr } = request;
  if (nodeId === "" || addr === "")
    throw new SkepError("invalid_argument", "a joining manager needs a node id and an address");
  if (isManager !== undefined) {
    await driver.readIndex(signal); // the node was made a manager just now
    if (!isManager(nodeId)) throw notPromoted(nodeId);
  }
  // Whoever asks to join has no log. A membership that it had is of a log that is lost: it must not vote under that id again.
  await removeNode(options, nodeId, signal);
  let raftId = 0;
  await options.member.changeConfig(() => {
    raftId = core.config.nextRaftId;
    return { kind: "add", member: { raftId, nodeId, addr } };
  }, signal);
  return newJoinRaftResponse({ raftId, members: core.config.members });
}

async function removeNode({ core, member }: RaftHandlerOptions, nodeId: string, signal: AbortSignal): Promise<void> {
  await member.changeConfig(() => {
    const found = core.config.members.find((other) => other.nodeId === nodeId);
    return found === undefined ? undefined : { kind: "remove", raftId: found.raftId };
  }, signal);
}

/** Here when this member leads, else at the leader. */
async function onLeader<M extends UnaryMethod>(
  options: RaftHandlerOptions,
  method: M,
  request: RequestOf<M>,
  context: CallContext,
  act: (signal: AbortSignal) => Promise<ResponseOf<M>>,
): Promise<ResponseOf<M>> {
  const { core, driver, env } = options;
  const { signal, cancel } = limited(env, context.signal, CHANGE_TIMEOUT_MS);
  try {
    if (core.role === "leader" && !driver.stopped) return await act(signal);
    const leader = core.config.members.find((member) => member.raftId === core.leaderId);
    if (leader === undefined || leader.raftId === options.self.raftId || context.metadata.has(FORWARDED)) {
      throw new SkepError("unavailable", "this manager does not lead and does not know who does: try again shortly");
    }
    const client = options.dial(leader.addr);
    try {
      return await unary(client, method, request, {
        signal,
        timeoutMs: CHANGE_TIMEOUT_MS,
        metadata: { [FORWARDED]: "1" },
      });
    } finally {
      client.close();
    }
  } catch (error) {
    if (isCode(error, "canceled") && !context.signal.aborted) {
      throw new SkepError("deadline_exceeded", "the managers did not agree on the change in time", { cause: error });
    }
    throw error;
  } finally {
    cancel();
  }
}

function limited(
  env: Env,
  outer: AbortSignal,
  ms: number,
): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const abort = new AbortController();
  const timer = env.timer(ms, () => abort.abort(new SkepError("canceled", "out of time")));
  return { signal: AbortSignal.any([outer, abort.signal]), cancel: () => timer.cancel() };
}
