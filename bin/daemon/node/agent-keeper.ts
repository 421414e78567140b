// The agent of this node, kept running. A folder that cannot be used (a full disk, a wrong mount) may be mended: the node is of
// no use without its agent, so it is tried again until it runs.
import { type Agent, type AgentOptions, createAgent } from "../../../agent/agent.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { IdentityHolder } from "../../../shared/pki/identity.ts";
import type { RuntimeHolder } from "../runtime-holder.ts";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

export interface AgentKeeperOptions {
  readonly env: Env;
  readonly log: Log;
  readonly runtime: RuntimeHolder;
  /** Its certificate is part of what a node says of itself. */
  readonly identity: IdentityHolder;
  /** Asked at each start: what the node knows may have changed. */
  readonly agent: () => Omit<AgentOptions, "runtime">;
}

export class AgentKeeper {
  readonly #options: AgentKeeperOptions;
  #agent: Agent | undefined;
  #problem = "";

  constructor(options: AgentKeeperOptions) {
    this.#options = options;
  }

  /** Undefined until it runs, and between two attempts. */
  get agent(): Agent | undefined {
    return this.#agent;
  }

  /** Why it does not run; empty while it does, or is starting. */
  get problem(): string {
    return this.#problem;
  }

  /** Until `signal` aborts; the containers live on. */
  async run(signal: AbortSignal): Promise<void> {
    const { env, log } = this.#options;
    for (let pauseMs = FIRST_RETRY_MS; !signal.aborted; pauseMs = Math.min(LONGEST_RETRY_MS, pauseMs * 2)) {
      try {
        return await this.#runOnce(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#problem = `the agent cannot run: ${SkepError.from(error).message}`;
        log.error({ error, pauseMs }, "the agent cannot run; trying again");
        await env.sleep(pauseMs, signal).catch(() => undefined);
      }
    }
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    const { runtime, identity } = this.#options;
    const agent = await createAgent({ ...this.#options.agent(), runtime: await runtime.wait(signal) });
    if (signal.aborted) return;
    this.#agent = agent;
    this.#problem = "";
    const unwatch = identity.onReplace(() => agent.describe());
    try {
      await agent.run(signal);
    } finally {
      unwatch();
      if (!signal.aborted) this.#agent = undefined;
    }
  }
}
