// --subnet, --gateway and --ip-range belong together by what lies in what, as in Docker.
import { type IPAMConfig, newIPAMConfig } from "../../proto/gen/objects.ts";
import { parseIp, parseSubnet, subnetContains } from "../../shared/model/ip.ts";
import { UsageError } from "../usage-error.ts";

/** @throws {UsageError} for what is no address, and for a gateway or range that lies in none of the subnets, or two in one. */
export function ipamOf(
  subnets: readonly string[],
  gateways: readonly string[],
  ranges: readonly string[],
): readonly IPAMConfig[] {
  const configs = subnets.map((text) => {
    const subnet = parseSubnet(text);
    if (subnet === undefined) throw new UsageError(`--subnet ${text}: not a subnet: write it like 10.1.0.0/24`);
    return { subnet, config: { ...newIPAMConfig(), subnet: text } };
  });
  const place = (flag: "gateway" | "ipRange", option: string, text: string): void => {
    const ip = flag === "gateway" ? parseIp(text) : parseSubnet(text)?.base;
    if (ip === undefined) {
      const example = flag === "gateway" ? "an address: write it like 10.1.0.1" : "a subnet: write it like 10.1.4.0/22";
      throw new UsageError(`${option} ${text}: not ${example}`);
    }
    const found = configs.find(({ subnet }) => subnetContains(subnet, ip));
    if (found === undefined) {
      const why =
        configs.length === 0 ? "it needs a --subnet that it lies in" : `it lies in no --subnet (${subnets.join(", ")})`;
      throw new UsageError(`${option} ${text}: ${why}`);
    }
    if (found.config[flag] !== "")
      throw new UsageError(`${option} ${text}: ${found.config.subnet} has ${found.config[flag]} already`);
    found.config = { ...found.config, [flag]: text };
  };
  for (const text of gateways) place("gateway", "--gateway", text);
  for (const text of ranges) place("ipRange", "--ip-range", text);
  return configs.map(({ config }) => config);
}
