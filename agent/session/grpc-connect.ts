import type * as grpc from "@grpc/grpc-js";
import { DispatcherService } from "../../proto/gen/dispatcher.ts";
import { duplex } from "../../shared/rpc/client.ts";
import type { SessionOptions } from "./session.ts";

/** A session's `connect` over gRPC. @param dial the channel to a manager, as often as asked; it may be shared. */
export const grpcConnect =
  (dial: (addr: string) => grpc.Client): SessionOptions["connect"] =>
  (addr, signal) =>
    duplex(dial(addr), DispatcherService.session, { signal });
