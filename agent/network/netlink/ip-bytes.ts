// An address as the kernel takes it: in the order of the wire.
import { formatIp, type Ip } from "../../../shared/model/ip.ts";

export function ipBytes({ family, value }: Ip): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, "0"), "hex");
}

/** "" for what is no address. */
export function ipText(bytes: Buffer | undefined): string {
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16)) return "";
  return formatIp({ family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${bytes.toString("hex")}`) });
}
