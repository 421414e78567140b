import { SkepError } from "../errors.ts";

export function toPem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${(lines ?? []).join("\n")}\n-----END ${label}-----\n`;
}

/**
 * The first block of that label.
 * @throws {SkepError} `invalid_argument` when there is none.
 */
export function fromPem(label: string, pem: string): Uint8Array {
  const match = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem);
  if (match?.[1] === undefined) throw new SkepError("invalid_argument", `no PEM block "${label}"`);
  return Buffer.from(match[1], "base64");
}

/** Every block of that label, as PEM. */
export const pemBlocks = (label: string, pem: string): readonly string[] =>
  [...pem.matchAll(new RegExp(`-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----\\n?`, "g"))].map(
    ([block]) => block,
  );
