// Opens the container runtime of a node: containerd (one that is there, or one of our own), images, containers, events.
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { newEmpty } from "../../../proto/gen/containerd_common.ts";
import { VersionService } from "../../../proto/gen/containerd_version.ts";
import type { Env } from "../../../shared/env/env.ts";
import { isCode, SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { createToolRunner } from "../../network/apply/run.ts";
import type { Runtime } from "../runtime.ts";
import { createAppArmor } from "./apparmor.ts";
import { type ContainerdClient, createContainerdClient } from "./client.ts";
import { createContainerFiles } from "./container-files.ts";
import { createContainers } from "./containers.ts";
import { openFifos } from "./fifos.ts";
import { startHolder } from "./holder.ts";
import { createImages } from "./images/images.ts";
import { readNodeFacts } from "./node-facts.ts";
import { type PrivateContainerd, startPrivateContainerd } from "./private-containerd.ts";
import { RootfsDirs } from "./rootfs-dirs.ts";
import { AccountFilesCache } from "./rootfs-files.ts";
import { followTaskEvents } from "./task-events.ts";
import { checkVersion } from "./version.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEFAULT_INIT_PATHS = ["/usr/bin/tini-static", "/usr/bin/docker-init", "/usr/libexec/docker/docker-init"];
const KNOWN_SOCKETS = ["/run/containerd/containerd.sock"];
const DEFAULT_PATIENCE_MS = 10_000;

export interface ContainerdRuntimeOptions {
  readonly env: Env;
  readonly log: Log;
  /** Persistent folder: files of containers, and the private containerd's images and snapshots. */
  readonly dir: string;
  /** Folder for sockets and pipes; lost at a reboot. */
  readonly runDir: string;
  /** Use this containerd and no other. */
  readonly socket?: string | undefined;
  /** Sockets used when one of them answers and `socket` is not given; empty: always a containerd of our own. */
  readonly knownSockets?: readonly string[] | undefined;
  /** Search path for containerd, its shim and runc. */
  readonly path?: string | undefined;
  /** cgroup above all containers. */
  readonly cgroupParent?: string | undefined;
  readonly initPaths?: readonly string[] | undefined;
  /** How long opening waits for containerd's first answer. */
  readonly patienceMs?: number | undefined;
}

interface Found {
  readonly client: ContainerdClient;
  readonly version: string;
  readonly own: PrivateContainerd | undefined;
}

/**
 * Resolves when containerd answers and what an earlier daemon left was adopted or removed.
 * @throws {SkepError} `failed_precondition`: a program is missing, too old or does not start; the machine cannot run
 * containers. `unavailable`: the given socket does not answer.
 */
export async function openContainerdRuntime(options: ContainerdRuntimeOptions): Promise<Runtime> {
  const { env, log, dir, runDir } = options;
  const runcRoot = join(runDir, "runc");
  const containersDir = join(dir, "containers");
  const holderPidFile = join(runDir, "holder.pid");
  await mkdir(containersDir, { recursive: true, mode: 0o711 });
  await mkdir(runDir, { recursive: true, mode: 0o711 });
  const [facts, fifos] = await Promise.all([readNodeFacts(), openFifos(join(runDir, "fifos"))]);
  const holder = await startHolder({ pidFile: holderPidFile, log });
  // Last: what fails before it must not leave a containerd that somebody goes on starting.
  const { client, version, own } = await findContainerd(options).catch((error: unknown) => {
    holder.close();
    throw error;
  });
  const stop = new AbortController();
  const images = createImages({ client, env, log });
  const containers = createContainers({
    env,
    log,
    client,
    images,
    accounts: new AccountFilesCache(),
    dirs: new RootfsDirs(),
    files: createContainerFiles(containersDir),
    fifos,
    holder,
    facts,
    apparmor: createAppArmor({ tools: createToolRunner({ env }), log }),
    runcRoot,
    cgroupParent: options.cgroupParent ?? "/skep",
    initPaths: options.initPaths ?? DEFAULT_INIT_PATHS,
  });
  const close = async (): Promise<void> => {
    stop.abort();
    await containers.close();
    holder.close();
    client.close();
    await own?.close();
  };
  try {
    await containers.adopt(stop.signal);
  } catch (error) {
    await close();
    throw error;
  }
  const following = followTaskEvents({ env, log, client, events: containers, signal: stop.signal });
  log.info({ containerd: version, own: own !== undefined }, "container runtime is ready");

  return {
    info: async (signal) => {
      const { version: now } = await client.call(VersionService.version, newEmpty(), signal).catch((error: unknown) => {
        throw ownProblem(own, error);
      });
      return { name: `containerd ${now}` };
    },
    pull: images.pull,
    loadImage: images.loadImage,
    create: containers.create,
    start: containers.start,
    attach: containers.attach,
    wait: containers.wait,
    kill: containers.kill,
    remove: containers.remove,
    list: containers.list,
    close: async () => {
      await close();
      await following;
    },
  };
}

const ownProblem = (own: PrivateContainerd | undefined, error: unknown): unknown => {
  const problem = own?.problem();
  return problem === undefined || !isCode(error, "unavailable")
    ? error
    : new SkepError("unavailable", `containerd does not run: it ended with ${problem}`, { cause: error });
};

async function findContainerd(options: ContainerdRuntimeOptions): Promise<Found> {
  const { env, log, patienceMs = DEFAULT_PATIENCE_MS } = options;
  if (options.socket !== undefined) {
    const client = createContainerdClient({ env, socket: options.socket });
    return { ...(await greet(client, undefined, patienceMs)), own: undefined };
  }
  for (const socket of options.knownSockets ?? KNOWN_SOCKETS) {
    if (!(await exists(socket))) continue;
    const client = createContainerdClient({ env, socket });
    try {
      return { ...(await greet(client, undefined, 0)), own: undefined };
    } catch (error) {
      log.warn({ socket, error: String(error) }, "the containerd of this host is not used");
    }
  }
  const own = await startPrivateContainerd({
    env,
    log,
    root: join(options.dir, "containerd"),
    state: join(options.runDir, "containerd"),
    path: options.path ?? DEFAULT_PATH,
  });
  try {
    return { ...(await greet(createContainerdClient({ env, socket: own.socket }), own, patienceMs)), own };
  } catch (error) {
    await own.close();
    throw error;
  }
}

async function greet(
  client: ContainerdClient,
  own: PrivateContainerd | undefined,
  patienceMs: number,
): Promise<{ readonly client: ContainerdClient; readonly version: string }> {
  try {
    const signal = new AbortController().signal;
    const { version } = await client.call(VersionService.version, newEmpty(), signal, { patienceMs });
    checkVersion(version);
    return { client, version };
  } catch (error) {
    client.close();
    throw ownProblem(own, error);
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
