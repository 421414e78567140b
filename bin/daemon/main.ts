// `skep daemon`: the process around a LocalNode.
import { mkdir } from "node:fs/promises";
import { flushCompileCache } from "node:module";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { createToolRunner } from "../../agent/network/apply/run.ts";
import { defaultLocalSubnets } from "../../agent/network/local-subnets.ts";
import { openNetworks } from "../../agent/network/open.ts";
import type { OpenNetworkRoom } from "../../agent/network/room.ts";
import type { Runtime } from "../../agent/runtime/runtime.ts";
import { ControlService } from "../../proto/gen/control.ts";
import { LocalService } from "../../proto/gen/local.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { formatAddress } from "../../shared/rpc/address.ts";
import { authorizeByRole } from "../../shared/rpc/authorize.ts";
import { createLocalServer } from "../../shared/rpc/local-server.ts";
import { addService } from "../../shared/rpc/server.ts";
import { oneLine } from "../../shared/safe-text.ts";
import { trimAtRest } from "../../shared/trim.ts";
import { VERSION } from "../../shared/version.ts";
import { lockDataDir } from "./data-lock.ts";
import { createLocalNode, type LocalNode } from "./local-node.ts";
import { createLog } from "./log.ts";
import { type DaemonOptions, HELP, parseDaemonOptions } from "./options.ts";
import { createOwnFirewall } from "./own-firewall.ts";
import { createRuntimeHolder } from "./runtime-holder.ts";
import { openStateDir, type StateDir } from "./state-dir.ts";

const CLOSE_GRACE_MS = 500;
const FLUSH_AFTER_MS = 5_000;

/** @returns the exit status, once it was told to stop: 0, 1 when it cannot start, 2 for a wrong command line. */
export async function runDaemon(args: readonly string[]): Promise<number> {
  let options: DaemonOptions;
  try {
    const command = parseDaemonOptions(args);
    if (command.kind === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    options = command.options;
  } catch (error) {
    return fail(error, 2);
  }
  if (process.getuid?.() !== 0) {
    return fail(
      new SkepError("permission_denied", "the daemon must run as root: it makes containers and network namespaces"),
      1,
    );
  }
  const log = createLog(options.logLevel);
  try {
    return await serve(options, log);
  } catch (error) {
    log.error({ error }, "the daemon cannot run");
    return fail(error, 1);
  }
}

function fail(error: unknown, status: number): number {
  process.stderr.write(`skep daemon: ${oneLine(SkepError.from(error).message)}\n`);
  return status;
}

async function serve(options: DaemonOptions, log: Log): Promise<number> {
  // One loop or connection that fails must not take the others with it, least of all the containers' keeper.
  process.on("uncaughtException", (error) => log.error({ error }, "uncaught exception"));
  process.on("unhandledRejection", (error) => log.error({ error }, "unhandled rejection"));
  // A terminal that is closed, or a reload asked for by habit: no reason to end.
  process.on("SIGHUP", () => log.info({}, "SIGHUP changes nothing: all options are on the command line"));
  const { promise: told, resolve: tell } = Promise.withResolvers<NodeJS.Signals>();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      tell(name);
      process.once(name, () => process.exit(1)); // asked twice: at once
    });
  }

  await mkdir(options.dataDir, { recursive: true, mode: 0o711 });
  const unlock = lockDataDir(options.dataDir, log); // first: a second daemon on the same state must not touch anything
  const dir = openStateDir(options.dataDir);
  const runtime = createRuntimeHolder(realEnv, log.child({ room: "runtime" }), () => openRuntime(options, dir, log));
  const node = createLocalNode({
    env: realEnv,
    log,
    dir,
    dataDir: options.dataDir,
    runtime,
    listen: options.listen,
    labels: options.labels,
    insecureRegistries: options.insecureRegistries,
    interfaces: networkInterfaces,
    openNetworks: options.runtime === "hollow" ? undefined : networksOf(options, dir, log),
    ownFirewall:
      options.runtime === "hollow"
        ? undefined
        : createOwnFirewall(createToolRunner({ env: realEnv }), options.tunnelPort, networkInterfaces),
    advertise: options.advertise,
    seeds: options.managers,
  });
  const server = serveLocally(options.socket, node);
  const stopped = new AbortController();
  await server.listen();
  log.info(
    { version: VERSION, socket: options.socket, listen: formatAddress(options.listen) },
    "the daemon has started",
  );
  runtime.get().catch((error: unknown) => {
    log.error({ error: oneLine(SkepError.from(error).message) }, "cannot open the runtime");
  });
  try {
    await node.resume();
    keepCompiledCode();
    trimAtRest(realEnv, stopped.signal);
    const signal = await told;
    log.info({ signal }, "stopping; containers live on");
    return 0;
  } finally {
    stopped.abort();
    await node.stop();
    await server.close(CLOSE_GRACE_MS);
    unlock();
    log.info({}, "the daemon has stopped");
  }
}

/**
 * Writes the cache of compiled code that the launcher set up (a few milliseconds when it is complete): Node itself does so
 * only at an orderly end, and a daemon may never have one.
 */
function keepCompiledCode(): void {
  realEnv.timer(FLUSH_AFTER_MS, flushCompileCache);
}

function serveLocally(socket: string, node: LocalNode): ReturnType<typeof createLocalServer> {
  const server = createLocalServer(realEnv, socket);
  const local: typeof node.local = {
    ...node.local,
    init: (request, context) => node.local.init(request, context).finally(keepCompiledCode),
    join: (request, context) => node.local.join(request, context).finally(keepCompiledCode),
  };
  addService(server.grpc, LocalService, local, server.resolvePeer, authorizeByRole);
  addService(server.grpc, ControlService, node.control, server.resolvePeer, authorizeByRole);
  return server;
}

function networksOf({ nodeNetworks, tunnelPort }: DaemonOptions, dir: StateDir, log: Log) {
  const localSubnets = nodeNetworks.length > 0 ? nodeNetworks : defaultLocalSubnets();
  return (nodeId: NodeId): OpenNetworkRoom =>
    openNetworks({
      env: realEnv,
      log: log.child({ room: "network" }),
      nodeId,
      dir: join(dir.agentDir, "networks"),
      localSubnets,
      keyFile: join(dir.agentDir, "tunnel-keys.json"),
      socketsFile: join(dir.agentDir, "name-server.json"),
      tunnelPort,
    });
}

async function openRuntime(options: DaemonOptions, dir: StateDir, log: Log): Promise<Runtime> {
  const env = realEnv;
  switch (options.runtime) {
    case "hollow": {
      const { openHollowRuntime } = await import("../../agent/runtime/hollow/hollow.ts");
      return openHollowRuntime({ env });
    }
    case "containerd": {
      const { openContainerdRuntime } = await import("../../agent/runtime/containerd/open.ts");
      const runtime = await openContainerdRuntime({
        env,
        log: log.child({ room: "containerd" }),
        dir: dir.runtimeDir,
        runDir: join(options.runDir, "runtime"),
        socket: options.containerdSocket,
        cgroupParent: options.cgroupParent,
      });
      // This daemon's own list of registries without TLS counts beside the cluster's.
      return {
        ...runtime,
        pull: (pull, signal) =>
          runtime.pull(
            { ...pull, insecureRegistries: [...pull.insecureRegistries, ...options.insecureRegistries] },
            signal,
          ),
      };
    }
  }
}
