// The connection itself. Imported when the first call is made: gRPC and the codecs cost most of a short command's time.
import * as grpc from "@grpc/grpc-js";
import { ControlService } from "../proto/gen/control.ts";
import { type InfoResponse, LocalService } from "../proto/gen/local.ts";
import { SkepError } from "../shared/errors.ts";
import { type CallOptions, serverStream, unary } from "../shared/rpc/client.ts";
import type { AnyMethod } from "../shared/rpc/method.ts";
import type { Calls, Connection, ControlCalls, LocalCalls } from "./connection.ts";

const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
// Creating a service may ask a slow registry; everything else answers in milliseconds, or has lost its quorum.
const DEFAULT_TIMEOUT_MS = 60_000;

type Explain = (error: unknown) => Promise<unknown>;

/** `signal` ends every call under way. */
export function openConnection(path: string, signal: AbortSignal): Connection {
  const client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const { loadImage: _, ...localMethods } = LocalService;
  const local = bind(client, localMethods, signal, async (error) => error) as LocalCalls;
  const explain: Explain = async (error) => {
    const known = SkepError.from(error);
    if (known.code !== "unimplemented" && known.code !== "failed_precondition") return known;
    // The daemon of a worker, or of a host in no swarm, cannot answer for the cluster: say what it is and who can.
    const info = await local.info({}, { timeoutMs: 5_000 }).catch(() => undefined);
    return info === undefined || info.controlAvailable ? known : notManager(info);
  };
  const control = bind(client, ControlService, signal, explain) as ControlCalls;
  return { address: path, control, local, close: () => client.close() };
}

function bind<S extends Readonly<Record<string, AnyMethod>>>(
  client: grpc.Client,
  methods: S,
  signal: AbortSignal,
  explain: Explain,
): Calls<S> {
  const calls: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(methods)) {
    calls[name] = method.responseStream
      ? (request: unknown, options: CallOptions = {}) =>
          explained(serverStream(client, method as never, request as never, withSignal(options, signal)), explain)
      : async (request: unknown, options: CallOptions = {}) => {
          const limited = { timeoutMs: DEFAULT_TIMEOUT_MS, ...withSignal(options, signal) };
          try {
            return await unary(client, method as never, request as never, limited);
          } catch (error) {
            throw await explain(error);
          }
        };
  }
  return calls as Calls<S>;
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
export function notManager(info: InfoResponse): SkepError {
  switch (info.localNodeState) {
    case "inactive":
      return new SkepError(
        "failed_precondition",
        'This node is not a swarm manager. Use "skep swarm init" or "skep swarm join" to connect this node to swarm and try again.',
      );
    case "pending":
      return new SkepError("unavailable", `This node is about to join or start its swarm${reason(info)}: try again.`);
    case "error":
    case "locked":
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
