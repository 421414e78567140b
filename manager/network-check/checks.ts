// The checks of a manager: those that a user asks for, and, on the leader, one for each node that has joined. Nodes do one test at
// a time, so checks follow one another. What a check of a new node finds is told until it is mended: it is tested again then and now.
import type { NetworkCheckResponse } from "../../proto/gen/control.ts";
import type { Node } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { Commit, Store, View } from "../store/types.ts";
import { runWatchLoop } from "../watch-loop.ts";
import { planCheck } from "./plan.ts";
import { type RunOptions, runCheck } from "./run.ts";
import { provenProblems, verdictOn } from "./verdict.ts";

/** Nodes that join together are tested together, and what they need has come up by then. */
const SETTLE_MS = 3_000;
/** While something is wrong. */
const AGAIN_MS = 60_000;
const MAX_PROBLEMS = 5;

export interface NetworkChecksOptions {
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  /** As of `RunOptions`; over gRPC: talkOver. */
  readonly talk: RunOptions["talk"];
}

export class NetworkChecks {
  readonly #options: NetworkChecksOptions;
  #last: Promise<unknown> = Promise.resolve();
  #problems: readonly string[] = [];

  constructor(options: NetworkChecksOptions) {
    this.#options = options;
  }

  /** What checks of new nodes have found and is not mended yet, in plain words; empty on a manager that does not lead. */
  problems(): readonly string[] {
    return this.#problems;
  }

  /** @param only the node whose ways are tested; undefined: those of all. @throws `signal.reason` when aborted. */
  async check(only: NodeId | undefined, signal: AbortSignal): Promise<NetworkCheckResponse> {
    return (await this.#test(only, signal)).verdict;
  }

  #test(only: NodeId | undefined, signal: AbortSignal) {
    const { env, store, talk } = this.#options;
    const turn = this.#last.then(async () => {
      signal.throwIfAborted();
      const plan = store.view((view) => planCheck(view.cluster(), [...view.all("node")], only, env.random));
      const findings = await runCheck({ env, talk }, plan, signal);
      return { verdict: verdictOn(plan, findings), proven: provenProblems(plan, findings) };
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** While this manager leads. Nodes that are there at the start have been tested when they joined. */
  async watch(signal: AbortSignal): Promise<void> {
    const { env, log, store } = this.#options;
    const known = new Set<NodeId>();
    const fresh = new Set<NodeId>();
    let dueMs = Number.POSITIVE_INFINITY;
    try {
      await runWatchLoop({
        env,
        store,
        signal,
        start: (view: View) => {
          for (const node of view.all("node")) if (hasBeenReady(node)) known.add(node.id);
        },
        commit: ({ changes }: Commit) => {
          for (const change of changes) {
            if (change.table !== "node") continue;
            const node = change.object;
            if (change.action === "remove") {
              known.delete(node.id);
              fresh.delete(node.id);
            } else if (!known.has(node.id) && node.status?.state === "ready") {
              known.add(node.id);
              // The first node has nobody to talk to; one whose runtime pretends has no network.
              if (known.size > 1 && !isHollow(node)) fresh.add(node.id);
            }
          }
          if (fresh.size > 0) dueMs = Math.min(dueMs, env.nowMs() + SETTLE_MS);
          return fresh.size > 0;
        },
        work: async (working) => {
          if (env.nowMs() < dueMs) return dueMs - env.nowMs();
          const nodes = [...fresh];
          fresh.clear();
          await this.#look(nodes, working, log);
          dueMs = this.#problems.length > 0 ? env.nowMs() + AGAIN_MS : Number.POSITIVE_INFINITY;
          return dueMs - env.nowMs();
        },
      });
    } finally {
      this.#problems = [];
    }
  }

  async #look(fresh: readonly NodeId[], signal: AbortSignal, log: Log): Promise<void> {
    const [only, ...more] = fresh;
    const before = this.#problems;
    try {
      // What was wrong elsewhere is looked at again together with what is new.
      const { proven } = await this.#test(more.length === 0 && before.length === 0 ? only : undefined, signal);
      const rest = proven.length - MAX_PROBLEMS;
      this.#problems = rest > 0 ? [...proven.slice(0, MAX_PROBLEMS), `and ${rest} more: skep network check`] : proven;
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ error: SkepError.from(error).message }, "the network of new nodes could not be tested");
      return;
    }
    const nodes = fresh.length;
    if (this.#problems.length === 0) log.info({ nodes }, "the network between nodes is as it should be");
    else if (this.#problems.join() !== before.join()) {
      log.warn({ nodes, problems: this.#problems }, "nodes do not reach one another as they should");
    }
  }
}

const hasBeenReady = ({ status }: Node): boolean => status !== undefined && status.state !== "unknown";
const isHollow = ({ description }: Node): boolean => description?.engine?.runtime.startsWith("hollow") === true;
