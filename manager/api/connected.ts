import type * as grpc from "@grpc/grpc-js";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";

/**
 * Resolves once `client` is connected: what is sent before that may wait for long, and when it fails it was never sent.
 * @throws {SkepError} `unavailable` after `limitMs`.
 * @throws `signal.reason` when aborted.
 */
export function connected(client: grpc.Client, env: Env, limitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    // The transport is real, and so is its clock.
    client.waitForReady(env.wallMs() + limitMs, (error) => {
      signal.removeEventListener("abort", onAbort);
      if (error === undefined || error === null) resolve();
      else reject(new SkepError("unavailable", `no connection within ${limitMs / 1000} s`, { cause: error }));
    });
  });
}
