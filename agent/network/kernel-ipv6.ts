import { existsSync } from "node:fs";

/** False on a kernel that was built, or started (ipv6.disable=1), without IPv6: no namespace has any of it. */
export const kernelHasIpv6 = (settings = "/proc/sys/net/ipv6"): boolean => existsSync(settings);
