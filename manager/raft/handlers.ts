// What other managers call: the streams of messages and snapshots, and joining or leaving. Who may call at all is the
// authorizer's business (managers only); here a peer is held to its own raft id.
import type * as grpc from "@grpc/grpc-js";
import { newJoinRaftResponse, RaftService } from "../../proto/gen/raft.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { unary } from "../../shared/rpc/client.ts";
import type { AnyMethod, RequestOf, ResponseOf } from "../../shared/rpc/method.ts";
import type { Peer } from "../../shared/rpc/peer.ts";
import type { CallContext, Handlers } from "../../shared/rpc/server.ts";
import { fromWire } from "./codec.ts";
import { wasRemoved } from "./core/config.ts";
import type { RaftCore } from "./core/raft-core.ts";
import type { Driver } from "./driver.ts";
import type { Member } from "./member.ts";
import type { RaftMember } from "./raft-node.ts";
import { collectSnapshot } from "./snapshot-stream.ts";
import type { Transport } from "./transport.ts";

export interface RaftHandlerOptions {
  readonly env: Env;
  readonly self: RaftMember;
  readonly core: RaftCore;
  readonly driver: Driver;
  readonly member: Member;
  readonly transport: Transport;
  readonly dial: (addr: string) => grpc.Client;
}

/** Set on a forwarded call: whoever gets it and does not lead refuses, so that no call goes round. */
const FORWARDED = "skep-raft-forwarded";
const CHANGE_TIMEOUT_MS = 20_000;

type UnaryMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: false };

export function createRaftHandlers(options: RaftHandlerOptions): Handlers<typeof RaftService> {
  const { self, core, driver, transport } = options;

  const checkSender = (peer: Peer, raftId: number): void => {
    const member = core.config.members.find((other) => other.raftId === raftId);
    if (peer.kind === "node" && member !== undefined && member.nodeId !== peer.nodeId) {
      throw new SkepError("permission_denied", `node ${peer.nodeId} is not raft member ${raftId}`);
    }
  };

  /** Its address was another's, or this node was one of another group's: of the one that it is recovered from. */
  const misdirected = (to: number, from: number): SkepError => {
    const { id, term } = core;
    if (wasRemoved(core.configAt(core.commitIndex), from))
      transport.send({ kind: "removed", from: id, to: from, term });
    return new SkepError("failed_precondition", `raft member ${to} does not answer here: this is member ${id}`);
  };

  return {
    messages: async (batches, { peer }) => {
      let sender = 0;
      for await (const { messages, senderRaftId, senderAddr } of batches) {
        if (driver.stopped) throw new SkepError("unavailable", "this manager's raft member has stopped");
        if (sender === 0) {
          sender = senderRaftId;
          checkSender(peer, sender);
          transport.learn(sender, senderAddr);
        }
        for (const wire of messages) {
          const message = fromWire(wire);
          if (message.from !== sender) {
            throw new SkepError("permission_denied", `raft member ${sender} may not speak for ${message.from}`);
          }
          if (message.to !== self.raftId) throw misdirected(message.to, sender);
          driver.step(message);
        }
      }
      return {};
    },
    installSnapshot: async (pieces, { peer }) => {
      const message = await collectSnapshot(pieces);
      checkSender(peer, message.from);
      if (message.to !== self.raftId || driver.stopped) {
        throw new SkepError("unavailable", `raft member ${message.to} does not run here`);
      }
      driver.step(message);
      return {};
    },
    joinRaft: (request, context) =>
      onLeader(options, RaftService.joinRaft, request, context, (signal) => join(options, request, signal)),
    leaveRaft: (request, context) =>
      onLeader(options, RaftService.leaveRaft, request, context, async (signal) => {
        await removeNode(options, request.nodeId, signal);
        return {};
      }),
  };
}

async function join(
  options: RaftHandlerOptions,
  request: { readonly nodeId: string; readonly addr: string },
  signal: AbortSignal,
) {
  const { core } = options;
  const { nodeId, addr } = request;
  if (nodeId === "" || addr === "")
    throw new SkepError("invalid_argument", "a joining manager needs a node id and an address");
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
