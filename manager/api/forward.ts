// Every manager answers; only the leader decides. A manager that does not lead sends the call on, and the leader reads after
// it has made sure that it still leads. During an election a call waits for the new leader, for a while.
//
// What is sent on is marked: whoever gets a marked call and does not lead refuses it, so that no call goes round.
import type * as grpc from "@grpc/grpc-js";
import { ControlService } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { serverStream, unary } from "../../shared/rpc/client.ts";
import type { AnyMethod, RequestOf, ResponseOf } from "../../shared/rpc/method.ts";
import type { CallContext, Handlers } from "../../shared/rpc/server.ts";
import type { RaftNode, RaftStatus } from "../raft/raft-node.ts";
import { connected } from "./connected.ts";
import { standsAside } from "./problems.ts";

const FORWARDED = "skep-control-forwarded";
/** How long a call waits for a leader: longer than an election, shorter than a user's patience. */
const LEADER_WAIT_MS = 3_000;
const RETRY_PAUSE_MS = 50;
const CONNECT_LIMIT_MS = 1_000;
const MAX_SILENT_LOOKS = 2;
/** A registry that does not answer is given up within this. */
const FORWARD_TIMEOUT_MS = 30_000;

/** Repeating them changes nothing. */
const READS = new Set<keyof typeof ControlService>([
  "getNode",
  "listNodes",
  "getService",
  "listServices",
  "getTask",
  "listTasks",
  "getNetwork",
  "listNetworks",
  "getCluster",
  "getUnlockKey",
  "status",
  "checkNetwork",
]);

export interface ForwardOptions {
  readonly env: Env;
  readonly raft: Pick<RaftNode, "status" | "readIndex">;
  readonly dialManager: (addr: string) => grpc.Client;
}

type UnaryMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: false };
type StreamMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: true };
type UnaryHandler<M extends AnyMethod> = (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>>;
type StreamHandler<M extends AnyMethod> = (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M>>;

const noLeader = (status: RaftStatus): SkepError => {
  const voters = status.members.filter((member) => member.voter !== false).length;
  const quorum = Math.floor(voters / 2) + 1;
  return new SkepError(
    "unavailable",
    `the swarm has no leader now: ${quorum} of its ${voters} managers must be running and reach one another to elect one`,
  );
};

type Target = { readonly kind: "here" } | { readonly kind: "leader"; readonly raftId: number; readonly addr: string };

function targetOf(status: RaftStatus, context: CallContext): Target | undefined {
  if (status.state === "leader") return { kind: "here" };
  const leader = status.members.find((member) => member.raftId === status.leaderId);
  if (context.metadata.has(FORWARDED)) {
    throw new SkepError(
      "unavailable",
      `this manager does not lead any more; the leader is ${leader?.addr ?? "not known"}`,
    );
  }
  if (leader === undefined || leader.raftId === status.raftId) return undefined;
  return { kind: "leader", raftId: leader.raftId, addr: leader.addr };
}

/** Says that nothing was written, as the store and `targetOf` word it. */
const NOTHING_DONE = /does not lead|was not done|has no leader now/;

/** What the transport says of a connection that broke tells a user nothing. */
const lostOnTheWay = (cause: unknown): SkepError =>
  new SkepError(
    "unavailable",
    `the leader went away during the call; outcome unknown: look before repeating it (${SkepError.from(cause).message})`,
    { cause },
  );

/** Aborts when `raftId` does not lead any more, as far as is known here: an answer of it may be long in coming. */
async function abortOnChange(
  env: Env,
  raft: ForwardOptions["raft"],
  raftId: number,
  attempt: AbortController,
): Promise<void> {
  let silent = 0; // a leader may be unknown for a moment only
  while (!attempt.signal.aborted) {
    await env.sleep(RETRY_PAUSE_MS, attempt.signal).catch(() => undefined);
    const { leaderId } = raft.status();
    silent = leaderId === 0 ? silent + 1 : 0;
    if (silent >= MAX_SILENT_LOOKS || (leaderId !== 0 && leaderId !== raftId)) {
      attempt.abort(
        new SkepError("unavailable", "the leader changed during the call; outcome unknown: look before repeating it"),
      );
    }
  }
}

function unaryOnLeader<M extends UnaryMethod>(
  options: ForwardOptions,
  name: keyof typeof ControlService,
  method: M,
  here: UnaryHandler<M>,
): UnaryHandler<M> {
  const { env, raft, dialManager } = options;

  const send = async (
    target: Extract<Target, { readonly kind: "leader" }>,
    request: RequestOf<M>,
    context: CallContext,
    onSent: () => void,
  ): Promise<ResponseOf<M>> => {
    const attempt = new AbortController();
    const signal = AbortSignal.any([context.signal, attempt.signal]);
    const watching = abortOnChange(env, raft, target.raftId, attempt);
    const client = dialManager(target.addr);
    try {
      await connected(client, env, CONNECT_LIMIT_MS, signal);
      onSent();
      return await unary(client, method, request, {
        signal,
        timeoutMs: FORWARD_TIMEOUT_MS,
        metadata: { [FORWARDED]: "1" },
      });
    } catch (error) {
      if (attempt.signal.aborted || isCode(error, "unavailable")) client.close(); // the next one connects anew
      throw error;
    } finally {
      attempt.abort();
      await watching;
    }
  };

  return async (request, context) => {
    const giveUpMs = env.nowMs() + LEADER_WAIT_MS;
    for (;;) {
      const target = targetOf(raft.status(), context);
      let sent = false;
      const onSent = (): void => {
        sent = true;
      };
      try {
        if (target === undefined) throw noLeader(raft.status());
        if (target.kind === "leader") return await send(target, request, context, onSent);
        await raft.readIndex(context.signal);
        onSent();
        return await here(request, context);
      } catch (error) {
        if (!isCode(error, "unavailable") || context.signal.aborted) throw error;
        const { message } = SkepError.from(error);
        const isHarmless = !sent || READS.has(name) || NOTHING_DONE.test(message);
        if (!isHarmless)
          throw target?.kind === "leader" && !/outcome unknown/.test(message) ? lostOnTheWay(error) : error;
        if (env.nowMs() >= giveUpMs) throw error;
      }
      await env.sleep(RETRY_PAUSE_MS, context.signal);
    }
  };
}

function streamOnLeader<M extends StreamMethod>(
  options: ForwardOptions,
  method: M,
  here: StreamHandler<M>,
): StreamHandler<M> {
  const { env, raft, dialManager } = options;
  const connect = async (giveUpMs: number, context: CallContext): Promise<grpc.Client | "here"> => {
    for (;;) {
      const target = targetOf(raft.status(), context);
      try {
        if (target === undefined) throw noLeader(raft.status());
        if (target.kind === "here") {
          await raft.readIndex(context.signal);
          return "here";
        }
        const client = dialManager(target.addr);
        await connected(client, env, CONNECT_LIMIT_MS, context.signal).catch((error: unknown) => {
          client.close();
          throw error;
        });
        return client;
      } catch (error) {
        if (!isCode(error, "unavailable") || context.signal.aborted || env.nowMs() >= giveUpMs) throw error;
      }
      await env.sleep(RETRY_PAUSE_MS, context.signal);
    }
  };
  return async function* stream(request, context) {
    const client = await connect(env.nowMs() + LEADER_WAIT_MS, context);
    if (client === "here") yield* here(request, context);
    else {
      const { signal } = context;
      yield* serverStream(client, method, request, { signal, metadata: { [FORWARDED]: "1" } });
    }
  };
}

export function forwarding(
  options: ForwardOptions,
  handlers: Handlers<typeof ControlService>,
): Handlers<typeof ControlService> {
  const on = <M extends UnaryMethod>(
    name: keyof typeof ControlService,
    method: M,
    here: UnaryHandler<M>,
  ): UnaryHandler<M> => unaryOnLeader(options, name, method, here);
  const status = on("status", ControlService.status, handlers.status);
  return {
    getNode: on("getNode", ControlService.getNode, handlers.getNode),
    listNodes: on("listNodes", ControlService.listNodes, handlers.listNodes),
    updateNode: on("updateNode", ControlService.updateNode, handlers.updateNode),
    setNodeRole: on("setNodeRole", ControlService.setNodeRole, handlers.setNodeRole),
    removeNode: on("removeNode", ControlService.removeNode, handlers.removeNode),
    createService: on("createService", ControlService.createService, handlers.createService),
    getService: on("getService", ControlService.getService, handlers.getService),
    listServices: on("listServices", ControlService.listServices, handlers.listServices),
    updateService: on("updateService", ControlService.updateService, handlers.updateService),
    removeService: on("removeService", ControlService.removeService, handlers.removeService),
    getTask: on("getTask", ControlService.getTask, handlers.getTask),
    listTasks: on("listTasks", ControlService.listTasks, handlers.listTasks),
    createNetwork: on("createNetwork", ControlService.createNetwork, handlers.createNetwork),
    getNetwork: on("getNetwork", ControlService.getNetwork, handlers.getNetwork),
    listNetworks: on("listNetworks", ControlService.listNetworks, handlers.listNetworks),
    removeNetwork: on("removeNetwork", ControlService.removeNetwork, handlers.removeNetwork),
    checkNetwork: on("checkNetwork", ControlService.checkNetwork, handlers.checkNetwork),
    getCluster: on("getCluster", ControlService.getCluster, handlers.getCluster),
    updateCluster: on("updateCluster", ControlService.updateCluster, handlers.updateCluster),
    getUnlockKey: on("getUnlockKey", ControlService.getUnlockKey, handlers.getUnlockKey),
    rotateUnlockKey: on("rotateUnlockKey", ControlService.rotateUnlockKey, handlers.rotateUnlockKey),
    rotateCA: on("rotateCA", ControlService.rotateCA, handlers.rotateCA),
    // Most wanted when there is no leader: then what this manager knows, and that it is alone.
    status: async (request, context) => {
      try {
        const answer = await status(request, context);
        const { state, fault } = options.raft.status();
        // The leader knows only that this manager does not answer it.
        if (state === "leader" || fault === undefined) return answer;
        return { ...answer, problems: [...answer.problems, standsAside(fault)] };
      } catch (error) {
        if (!isCode(error, "unavailable") && !isCode(error, "deadline_exceeded")) throw error;
        if (context.metadata.has(FORWARDED)) throw error;
        return await handlers.status(request, context);
      }
    },
    backup: streamOnLeader(options, ControlService.backup, handlers.backup),
    logs: streamOnLeader(options, ControlService.logs, handlers.logs),
    // Each manager has its own events, from the commits that it applies: listening outlives a leader.
    events: handlers.events,
  };
}
