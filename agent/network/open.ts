// Puts a node's network room together, over this machine's kernel.
import type { NetworkSubnet } from "../../proto/gen/network.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { NetworkNode } from "./apply/network-node.ts";
import { createToolRunner } from "./apply/run.ts";
import { createTaskNames } from "./dns/task-names.ts";
import { openKernelNetworkRoom } from "./kernel-room.ts";
import type { OpenNetworkRoom } from "./room.ts";
import { createViewFiles } from "./view-files.ts";

export interface NetworkOptions {
  readonly env: Env;
  readonly log: Log;
  readonly nodeId: NodeId;
  /** For what is remembered; made when missing, and holds nothing else. */
  readonly dir: string;
  /** Of the node-local network. */
  readonly localSubnets: readonly NetworkSubnet[];
}

export function openNetworks({ env, log, nodeId, dir, localSubnets }: NetworkOptions): OpenNetworkRoom {
  const gateways = localSubnets.map(({ gateway }) => gateway).filter((gateway) => !gateway.includes(":"));
  return (callbacks) =>
    openKernelNetworkRoom({
      env,
      log,
      nodeId,
      kernel: new NetworkNode({ runner: createToolRunner({ env }), log }),
      names: createTaskNames({ env, log, addresses: gateways }),
      files: createViewFiles({ env, log, dir }),
      localSubnets,
      callbacks,
    });
}
