// Puts a node's network room together, over this machine's kernel.
import type { NetworkSubnet } from "../../proto/gen/network.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { createKeepNamespace } from "./adopt.ts";
import { KernelProcess } from "./apply/kernel-process.ts";
import { NetworkNode } from "./apply/network-node.ts";
import { createToolRunner } from "./apply/run.ts";
import { createTaskNames } from "./dns/task-names.ts";
import { openKeyFile } from "./encryption/keys.ts";
import { Tunnels } from "./encryption/tunnels.ts";
import { kernelHasIpv6 } from "./kernel-ipv6.ts";
import { openKernelNetworkRoom } from "./kernel-room.ts";
import { NetworkProbe } from "./probe/probe.ts";
import { realTransport } from "./probe/transport.ts";
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
  /** For the keys of the tunnels of encrypted networks. */
  readonly keyFile: string;
  /** Who keeps the name server's sockets while no daemon runs. */
  readonly socketsFile: string;
  /** UDP, and the one after it: where packets of encrypted networks are taken. */
  readonly tunnelPort: number;
}

export function openNetworks({
  env,
  log,
  nodeId,
  dir,
  localSubnets,
  keyFile,
  socketsFile,
  tunnelPort,
}: NetworkOptions): OpenNetworkRoom {
  const gateways = localSubnets.map(({ gateway }) => gateway).filter((gateway) => !gateway.includes(":"));
  const runner = createToolRunner({ env });
  return async (callbacks) => {
    // It loads what calls into C, which only a node with a network needs.
    const { createKeptSockets } = await import("./dns/kept-sockets.ts");
    return openKernelNetworkRoom({
      env,
      log,
      nodeId,
      kernel: new NetworkNode({ kernel: new KernelProcess({ env }), log }),
      keepNamespace: createKeepNamespace(runner, log),
      names: createTaskNames({
        env,
        log,
        addresses: gateways,
        ipv6: kernelHasIpv6(),
        sockets: createKeptSockets(socketsFile, nodeId, log),
      }),
      files: createViewFiles({ env, log, dir }),
      tunnels: new Tunnels({
        env,
        log,
        runner,
        nodeId,
        keyFile: openKeyFile(keyFile, log),
        port: tunnelPort,
        underlayMtu: callbacks.underlayMtu,
        onDescription: callbacks.onDescription,
      }),
      prober: new NetworkProbe({ env, log, nodeId, runner, transport: realTransport(env) }),
      localSubnets,
      callbacks,
    });
  };
}
