import type { NodeFacts } from "../../../agent/runtime/containerd/spec/spec.ts";
import type { ContainerConfig, ContainerMount } from "../../../agent/runtime/runtime.ts";
import { newResources } from "../../../proto/gen/objects.ts";
import type { TaskId } from "../../../shared/model/ids.ts";

export const TASK = "abcdefghijklmnopqrstuvwxy" as TaskId;

export const FACTS: NodeFacts = {
  arch: "amd64",
  cgroupVersion: 1,
  swapAccounting: true,
  capabilities: 41,
  nofileHard: 524_288,
  hostname: "node1",
  bootId: "boot",
};

export function config(init: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    id: TASK,
    image: "busybox",
    args: ["true"],
    env: [],
    workingDir: "",
    user: "",
    groups: [],
    hostname: "",
    network: { kind: "none" },
    mounts: [],
    readOnlyRootfs: false,
    tty: false,
    openStdin: false,
    init: false,
    limits: newResources(),
    reservations: newResources(),
    capabilityAdd: [],
    capabilityDrop: [],
    sysctls: {},
    ulimits: [],
    oomScoreAdj: 0,
    extraHosts: [],
    dns: { nameservers: [], search: [], options: [] },
    labels: {},
    ...init,
  };
}

export function mount(init: Partial<ContainerMount>): ContainerMount {
  return {
    type: "bind",
    source: "/source",
    target: "/target",
    readOnly: false,
    propagation: "",
    sizeBytes: 0,
    mode: 0,
    ...init,
  };
}
