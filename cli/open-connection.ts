// The connection itself. Imported when the first call is made: the codecs cost most of a short command's time.
import { ControlService } from "../proto/gen/control.ts";
import { type InfoResponse, LocalService } from "../proto/gen/local.ts";
import type { Env } from "../shared/env/env.ts";
import { SkepError } from "../shared/errors.ts";
import type { CallOptions } from "../shared/rpc/client.ts";
import type { AnyMethod } from "../shared/rpc/method.ts";
import type { OpenSocket } from "./connect.ts";
import type { Calls, Connection, ControlCalls, LocalCalls } from "./connection.ts";
import { type Channel, openChannel } from "./http2-calls.ts";

// Creating a service may ask a slow registry; everything else answers in milliseconds, or has lost its quorum.
const DEFAULT_TIMEOUT_MS = 60_000;

type Explain = (error: unknown) => Promise<unknown>;

/** `signal` ends every call under way. */
export function openConnection({ path, socket }: OpenSocket, env: Env, signal: AbortSignal): Connection {
  const channel = openChannel(path, env, socket);
  const { loadImage: _, ...localMethods } = LocalService;
  const local = bind(channel, localMethods, signal, async (error) => error) as LocalCalls;
  const explain: Explain = async (error) => {
    const known = SkepError.from(error);
    if (known.code !== "unimplemented" && known.code !== "failed_precondition") return known;
    // The daemon of a worker, or of a host in no swarm, cannot answer for the cluster: say what it is and who can.
    const info = await local.info({}, { timeoutMs: 5_000 }).catch(() => undefined);
    return info === undefined || info.controlAvailable ? known : notManager(info);
  };
  const control = bind(channel, ControlService, signal, explain) as ControlCalls;
  return { address: path, control, local, isOpen: channel.isOpen, close: channel.close };
}

function bind<S extends Readonly<Record<string, AnyMethod>>>(
  channel: Channel,
  methods: S,
  signal: AbortSignal,
  explain: Explain,
): Calls<S> {
  const calls: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(methods)) {
    calls[name] = method.responseStream
      ? (request: unknown, options: CallOptions = {}) =>
          explained(channel.call(method, request, withSignal(options, signal)), explain)
      : async (request: unknown, options: CallOptions = {}) => {
          const limited = { timeoutMs: DEFAULT_TIMEOUT_MS, ...withSignal(options, signal) };
          try {
            return await only(channel.call(method, request, limited), method);
          } catch (error) {
            throw await explain(error);
          }
        };
  }
  return calls as Calls<S>;
}

/** The one answer of a unary call; the generator is read to its end, where the status is. */
async function only(answers: AsyncGenerator<unknown>, method: AnyMethod): Promise<unknown> {
  let answer: { readonly value: unknown } | undefined;
  for await (const value of answers) answer = { value };
  if (answer === undefined) throw new SkepError("internal", `${method.path} answered nothing`);
  return answer.value;
}

const withSignal = (options: CallOptions, signal: AbortSignal): CallOptions => ({
  ...options,
  signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]),
});

async function* explained(source: AsyncIterable<unknown>, explain: Explain): AsyncGenerator<unknown> {
  try {
    yield* source;
  } catch (error) {
    throw await explain(error);
  }
}

/** Pure: Docker's words for a node that cannot answer for the cluster, and where to go instead. */
function notManager(info: InfoResponse): SkepError {
  switch (info.localNodeState) {
    case "inactive":
      return new SkepError(
        "failed_precondition",
        'This node is not a swarm manager. Use "skep swarm init" or "skep swarm join" to connect this node to swarm and try again.',
      );
    case "pending":
      return new SkepError("unavailable", `This node is about to join or start its swarm${reason(info)}: try again.`);
    case "locked":
      return new SkepError(
        "failed_precondition",
        'Swarm is encrypted and needs to be unlocked before it can be used. Please use "skep swarm unlock" to unlock it.',
      );
    case "error":
      return new SkepError(
        "failed_precondition",
        `This node's part of the swarm is in state ${info.localNodeState}${reason(info)}.`,
      );
    case "active": {
      const managers = info.managers.length === 0 ? "" : ` Managers: ${info.managers.join(", ")}.`;
      return new SkepError(
        "failed_precondition",
        "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. " +
          `Please run this command on a manager node or promote the current node to a manager.${managers}`,
      );
    }
  }
}

const reason = (info: InfoResponse): string => (info.error === "" ? "" : `: ${info.error}`);
