// What this host is: told to the cluster when it joins and at each session of its agent.
import { availableParallelism, hostname, machine, platform, totalmem } from "node:os";
import {
  type NodeDescription,
  newEngineDescription,
  newNodeDescription,
  newPlatform,
  newResources,
} from "../../proto/gen/objects.ts";
import { VERSION } from "../../shared/version.ts";

/** Docker's names for what the kernel calls its machine. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm",
  i686: "386",
};

/** @param runtime "containerd 1.6.20"; empty while it is not known. */
export const describeHost = (runtime: string, labels: Readonly<Record<string, string>>): NodeDescription =>
  newNodeDescription({
    hostname: hostname(),
    platform: newPlatform({ os: platform(), architecture: ARCHITECTURES[machine()] ?? machine() }),
    resources: newResources({ nanoCpus: availableParallelism() * 1e9, memoryBytes: totalmem() }),
    engine: newEngineDescription({ engineVersion: VERSION, runtime, labels }),
  });
