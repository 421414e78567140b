// Handlers that are looked up at each call. A grpc-js server keeps the services it was made with; what a node answers
// changes while it runs: it joins, is promoted, leaves.
import type { AnyMethod, ServiceMethods } from "./method.ts";
import type { CallContext, Handlers } from "./server.ts";

/** @param current the handlers of this moment; throws a SkepError that tells why there are none. */
export function switchable<S extends ServiceMethods>(methods: S, current: () => Handlers<S>): Handlers<S> {
  const handlers: Record<string, (input: unknown, context: CallContext) => unknown> = {};
  for (const name of Object.keys(methods)) {
    handlers[name] = (input, context) => {
      const handler = current()[name] as (input: unknown, context: CallContext) => unknown;
      return handler(input, context);
    };
  }
  return handlers as Handlers<Record<string, AnyMethod>> as Handlers<S>;
}
