// Leads the nodes of a check through it: all listen before any sends, and all have sent before it is asked what arrived. A node
// that fails or is too slow is left behind; the others go on.
import {
  newProbePrepare,
  newProbeTarget,
  type ProbeArrived,
  type ProbePrepare,
  type ProbeReady,
  type ProbeSent,
} from "../../proto/gen/agent.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { portsOf } from "./blockers.ts";
import { checkArrived, checkReady, checkSent } from "./check-answer.ts";
import type { Finding, Findings } from "./findings.ts";
import type { CheckedNode, CheckPlan } from "./plan.ts";

/** One node's side of the test. Each is asked once, in this order. @throws {SkepError} what went wrong. */
export interface ProbeTalk {
  readonly prepare: (request: ProbePrepare) => Promise<ProbeReady>;
  readonly send: () => Promise<ProbeSent>;
  readonly collect: () => Promise<ProbeArrived>;
  /** Idempotent. */
  readonly end: () => void;
}

export interface RunOptions {
  readonly env: Env;
  /** Ends with the signal. */
  readonly talk: (node: CheckedNode, signal: AbortSignal) => ProbeTalk;
}

/** Of each of the three steps: all of them are less than the time that a call may take. */
const STEP_LIMIT_MS = 8_000;

export async function runCheck({ env, talk }: RunOptions, plan: CheckPlan, signal: AbortSignal): Promise<Findings> {
  const findings = new Map<NodeId, Finding>();
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const talks = plan.nodes.map((node) => ({ node, talk: talk(node, both) }));
  /** Those that have done the step in time; the others have their finding. */
  const each = async <In extends { readonly node: CheckedNode }, Out>(
    list: readonly In[],
    step: (item: In) => Promise<Out>,
  ): Promise<readonly (In & { readonly said: Out })[]> => {
    const done = await Promise.all(
      list.map(async (item) => {
        try {
          return [{ ...item, said: await within(env, both, step(item)) }];
        } catch (error) {
          signal.throwIfAborted();
          findings.set(item.node.nodeId, { kind: "untested", problem: SkepError.from(error).message });
          return [];
        }
      }),
    );
    return done.flat();
  };
  try {
    const ready = await each(talks, async (item) => {
      const [askedMs, beganMs] = [env.wallMs(), env.nowMs()];
      const answer = checkReady(await item.talk.prepare(prepareOf(item.node, plan)));
      const tookMs = env.nowMs() - beganMs;
      return {
        answer,
        clockAheadMs: answer.nowMs - askedMs - Math.round(tookMs / 2),
        clockErrorMs: Math.ceil(tookMs / 2),
      };
    });
    const sent = await each(
      ready.map(({ said, ...rest }) => ({ ...rest, ready: said })),
      async (item) => checkSent(await item.talk.send(), item.node),
    );
    const collected = await each(
      sent.map(({ said, ...rest }) => ({ ...rest, sent: said })),
      async (item) => checkArrived(await item.talk.collect()),
    );
    for (const {
      node,
      ready: { answer, ...clock },
      sent: connections,
      said: arrived,
    } of collected) {
      findings.set(node.nodeId, { kind: "tested", ready: answer, ...clock, sent: connections, arrived });
    }
    return findings;
  } finally {
    for (const item of talks) item.talk.end();
    stop.abort();
  }
}

function prepareOf(node: CheckedNode, plan: CheckPlan): ProbePrepare {
  const { nodes, dataPathPort, sizes, tunnelSizes } = plan;
  const byId = new Map(nodes.map((other) => [other.nodeId, other]));
  const targets = node.targets.flatMap((id) => {
    const target = byId.get(id);
    return target === undefined ? [] : [newProbeTarget(target)];
  });
  const { underlayAddresses } = node;
  const ports = portsOf(node, plan);
  return newProbePrepare({ underlayAddresses, targets, dataPathPort, sizes, tunnelSizes, ports });
}

async function within<T>(env: Env, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = env.timer(STEP_LIMIT_MS, () =>
    reject(new SkepError("deadline_exceeded", `no answer within ${STEP_LIMIT_MS / 1000} s`)),
  );
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
