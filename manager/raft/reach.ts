// One attempt to connect a channel, told as soon as it is decided.
import * as grpc from "@grpc/grpc-js";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";

/**
 * Resolves once `client` is connected.
 * @throws {SkepError} `unavailable`: refused, or not there within `limitMs`: a host that is gone does not refuse.
 * @throws `signal.reason` when aborted.
 */
export function reach(client: grpc.Client, env: Env, limitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const channel = client.getChannel();
    const deadline = env.wallMs() + limitMs; // the transport is real, and so is its clock
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const settle = (error?: SkepError): void => {
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const look = (): void => {
      if (signal.aborted) return;
      const state = channel.getConnectivityState(true);
      switch (state) {
        case grpc.connectivityState.READY:
          settle();
          break;
        case grpc.connectivityState.TRANSIENT_FAILURE:
        case grpc.connectivityState.SHUTDOWN:
          settle(new SkepError("unavailable", "the connection is refused"));
          break;
        default:
          channel.watchConnectivityState(state, deadline, (error) => {
            if (error === undefined || error === null) look();
            else settle(new SkepError("unavailable", `no connection within ${limitMs} ms`));
          });
      }
    };
    look();
  });
}
