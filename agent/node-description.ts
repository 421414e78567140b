// What this host is, as managers and schedulers see it.
import { arch, availableParallelism, hostname, platform, totalmem } from "node:os";
import { type NodeDescription, newNodeDescription, newResources } from "../proto/gen/objects.ts";
import { kernelHasIpv6 } from "./network/kernel-ipv6.ts";

const NANO = 1_000_000_000;

/** Architectures as Docker's `node inspect` writes them (uname -m), which constraints are written against. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
  ia32: "i686",
  arm: "armv7l",
};

export const nodeArchitecture = (nodeArch: string): string => ARCHITECTURES[nodeArch] ?? nodeArch;

/**
 * Looks at the host now.
 * @param engine.version skep's own. `runtime`: as Runtime.info names it. `labels`: engine labels from the daemon's options.
 */
export function describeNode(engine: {
  readonly version: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
}): NodeDescription {
  return newNodeDescription({
    hostname: hostname(),
    platform: { os: platform(), architecture: nodeArchitecture(arch()) },
    resources: newResources({ nanoCpus: availableParallelism() * NANO, memoryBytes: totalmem() }),
    withoutIpv6: !kernelHasIpv6(),
    engine: { engineVersion: engine.version, runtime: engine.runtime, labels: engine.labels },
  });
}
