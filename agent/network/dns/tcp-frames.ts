// DNS over TCP puts two bytes of length before every message (RFC 1035, 4.2.2). Collects chunks into messages.
import { concat, MAX_TCP_BYTES } from "./packet.ts";

export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** The messages that are whole now. What is kept is at most one message. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    let bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk]);
    const messages: Uint8Array[] = [];
    while (bytes.length >= 2) {
      const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
      if (bytes.length < 2 + length) break;
      messages.push(bytes.slice(2, 2 + length));
      bytes = bytes.subarray(2 + length);
    }
    this.#rest = bytes.slice();
    return messages;
  }
}

export function frame(message: Uint8Array): Uint8Array {
  const length = Math.min(message.length, MAX_TCP_BYTES);
  return concat([Uint8Array.of(length >> 8, length & 255), message.subarray(0, length)]);
}
