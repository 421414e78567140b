// Speaking to the daemons of a dev cluster over their local sockets, which are files of this machine.
import * as grpc from "@grpc/grpc-js";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";

/** Runs `use` with a client on the socket and closes it. */
export async function withClient<R>(socket: string, use: (client: grpc.Client) => Promise<R>): Promise<R> {
  const client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 200,
  });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const RETRY_MS = 50;

/** Repeats `attempt` while it fails with `unavailable` or a code in `also`, until `limitMs` have passed. */
export async function retry<R>(
  attempt: () => Promise<R>,
  options: {
    readonly env: Env;
    readonly limitMs: number;
    readonly signal: AbortSignal;
    readonly also?: readonly string[];
  },
): Promise<R> {
  const limit = options.env.nowMs() + options.limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const { code } = SkepError.from(error);
      const again = code === "unavailable" || code === "deadline_exceeded" || options.also?.includes(code) === true;
      if (!again || options.env.nowMs() > limit) throw error;
      await options.env.sleep(RETRY_MS, options.signal);
    }
  }
}
