// The node-local subnets as rules and routes need them.
import { type Address, afterGateway, readAddresses } from "./addresses.ts";
import { NO_HOST, type NodeInput } from "./input.ts";

export const familyWord = (family: 4 | 6): "ip" | "ip6" => (family === 4 ? "ip" : "ip6");

/** A node-local subnet: the host's address, the switchboard's, and what tasks have theirs from. */
export interface LocalNet {
  readonly word: "ip" | "ip6";
  readonly subnet: string;
  readonly host: Address;
  readonly own: Address;
}

export const localNets = ({ localSubnets }: NodeInput): readonly LocalNet[] =>
  localSubnets.flatMap((local) => {
    const [host] = readAddresses([local.gateway]);
    const own = afterGateway(local);
    if (host === undefined || own === undefined) return [];
    return [{ word: familyWord(own.ip.family), subnet: local.subnet, host, own }];
  });

/** Those that lead to the host and on: see ipv6.ts. */
export const hostNets = (input: NodeInput): readonly LocalNet[] => {
  const { ipv6 } = input.host ?? NO_HOST;
  return localNets(input).filter(({ own }) => own.ip.family === 4 || ipv6 === "on");
};
