// Kernel parameters of a container: only those that belong to one of its own namespaces; anything else would change the node.
import { SkepError } from "../../../../shared/errors.ts";
import type { ContainerNetwork } from "../../runtime.ts";

const IPC = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

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
    // The other spelling that sysctl knows. A name that needs both, for a dot in an interface name, cannot be told to runc.
    const name = raw.includes("/") && !raw.includes(".") ? raw.replaceAll("/", ".") : raw;
    if (name.startsWith("net.") && network === "host") {
      throw new SkepError("invalid_argument", `sysctl "${raw}" is not allowed: the task uses the network of its node`);
    }
    if (!IPC.has(name) && !name.startsWith("net.") && !name.startsWith("fs.mqueue.")) {
      throw new SkepError("invalid_argument", `sysctl "${raw}" is not in a separate kernel namespace`);
    }
    result[name] = value;
  }
  return result;
}
