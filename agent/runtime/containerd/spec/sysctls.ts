// Kernel parameters of a container: only those that belong to one of its own namespaces; anything else would change the node.
import { SkepError } from "../../../../shared/errors.ts";
import { sysctlName, sysctlProblem } from "../../../../shared/model/sysctls.ts";
import type { ContainerNetwork } from "../../runtime.ts";

// Docker's defaults in a network namespace of its own: any user may listen on low ports and send pings.
const OWN_NETWORK: Readonly<Record<string, string>> = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
};

/** @throws {SkepError} `invalid_argument`: the parameter belongs to the node. */
export function sysctls(
  wanted: Readonly<Record<string, string>>,
  network: ContainerNetwork["kind"],
): Readonly<Record<string, string>> {
  const result: Record<string, string> = network === "host" ? {} : { ...OWN_NETWORK };
  for (const [raw, value] of Object.entries(wanted)) {
    const problem = sysctlProblem(raw, network === "host");
    if (problem !== undefined) throw new SkepError("invalid_argument", `sysctl ${problem}`);
    result[sysctlName(raw)] = value;
  }
  return result;
}
