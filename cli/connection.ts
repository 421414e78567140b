// The calls of a daemon's local socket as plain async functions. Types only: loading this file does not load gRPC.
import type { ControlService } from "../proto/gen/control.ts";
import type { LocalService } from "../proto/gen/local.ts";
import type { CallOptions } from "../shared/rpc/client.ts";
import type { AnyMethod, RequestOf, ResponseOf, ServiceMethods } from "../shared/rpc/method.ts";

type Call<M extends AnyMethod> = M extends { readonly requestStream: true; readonly responseStream: true }
  ? never
  : M extends { readonly requestStream: true }
    ? (requests: AsyncIterable<RequestOf<M>>, options?: CallOptions) => Promise<ResponseOf<M>>
    : M extends { readonly responseStream: true }
      ? (request: RequestOf<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
      : (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>;

export type Calls<S extends ServiceMethods> = { readonly [K in keyof S]: Call<S[K]> };

export type ControlCalls = Calls<typeof ControlService>;
export type LocalCalls = Calls<Omit<typeof LocalService, "loadImage">>;

export interface Connection {
  /** Where it leads, for messages: "/run/skep/skep.sock". */
  readonly address: string;
  readonly control: ControlCalls;
  readonly local: LocalCalls;
  /** False: it was lost, or closed. */
  readonly isOpen: () => boolean;
  readonly close: () => void;
}
