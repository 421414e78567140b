// `skep network check`, on the leader.
import type { ControlService } from "../../proto/gen/control.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { ControlOptions } from "./context.ts";
import { resolveNode } from "./refs.ts";

export function createNetworkCheckHandler({
  store,
  network,
}: ControlOptions): Pick<Handlers<typeof ControlService>, "checkNetwork"> {
  return {
    checkNetwork: async ({ node: ref }, { signal }) => {
      if (network === undefined) throw new SkepError("unimplemented", "this manager cannot test the network");
      const only = ref === "" ? undefined : store.view((view) => resolveNode(view, ref).id);
      return await network.check(only, signal);
    },
  };
}
