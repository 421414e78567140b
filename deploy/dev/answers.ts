// When a host that was powered on can be used: its daemon answers, and a manager serves commands.
import { ControlService, newListRequest } from "../../proto/gen/control.ts";
import { type InfoResponse, LocalService, newInfoRequest } from "../../proto/gen/local.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { unary } from "../../shared/rpc/client.ts";
import { retry, withClient } from "./client.ts";
import { lastWords } from "./hosts.ts";
import type { DevNode, Paths } from "./model.ts";

interface Waiting {
  readonly env: Env;
  readonly signal: AbortSignal;
}

export const BOOT_LIMIT_MS = 60_000;
const CALL_LIMIT_MS = 2_000;
/** A manager without a quorum serves nothing, and that is no fault of this host. */
const SERVES_LIMIT_MS = 5_000;

/** What the daemon says of itself, as soon as it has finished starting. @throws {SkepError} `unavailable`, with the end of its log. */
export async function daemonAnswers(paths: Paths, node: DevNode, { env, signal }: Waiting): Promise<InfoResponse> {
  try {
    return await withClient(paths.socket(node.name), (client) =>
      retry(
        async () => {
          const info = await unary(client, LocalService.info, newInfoRequest(), { signal, timeoutMs: CALL_LIMIT_MS });
          if (info.localNodeState === "pending") throw new SkepError("unavailable", "it is still starting");
          return info;
        },
        { env, signal, limitMs: BOOT_LIMIT_MS },
      ),
    );
  } catch (error) {
    signal.throwIfAborted();
    const words = lastWords(paths, node);
    throw new SkepError(
      "unavailable",
      `the daemon of ${node.name} does not answer${words === "" ? "" : `:\n${words}`}`,
      { cause: error },
    );
  }
}

/**
 * After `skep dev start`: so that the next command finds a daemon that serves it. A manager that serves nothing after a few seconds
 * is told, not waited for: perhaps it has no quorum yet.
 * @returns what is wrong with it, in a line; undefined: nothing. @throws {SkepError} `unavailable`, as daemonAnswers.
 */
export async function hostServes(paths: Paths, node: DevNode, waiting: Waiting): Promise<string | undefined> {
  const { localNodeState, error, controlAvailable } = await daemonAnswers(paths, node, waiting);
  if (localNodeState === "locked") return `${node.name} is locked: unlock it with "skep swarm unlock"`;
  if (localNodeState === "error") return `${node.name} cannot run: ${error}`;
  if (!controlAvailable) return undefined;
  const { env, signal } = waiting;
  try {
    await withClient(paths.socket(node.name), (client) =>
      retry(() => unary(client, ControlService.listNodes, newListRequest(), { signal, timeoutMs: CALL_LIMIT_MS }), {
        env,
        signal,
        limitMs: SERVES_LIMIT_MS,
      }),
    );
    return undefined;
  } catch (cause) {
    signal.throwIfAborted();
    return `${node.name} serves no commands yet: ${SkepError.from(cause).message}`;
  }
}
