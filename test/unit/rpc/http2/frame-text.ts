// Frames as lines of text, for transcripts: what a client sends is made here, and what it gets is written down.

import { frameHead, PREFACE } from "../../../../shared/rpc/http2/frames.ts";
import { FLAG, FRAME } from "../../../../shared/rpc/http2/protocol.ts";

const NAMES = new Map<number, string>(Object.entries(FRAME).map(([name, type]) => [type, name]));

/** The beginning of every connection: preface and empty SETTINGS. */
export const HELLO = Buffer.concat([PREFACE, frameHead(FRAME.settings, 0, 0, 0)]);

/** @param flags names of FLAG. */
export function frame(
  type: keyof typeof FRAME,
  streamId: number,
  payload: Uint8Array | string | number = Buffer.alloc(0),
  ...flags: readonly (keyof typeof FLAG)[]
): Buffer {
  let body = Buffer.alloc(4);
  if (typeof payload === "number") body.writeUInt32BE(payload);
  else body = Buffer.from(payload);
  const bits = flags.reduce((all, flag) => all | FLAG[flag], 0);
  return Buffer.concat([frameHead(FRAME[type], bits, streamId, body.length), body]);
}

export const setting = (id: number, value: number): Buffer => {
  const body = Buffer.alloc(6);
  body.writeUInt16BE(id);
  body.writeUInt32BE(value, 2);
  return body;
};

/** "data 1 end 300", "rstStream 3 8": name, stream, flags, then the length or the number in it. */
export function describe(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const [type, flags] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4)];
    const payload = bytes.subarray(at + 9, at + 9 + length);
    const words = [NAMES.get(type) ?? `type ${type}`, String(bytes.readUInt32BE(at + 5))];
    if (type === FRAME.data || type === FRAME.headers) {
      if ((flags & FLAG.endStream) !== 0) words.push("end");
      words.push(String(length));
    } else if (type === FRAME.settings || type === FRAME.ping) {
      if ((flags & FLAG.ack) !== 0) words.push("ack");
    } else if (type === FRAME.goAway) words.push(`${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)}`);
    else if (length === 4) words.push(String(payload.readUInt32BE(0)));
    else words.push(String(length));
    lines.push(words.join(" "));
    at += 9 + length;
  }
  return lines;
}
