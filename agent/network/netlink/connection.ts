// A netlink connection to one namespace: requests with their outcomes, dumps, and transactions of nf_tables. Synchronous: the
// kernel does the work within the call.
import {
  aligned,
  encodeRequest,
  FLAGS,
  type Message,
  type Request,
  readAttributes,
  readI32,
  readMessages,
  readString,
  readU32,
} from "./attributes.ts";
import { closeLater, closeNow, openNetlink, type Protocol, receive, SystemError, send } from "./libc.ts";

const ERROR = 2;
const DONE = 3;
const DUMP_INTERRUPTED = 0x10;
const ACK_HAS_TEXT = 0x200;
const ACK_IS_CAPPED = 0x100;
const ACK_TEXT = 1;

/** Acknowledgements wait in the socket's buffer until all requests of a send are done: so many at once, and no more. */
const AT_ONCE = 256;
const DUMP_ATTEMPTS = 5;

/** Shared: within a thread, one call is over before the next one begins. */
const buffer = Buffer.alloc(256 * 1024);

export class Connection {
  readonly #socket: number;
  readonly #protocol: Protocol;
  #sequence = 1;
  #isSpoiled = false;

  /** To the namespace that the thread is in now. @throws {SystemError} */
  constructor(protocol: Protocol) {
    this.#socket = openNetlink(protocol);
    this.#protocol = protocol;
  }

  /** Something failed in the middle: what the kernel still has to say would be taken for the answer to something else. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  close(): void {
    if (this.#protocol === "route") closeNow(this.#socket);
    else closeLater(this.#socket);
  }

  /** Does all of them in their order, also after one that fails. Returns one outcome for each: undefined is done. */
  request(requests: readonly Request[]): readonly (SystemError | undefined)[] {
    const outcomes: (SystemError | undefined)[] = [];
    for (let at = 0; at < requests.length; at += AT_ONCE) {
      const some = requests.slice(at, at + AT_ONCE);
      const first = this.#sequence;
      this.#sequence += some.length;
      const bytes = some.map((one, i) => encodeRequest({ ...one, flags: one.flags | FLAGS.ack }, first + i));
      outcomes.push(...this.#acknowledged(Buffer.concat(bytes), first, some.length));
    }
    return outcomes;
  }

  /**
   * A batch of netfilter, all or nothing, as encoded by apply/nft-binary.ts: between its begin and end, messages numbered from 1.
   * @throws {SystemError} of the first message that was refused.
   */
  transact(batch: Uint8Array, messages: number): void {
    const failed = this.#acknowledged(batch, 1, messages).find((outcome) => outcome !== undefined);
    if (failed !== undefined) throw failed;
  }

  /** @throws {SystemError} */
  dump(request: Request): readonly Message[] {
    return this.dumpOf(request, (message) => ({ ...message, body: Buffer.from(message.body) }));
  }

  /**
   * Keeps of a large dump only what is of interest. @param read its message is there only during the call; undefined: of none.
   * @throws {SystemError}
   */
  dumpOf<T>(request: Request, read: (message: Message) => T | undefined): readonly T[] {
    for (let attempt = 1; ; attempt++) {
      const { found, whole } = this.#dump(request, read);
      // Something changed meanwhile, and the kernel does not know whether all was told.
      if (whole || attempt === DUMP_ATTEMPTS) return found;
    }
  }

  #dump<T>(request: Request, read: (message: Message) => T | undefined) {
    const sequence = this.#sequence++;
    this.#send(encodeRequest({ ...request, flags: request.flags | FLAGS.dump }, sequence));
    const found: T[] = [];
    let whole = true;
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue; // of an earlier one that was given up
        if ((message.flags & DUMP_INTERRUPTED) !== 0) whole = false;
        if (message.type === ERROR || message.type === DONE) {
          const errno = message.body.length >= 4 ? readI32(message.body, 0) : 0;
          if (errno < 0) throw new SystemError("netlink dump", -errno);
          return { found, whole };
        }
        const one = read(message);
        if (one !== undefined) found.push(one);
      }
    }
  }

  /** Sends, and collects what is said of the messages numbered from `first`. */
  #acknowledged(bytes: Uint8Array, first: number, count: number): (SystemError | undefined)[] {
    const outcomes: (SystemError | undefined)[] = new Array(count).fill(undefined);
    if (count === 0) return outcomes;
    this.#send(bytes);
    for (let missing = count; missing > 0; ) {
      for (const message of this.#receive()) {
        const index = message.sequence - first;
        if (message.type !== ERROR || index >= count) continue;
        const errno = readI32(message.body, 0);
        const error = errno < 0 ? new SystemError("refused", -errno, textOf(message)) : undefined;
        if (index < 0) {
          // Of a batch as a whole, by its begin. Of its messages something may be said, or not.
          if (error === undefined) continue;
          this.#isSpoiled = true;
          return outcomes.fill(error);
        }
        outcomes[index] = error;
        missing--;
      }
    }
    return outcomes;
  }

  #send(bytes: Uint8Array): void {
    this.#spoiling(() => send(this.#socket, bytes));
  }

  #receive(): Generator<Message> {
    return readMessages(
      buffer.subarray(
        0,
        this.#spoiling(() => receive(this.#socket, buffer)),
      ),
    );
  }

  #spoiling<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      this.#isSpoiled = true;
      throw error;
    }
  }
}

/** What the kernel says of an error in words; "" when it says nothing. */
function textOf({ flags, body }: Message): string {
  if ((flags & ACK_HAS_TEXT) === 0) return "";
  // After the error's number stands the request: its header only, or all of it.
  const request = (flags & ACK_IS_CAPPED) === 0 ? readU32(body, 4) : 16;
  return readString(readAttributes(body.subarray(4 + aligned(request))).get(ACK_TEXT));
}
