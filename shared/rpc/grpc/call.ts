// One call: from a stream's bytes to its handler and back. What the handler throws, or what is wrong with what was sent, is
// the status that the call ends with. Who may not call is told so by the headers alone: nothing that he sends is kept. What the
// others send counts in a budget from its first byte until the handler is done with it.
import type { PeerCertificate } from "node:tls";
import type { Env, Timer } from "../../env/env.ts";
import { SkepError } from "../../errors.ts";
import { ERROR } from "../http2/protocol.ts";
import type { Field } from "../http2/static-table.ts";
import type { Http2Stream, StreamListener } from "../http2/stream.ts";
import type { AnyMethod } from "../method.ts";
import type { Peer } from "../peer.ts";
import type { Authorizer, CallContext, PeerResolver } from "../server.ts";
import type { Budgets, ByteBudget } from "./budget.ts";
import { HEAD_BLOCK, MessageCutter, metadataOf, parseTimeout, statusBlock, withPrefix } from "./wire.ts";

/** Messages that wait for a handler that does not read, before the client is told to wait. */
const QUEUE_BYTES = 64 * 1024;
/** What a message costs beside its bytes: without it, empty ones would be waited for without end. */
const QUEUED_MESSAGE_BYTES = 128;
/** What a call costs beside its header fields and messages; and each field beside its letters. */
const CALL_BYTES = 1024;
const FIELD_BYTES = 32;

/** The other end of a connection. */
export interface Caller {
  /** Its address and port. */
  readonly getPeer: () => string;
  readonly getAuthContext: () => { readonly sslPeerCertificate?: PeerCertificate };
  /** Why the certificate that it has shown is good for nothing: what each of its calls is answered. */
  readonly refusal?: SkepError | undefined;
}

export interface ServedMethod {
  readonly method: AnyMethod;
  readonly handler: (input: unknown, context: CallContext) => unknown;
  readonly resolve: PeerResolver;
  readonly authorize: Authorizer;
}

export interface CallLimits {
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
}

/** @throws {SkepError} `invalid_argument`, naming the method. */
export function decodeRequest({ path, requestDeserialize }: AnyMethod, bytes: Buffer): unknown {
  try {
    return requestDeserialize(bytes);
  } catch (cause) {
    const why = SkepError.from(cause).message;
    throw new SkepError("invalid_argument", `what was sent to ${path} cannot be read: ${why}`, { cause });
  }
}

/** Ends a call that does not begin. */
export function refuseCall(stream: Http2Stream, error: SkepError): void {
  stream.finish(Buffer.concat([HEAD_BLOCK, statusBlock(error)]));
}

const CALL_ENDED = new SkepError("canceled", "the call ended");
const CALLER_GONE = new SkepError("canceled", "the caller went away");

class LazyContext implements CallContext {
  readonly peer: Peer;
  readonly #fields: readonly Field[];
  readonly #makeSignal: () => AbortSignal;
  #metadata: ReadonlyMap<string, string> | undefined;

  constructor(peer: Peer, fields: readonly Field[], makeSignal: () => AbortSignal) {
    this.peer = peer;
    this.#fields = fields;
    this.#makeSignal = makeSignal;
  }

  get signal(): AbortSignal {
    return this.#makeSignal();
  }

  get metadata(): ReadonlyMap<string, string> {
    this.#metadata ??= metadataOf(this.#fields);
    return this.#metadata;
  }
}

export class ServerCall implements StreamListener {
  readonly #stream: Http2Stream;
  readonly #served: ServedMethod;
  readonly #peer: Peer | undefined;
  readonly #requestBudget: ByteBudget;
  readonly #answerBudget: ByteBudget;
  readonly #fields: readonly Field[];
  readonly #limits: CallLimits;
  readonly #messages: MessageCutter;
  /** Made when somebody asks for the signal: most calls are too short to be given up. */
  #abort: AbortController | undefined;
  #ending: SkepError | undefined;
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** Of the message that the handler works on. */
  #handledBytes = 0;
  readonly #fixedBytes: number;
  /** What is taken from the budget. */
  #takenBytes = 0;
  /** Of answers that wait for the client to read. */
  #waitingBytes = 0;
  /** Received, but not to be told to the client before the queue is shorter. */
  #owedBytes = 0;
  #deadline: Timer | undefined;
  #hasBegun = false;
  #hasResponded = false;
  #hasAllInput = false;
  #isOver = false;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  constructor(
    stream: Http2Stream,
    served: ServedMethod,
    caller: Caller,
    fields: readonly Field[],
    limits: CallLimits,
    { requests, answers }: Budgets,
    env: Pick<Env, "timer">,
  ) {
    this.#stream = stream;
    this.#served = served;
    this.#fields = fields;
    this.#limits = limits;
    this.#requestBudget = requests;
    this.#answerBudget = answers;
    this.#messages = new MessageCutter(limits.maxReceiveBytes);
    this.#fixedBytes =
      CALL_BYTES + fields.reduce((sum, { name, value }) => sum + name.length + value.length + FIELD_BYTES, 0);
    stream.listener = this;
    try {
      this.#peer = served.resolve(caller);
      served.authorize(served.method.path, this.#peer);
      this.#account();
      const timeout = fields.find(({ name }) => name === "grpc-timeout")?.value;
      const ms = timeout === undefined ? undefined : parseTimeout(timeout);
      if (ms !== undefined) this.#deadline = env.timer(ms, () => this.#onDeadline());
      if (served.method.requestStream) this.#begin();
    } catch (error) {
      this.#end(SkepError.from(error));
    }
  }

  onData(data: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#messages.cut(data, (message) => {
        this.#queue.push(message);
        this.#queuedBytes += message.length + QUEUED_MESSAGE_BYTES;
      });
      if (!this.#served.method.requestStream && this.#queue.length > 1)
        throw this.#wrong("more than one request message");
      this.#account();
    } catch (error) {
      this.#end(SkepError.from(error));
      return;
    }
    this.#owedBytes += data.length;
    this.#settle();
    this.#wakeReader();
  }

  onEnd(): void {
    this.#hasAllInput = true;
    if (!this.#served.method.requestStream && !this.#isOver) this.#begin();
    this.#wakeReader();
  }

  onDrain(): void {
    this.#accountAnswer();
    this.#wakeWriter();
  }

  onClose(isCut: boolean): void {
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#queue.length = 0;
    this.#requestBudget.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#answerBudget.give(this.#waitingBytes);
    this.#waitingBytes = 0;
    this.#ending = isCut ? CALLER_GONE : CALL_ENDED;
    this.#abort?.abort(this.#ending);
    this.#wakeReader();
    this.#wakeWriter();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#run().then(
      () => this.#end(undefined),
      (error: unknown) => this.#end(SkepError.from(error)),
    );
  }

  async #run(): Promise<void> {
    const { method, handler } = this.#served;
    const peer = this.#peer;
    if (peer === undefined) throw new SkepError("unauthenticated", "nobody has said who calls");
    const context = new LazyContext(peer, this.#fields, () => this.#signal());
    // A client of grpc-js keeps a copy of up to 1 MB of what it has sent, to send it again elsewhere, until our first sign. A
    // stream of requests may otherwise get none until it ends, and may live for months.
    if (method.requestStream) this.#respond();
    const input = method.requestStream ? this.#requests() : decodeRequest(method, this.#onlyMessage());
    const output = handler(input, context);
    if (method.responseStream) await this.#sendAll(output as AsyncIterable<unknown>);
    else this.#send(await output);
  }

  #signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#ending !== undefined) this.#abort.abort(this.#ending);
    }
    return this.#abort.signal;
  }

  #onlyMessage(): Buffer {
    const message = this.#queue.shift();
    if (message === undefined) throw this.#wrong("no request message");
    if (this.#messages.isMidMessage) throw this.#wrong("more than one request message");
    this.#queuedBytes = 0;
    this.#handledBytes = message.length; // until the end of the call: what is read from it may be as large
    return message;
  }

  /** @throws {SkepError} `resource_exhausted`: the caller has enough unfinished requests here already. */
  #account(): void {
    if (this.#isOver) return;
    const bytes = this.#fixedBytes + this.#messages.keptBytes + this.#queuedBytes + this.#handledBytes;
    const more = bytes - this.#takenBytes;
    if (more <= 0) this.#requestBudget.give(-more);
    else if (!this.#requestBudget.take(more)) {
      throw new SkepError(
        "resource_exhausted",
        `${this.#served.method.path} is refused: too many bytes of unfinished requests; send less at once, or wait for answers`,
      );
    }
    this.#takenBytes = bytes;
  }

  #wrong(what: string): SkepError {
    return new SkepError("unimplemented", `Received ${what} for method ${this.#served.method.path}`);
  }

  /** A handler that stops reading does not end the call, which it may still have to answer. */
  async *#requests(): AsyncGenerator<unknown> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) {
        this.#queuedBytes -= message.length + QUEUED_MESSAGE_BYTES;
        this.#handledBytes = message.length;
        this.#account();
        this.#settle();
        yield decodeRequest(this.#served.method, message);
      } else if (this.#isOver) {
        throw this.#ending ?? CALL_ENDED;
      } else if (this.#hasAllInput) {
        if (this.#messages.isMidMessage) throw new SkepError("internal", "the last message was cut short");
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  /** With back-pressure: the handler is not asked for more than the client takes. */
  async #sendAll(output: AsyncIterable<unknown>): Promise<void> {
    for await (const message of output) {
      if (this.#isOver) return;
      if (this.#send(message)) continue;
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  #send(message: unknown): boolean {
    const parts = withPrefix(this.#served.method.responseSerialize(message), this.#limits.maxSendBytes);
    if (!this.#hasResponded) this.#respond();
    const takesMore = this.#stream.send(parts);
    this.#accountAnswer();
    return takesMore;
  }

  /** Cuts the call of a client that asks for more and more, and does not read it. */
  #accountAnswer(): void {
    if (this.#isOver) return;
    const bytes = this.#stream.pendingBytes;
    const more = bytes - this.#waitingBytes;
    if (more <= 0) this.#answerBudget.give(-more);
    else if (!this.#answerBudget.take(more)) {
      this.#stream.reset(ERROR.enhanceYourCalm); // which is `resource_exhausted` to a client of gRPC
      return;
    }
    this.#waitingBytes = bytes;
  }

  #respond(): void {
    this.#hasResponded = true;
    this.#stream.respond(HEAD_BLOCK);
  }

  #settle(): void {
    if (this.#queuedBytes > QUEUE_BYTES || this.#owedBytes === 0) return;
    this.#stream.credit(this.#owedBytes);
    this.#owedBytes = 0;
  }

  #end(error: SkepError | undefined): void {
    if (this.#isOver) return;
    const status = statusBlock(error);
    this.#stream.finish(this.#hasResponded ? status : Buffer.concat([HEAD_BLOCK, status]));
  }

  #onDeadline(): void {
    this.#end(new SkepError("deadline_exceeded", "Deadline exceeded"));
    this.#stream.reset(); // where data is waiting for a client that does not read
  }
}
