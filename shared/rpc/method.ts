// The shape of one gRPC method as proto/generate.ts writes it, and the types that follow from it.

export interface Method<Req, Res, ReqStream extends boolean = boolean, ResStream extends boolean = boolean> {
  readonly path: string;
  readonly requestStream: ReqStream;
  readonly responseStream: ResStream;
  readonly requestSerialize: (message: Req) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Req;
  readonly responseSerialize: (message: Res) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Res;
}

// biome-ignore lint/suspicious/noExplicitAny: only the variance of a constraint; every use infers the real types
export type AnyMethod = Method<any, any>;
export type ServiceMethods = Readonly<Record<string, AnyMethod>>;

export type RequestOf<M> = M extends { readonly requestDeserialize: (bytes: Buffer) => infer Req } ? Req : never;
export type ResponseOf<M> = M extends { readonly responseDeserialize: (bytes: Buffer) => infer Res } ? Res : never;
