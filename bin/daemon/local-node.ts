// What this host answers on the local socket: the changes of its life (life/), and, as a manager, what the control API says.
import { type ControlService as ControlMethods, ControlService } from "../../proto/gen/control.ts";
import { type LocalService, newLeaveResponse, newLoadImageResponse, newUnlockResponse } from "../../proto/gen/local.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { switchable } from "../../shared/rpc/switchable.ts";
import { forceNewCluster } from "./life/force-new-cluster.ts";
import type { Host, LocalNodeOptions } from "./life/host.ts";
import { infoOf } from "./life/info.ts";
import { init } from "./life/init.ts";
import { join } from "./life/join.ts";
import { leave } from "./life/leave.ts";
import { type Life, LifeCell } from "./life/life.ts";
import { networkFindingsOf } from "./life/network-findings.ts";
import { networkStateOf } from "./life/network-state.ts";
import { restore } from "./life/restore.ts";
import { resume, unlock } from "./life/resume.ts";
import { LOCKED_MESSAGE } from "./life/words.ts";

export interface LocalNode {
  readonly local: Handlers<typeof LocalService>;
  /** What this host answers as a manager. */
  readonly control: Handlers<typeof ControlMethods>;
  /** Takes up again what is on disk. @throws {SkepError} when the node cannot run here now (its port is taken). */
  readonly resume: () => Promise<void>;
  /** Containers live on. */
  readonly stop: () => Promise<void>;
}

export function createLocalNode(options: LocalNodeOptions): LocalNode {
  const { env, runtime } = options;
  const startedAtMs = env.wallMs();
  const stopping = new AbortController();
  const life = new LifeCell();
  const host: Host = { ...options, life, stopping: stopping.signal };

  return {
    local: {
      info: async () => infoOf(host, startedAtMs),
      init: (request, { signal }) =>
        request.forceNewCluster ? forceNewCluster(host, request, signal) : init(host, request),
      join: (request) => join(host, request),
      restore: (requests) => restore(host, requests),
      leave: async (request, { signal }) => {
        await leave(host, request, signal);
        return newLeaveResponse();
      },
      unlock: async (request) => {
        await unlock(host, request);
        return newUnlockResponse();
      },
      loadImage: async (requests, { signal }) => {
        const names = await (await runtime.get()).loadImage(chunksOf(requests), signal);
        return newLoadImageResponse({ names });
      },
      networkState: (_request, { signal }) => networkStateOf(host, signal),
      networkFindings: (_request, { signal }) => networkFindingsOf(host, signal),
    },
    control: switchable(ControlService, () => managerHandlers(life.now)),
    resume: () => resume(host),
    stop: async () => {
      stopping.abort(new SkepError("unavailable", "the daemon is stopping"));
      if (life.now.kind === "active") await life.now.node.stop();
      await runtime.close();
    },
  };
}

function managerHandlers(life: Life): Handlers<typeof ControlMethods> {
  switch (life.kind) {
    case "inactive":
      throw new SkepError(
        "failed_precondition",
        'this node is not part of a cluster; "skep swarm init" makes one, "skep swarm join" joins one',
      );
    case "changing":
      throw new SkepError("unavailable", `this node is busy: ${life.doing}; try again in a moment`);
    case "failed":
      throw new SkepError("failed_precondition", `this node cannot run: ${life.message}`);
    case "locked":
      throw new SkepError("failed_precondition", LOCKED_MESSAGE);
    case "active": {
      const { manager, turnedAway } = life.node;
      if (turnedAway !== "") throw new SkepError("failed_precondition", turnedAway);
      if (manager !== undefined) return manager.handlers.control;
      throw new SkepError(
        "failed_precondition",
        "this node is not a manager: workers cannot show or change the cluster; run this on a manager, or promote this node from one",
      );
    }
  }
}

async function* chunksOf(requests: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { data } of requests) yield data;
}
