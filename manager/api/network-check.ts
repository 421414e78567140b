// `skep network check`, on the leader. Nodes do one test at a time, so calls that come while one runs wait for theirs.
import type { ControlService, NetworkCheckResponse } from "../../proto/gen/control.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { planCheck } from "../network-check/plan.ts";
import { runCheck } from "../network-check/run.ts";
import { talkOver } from "../network-check/talk.ts";
import { verdictOn } from "../network-check/verdict.ts";
import type { ControlOptions } from "./context.ts";
import { resolveNode } from "./refs.ts";

export function createNetworkCheckHandler({
  env,
  store,
  dialAgent,
}: ControlOptions): Pick<Handlers<typeof ControlService>, "checkNetwork"> {
  let last: Promise<unknown> = Promise.resolve();

  const check = async (only: NodeId | undefined, signal: AbortSignal): Promise<NetworkCheckResponse> => {
    const plan = store.view((view) => planCheck(view.cluster(), [...view.all("node")], only, env.random));
    const talk: Parameters<typeof runCheck>[0]["talk"] = (node, until) =>
      talkOver(dialAgent(node.addr, node.nodeId), env, until);
    return verdictOn(plan, await runCheck({ env, talk }, plan, signal));
  };

  return {
    checkNetwork: async ({ node: ref }, { signal }) => {
      const only = ref === "" ? undefined : store.view((view) => resolveNode(view, ref).id);
      const turn = last.then(() => {
        signal.throwIfAborted();
        return check(only, signal);
      });
      last = turn.catch(() => undefined);
      return await turn;
    },
  };
}
