// HPACK, the writing half: every field as it is, none kept in the table of the other side, so that blocks can be made in
// advance and mean the same on each connection.

const MAX_SHORT = 0x7f;

/** @param text one byte a character. */
function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < MAX_SHORT) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [MAX_SHORT];
  let rest = bytes.length - MAX_SHORT;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** A header block, or a part of one. Names are in lower case, pseudo-fields first. */
export function encodeFields(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), string(name), string(value)]),
  );
}
