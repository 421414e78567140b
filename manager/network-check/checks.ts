// The checks of a manager: those that a user asks for, and, on the leader, one for each node that has joined. Nodes do one test at
// a time, so checks follow one another. What a check of a new node finds is told until it is mended: it is tested again then and now.
import type { NetworkCheckResponse } from "../../proto/gen/control.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { Store } from "../store/types.ts";
import { runWatchLoop } from "../watch-loop.ts";
import { type NewcomerFindings, Newcomers } from "./newcomers.ts";
import { planCheck } from "./plan.ts";
import { type RunOptions, runCheck } from "./run.ts";
import { provenProblems, verdictOn } from "./verdict.ts";

/** Nodes that join together are tested together, and what they need has come up by then. */
const SETTLE_MS = 2_000;
/** While something is wrong. */
const AGAIN_MS = 60_000;
const MAX_PROBLEMS = 5;
/** Checks that users asked for, the one under way included: each may take half a minute. */
const MAX_ASKED = 8;

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
  #asked = 0;
  #problems: readonly string[] = [];
  /** While this manager leads. */
  #newcomers: Newcomers | undefined;

  constructor(options: NetworkChecksOptions) {
    this.#options = options;
  }

  /** What checks of new nodes have found and is not mended yet, in plain words; empty on a manager that does not lead. */
  problems(): readonly string[] {
    return this.#problems;
  }

  /** What the check of a node that joined has found. @throws {SkepError} `unavailable`: this manager does not lead. */
  findings(nodeId: NodeId): NewcomerFindings {
    if (this.#newcomers !== undefined) return this.#newcomers.findings(nodeId);
    throw new SkepError("unavailable", "this manager does not lead, and does not test the network");
  }

  /**
   * @param only the node whose ways are tested; undefined: those of all.
   * @throws {SkepError} `resource_exhausted`: too many wait for their turn. @throws `signal.reason` when aborted.
   */
  async check(only: NodeId | undefined, signal: AbortSignal): Promise<NetworkCheckResponse> {
    if (this.#asked >= MAX_ASKED) {
      throw new SkepError(
        "resource_exhausted",
        `${MAX_ASKED} checks of the network are under way or wait for their turn: try again in a few minutes`,
      );
    }
    this.#asked++;
    try {
      return (await this.#test(only, signal)).verdict;
    } finally {
      this.#asked--;
    }
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

  /** While this manager leads. */
  async watch(signal: AbortSignal): Promise<void> {
    const { env, log, store } = this.#options;
    let dueMs = Number.POSITIVE_INFINITY;
    const newcomers = new Newcomers();
    try {
      await runWatchLoop({
        env,
        store,
        signal,
        start: (view) => {
          newcomers.start(view);
          this.#newcomers = newcomers;
        },
        commit: ({ changes }) => {
          for (const change of changes) newcomers.see(change);
          if (newcomers.areThere) dueMs = Math.min(dueMs, env.nowMs() + SETTLE_MS);
          return newcomers.areThere;
        },
        work: async (working) => {
          if (env.nowMs() < dueMs) return dueMs - env.nowMs();
          await this.#look(newcomers, working, log);
          // Who joined meanwhile has its test next: no later commit need come.
          const againMs = this.#problems.length > 0 ? AGAIN_MS : Number.POSITIVE_INFINITY;
          dueMs = env.nowMs() + (newcomers.areThere ? SETTLE_MS : againMs);
          return dueMs - env.nowMs();
        },
      });
    } finally {
      this.#problems = [];
      this.#newcomers = undefined;
    }
  }

  async #look(newcomers: Newcomers, signal: AbortSignal, log: Log): Promise<void> {
    const fresh = newcomers.take();
    const [only, ...more] = fresh;
    const before = this.#problems;
    try {
      // What was wrong elsewhere is looked at again together with what is new.
      const { proven } = await this.#test(more.length === 0 && before.length === 0 ? only : undefined, signal);
      newcomers.tested(fresh, proven);
      const texts = proven.map(({ text }) => text);
      const rest = texts.length - MAX_PROBLEMS;
      this.#problems = rest > 0 ? [...texts.slice(0, MAX_PROBLEMS), `and ${rest} more: skep network check`] : texts;
    } catch (error) {
      if (signal.aborted) throw error;
      newcomers.tested(fresh, undefined);
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
