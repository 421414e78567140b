// The dispatcher: the managers' end of the agents' sessions. Only the leader serves them; every other manager refuses with
// `unavailable` and ends its message with `leader=host:port`, so that an agent finds the leader by asking anyone.
import type { AgentMessage, DispatcherMessage, DispatcherService } from "../../proto/gen/dispatcher.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NetworkId } from "../../shared/model/ids.ts";
import type { CallContext, Handlers } from "../../shared/rpc/server.ts";
import type { RaftMember, RaftNode } from "../raft/raft-node.ts";
import type { Store } from "../store/types.ts";
import { Epoch, type NodePeer } from "./epoch.ts";
import type { NetworkProgress } from "./network/network-dispatch.ts";

export interface DispatcherOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  readonly raft: Pick<RaftNode, "status" | "leadership">;
}

export interface Dispatcher {
  readonly handlers: Pick<Handlers<typeof DispatcherService>, "session">;
  /** Serves while this manager leads; resolves when `signal` aborts. Sessions are refused while it does not run. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** How far the nodes are with a network; undefined when there is no such network, or this manager does not lead. */
  readonly networkProgress: (network: NetworkId) => NetworkProgress | undefined;
}

export function createDispatcher({ env, log, store, raft }: DispatcherOptions): Dispatcher {
  let epoch: Epoch | undefined;

  const notLeading = (): SkepError => {
    const { raftId, leaderId, members } = raft.status();
    const leader = members.find((member) => member.raftId === leaderId);
    const hint = leader === undefined || leaderId === raftId ? ", and knows no leader now" : `: leader=${leader.addr}`;
    return new SkepError("unavailable", `this manager does not lead${hint}`);
  };

  async function* session(
    requests: AsyncIterable<AgentMessage>,
    { peer, signal }: CallContext,
  ): AsyncGenerator<DispatcherMessage> {
    if (peer.kind !== "node") {
      throw new SkepError(
        "permission_denied",
        "only a node of this cluster may open a session: it needs a certificate",
      );
    }
    if (epoch === undefined) throw notLeading();
    yield* epoch.session(requests, peer satisfies NodePeer, signal);
  }

  const lead = async (signal: AbortSignal): Promise<void> => {
    const managers = (): readonly RaftMember[] => raft.status().members;
    const mine = new Epoch({ env, log, store, managers, farewell: notLeading });
    epoch = mine;
    await mine.run(signal);
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let term: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
    const stopLeading = async (): Promise<void> => {
      epoch = undefined;
      term?.stop.abort();
      await term?.done;
      term = undefined;
    };
    try {
      for await (const event of raft.leadership(signal)) {
        await stopLeading();
        if (event.kind === "leading" && !signal.aborted) {
          const stop = new AbortController();
          log.info({ term: event.term }, "the dispatcher serves the agents");
          term = { stop, done: lead(stop.signal) };
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await stopLeading();
    }
  };

  return { handlers: { session }, run, networkProgress: (network) => epoch?.networkProgress(network) };
}
