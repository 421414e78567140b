// Calls to containerd: one warm channel over its unix socket, our namespace on every call, and patience while containerd
// restarts. A call that finds nobody is repeated until `patienceMs` is over and then fails with `unavailable`; since a broken
// connection does not tell whether the call took effect, every caller treats "already so" as success.
import * as grpc from "@grpc/grpc-js";
import type { Env } from "../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import { serverStream, unary } from "../../../shared/rpc/client.ts";
import type { AnyMethod, RequestOf, ResponseOf } from "../../../shared/rpc/method.ts";

export const DEFAULT_NAMESPACE = "skep";

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024; // containerd's own limit
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_PATIENCE_MS = 15_000;
const RETRY_DELAY_MS = 50;

type UnaryMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: false };
type ServerStreamMethod = AnyMethod & { readonly requestStream: false; readonly responseStream: true };

export interface ContainerdCallOptions {
  /** For one attempt. */
  readonly timeoutMs?: number;
  /** How long to wait for a containerd that is not there; 0 asks once. */
  readonly patienceMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ContainerdClient {
  /** For calls with streams of their own; `metadata` belongs on each. */
  readonly channel: grpc.Client;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * @throws {SkepError} with containerd's code and words. `unavailable`: containerd did not come back in time.
   */
  readonly call: <M extends UnaryMethod>(
    method: M,
    request: RequestOf<M>,
    signal: AbortSignal,
    options?: ContainerdCallOptions,
  ) => Promise<ResponseOf<M>>;
  readonly stream: <M extends ServerStreamMethod>(
    method: M,
    request: RequestOf<M>,
    signal: AbortSignal,
  ) => AsyncGenerator<ResponseOf<M>>;
  readonly close: () => void;
}

export function createContainerdClient(options: {
  readonly env: Env;
  /** Path of the unix socket. */
  readonly socket: string;
  readonly namespace?: string | undefined;
}): ContainerdClient {
  const { env, socket } = options;
  const channel = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.initial_reconnect_backoff_ms": RETRY_DELAY_MS,
    "grpc.max_reconnect_backoff_ms": 500,
    "grpc.default_authority": "localhost",
    "grpc.service_config_disable_resolution": 1,
  });
  const metadata = { "containerd-namespace": options.namespace ?? DEFAULT_NAMESPACE };
  let closed = false;

  return {
    channel,
    metadata,
    call: async (method, request, signal, callOptions = {}) => {
      const deadlineMs = env.nowMs() + (callOptions.patienceMs ?? DEFAULT_PATIENCE_MS);
      for (;;) {
        try {
          return await unary(channel, method, request, {
            signal,
            timeoutMs: callOptions.timeoutMs ?? DEFAULT_TIMEOUT_MS,
            metadata: { ...metadata, ...callOptions.metadata },
          });
        } catch (error) {
          if (signal.aborted || closed || !isCode(error, "unavailable")) throw error;
          if (env.nowMs() >= deadlineMs) {
            throw new SkepError("unavailable", `containerd at ${socket} does not answer; is it running?`, {
              cause: error,
            });
          }
          await env.sleep(RETRY_DELAY_MS, signal);
        }
      }
    },
    stream: (method, request, signal) => serverStream(channel, method, request, { signal, metadata }),
    close: () => {
      closed = true;
      channel.close();
    },
  };
}
