// Takes out of the tables of connections what leads to endpoints that are gone: plan/flows.ts says which and why. Runs in the
// process of its own (network-worker.ts).
import type { Connection } from "../netlink/connection.ts";
import { hasElements, removalsOf } from "../netlink/conntrack.ts";
import { hasErrno } from "../netlink/libc.ts";
import type { Namespaces } from "../netlink/namespaces.ts";
import type { FlowNet } from "../plan/flows.ts";
import { TABLE } from "../plan/names.ts";
import { TURNED_SET } from "../plan/ruleset.ts";

const UDP = 17;
const UDP_LITE = 136;

/** @param all not only UDP. @throws {SystemError} */
export function endFlows(nets: readonly FlowNet[], all: boolean, namespaces: Namespaces): void {
  for (const net of nets) {
    for (const namespace of net.namespaces) endFlowsIn(namespace, net, all, namespaces);
  }
}

function endFlowsIn(namespace: string, { net, ready, known }: FlowNet, all: boolean, namespaces: Namespaces): void {
  if (!namespaces.has(namespace)) return; // gone, and its connections with it
  const connection = namespaces.connection(namespace, "netfilter");
  if (!all && !turnedLately(connection)) return;
  const [base = "", bits = "0"] = net.split("/");
  const inside = within(base, Number(bits));
  const isGone: Parameters<typeof removalsOf>[2] = ({ asked, answering, protocol }) => {
    if (asked === answering || !inside(answering)) return false;
    const isUdp = protocol === UDP || protocol === UDP_LITE;
    return isUdp ? !ready.has(answering) : all && !known.has(answering);
  };
  const gone = whereTold(() => removalsOf(connection, base.length === 8 ? 4 : 6, isGone)) ?? [];
  for (const outcome of connection.request(gone)) {
    if (outcome !== undefined && outcome.code !== "ENOENT") throw outcome; // ended by itself
  }
}

/** Undefined where the kernel does not tell of connections (no nf_conntrack_netlink): they end by their own time limits then. */
function whereTold<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasErrno(error, "EINVAL")) return undefined;
    throw error;
  }
}

/** Whether any UDP was: without "all" nothing else is of interest, and our rules note it in a set. */
function turnedLately(connection: Connection): boolean {
  try {
    return hasElements(connection, TABLE, TURNED_SET);
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return false; // no rules of ours are there
    throw error;
  }
}

/** Whether an address is in a subnet; both in hexadecimal digits. */
function within(base: string, bits: number): (address: string) => boolean {
  const shift = BigInt(base.length * 4 - bits);
  const network = BigInt(`0x${base}`) >> shift;
  return (address) => address.length === base.length && BigInt(`0x${address}`) >> shift === network;
}
