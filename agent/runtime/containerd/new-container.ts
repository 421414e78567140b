// From a config to a container's record in containerd: checks what the config names, makes root file system and files,
// finds the user, writes the specification. Nothing runs yet.
import { access, readFile, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { type Container, newContainer } from "../../../proto/gen/containerd_containers.ts";
import { encodeRuncOptions, newRuncOptions } from "../../../proto/gen/containerd_tasks.ts";
import type { Mount } from "../../../proto/gen/containerd_types.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { ContainerConfig } from "../runtime.ts";
import type { AppArmor } from "./apparmor.ts";
import type { ContainerFiles } from "./container-files.ts";
import type { ImageStore } from "./image-store.ts";
import { type RootfsDirs, wantedDirs } from "./rootfs-dirs.ts";
import type { AccountFilesCache } from "./rootfs-files.ts";
import { etcFiles } from "./spec/etc-files.ts";
import { serializeSpec } from "./spec/oci.ts";
import { containerSpec, hostnameOf, type NodeFacts } from "./spec/spec.ts";
import { resolveUser } from "./spec/user.ts";

const RUNTIME_NAME = "io.containerd.runc.v2";
const SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
const OPTIONS_TYPE = "containerd.runc.v1.Options";
const LABEL = "io.skep/";
/** A key and value of a label may have 4096 bytes together. */
const MAX_LABEL_BYTES = 4096;

export interface NewContainerOptions {
  readonly images: Pick<ImageStore, "prepareRootfs">;
  readonly accounts: AccountFilesCache;
  readonly dirs: Pick<RootfsDirs, "prepare">;
  readonly files: ContainerFiles;
  readonly facts: NodeFacts;
  readonly apparmor: AppArmor;
  /** Where runc keeps its state. */
  readonly runcRoot: string;
  /** cgroup of all containers: "/skep" */
  readonly cgroupParent: string;
  /** Static init programs, the first that exists is used. */
  readonly initPaths: readonly string[];
}

/**
 * Safe to repeat. What it made before it failed is for the caller to discard.
 * @throws {SkepError} `invalid_argument`: the config is wrong in itself or names what does not exist.
 * `failed_precondition`: no init program on this node, or no AppArmor profile where it is on. `not_found`: no such image here.
 */
export async function newContainerRecord(
  options: NewContainerOptions,
  config: ContainerConfig,
  signal: AbortSignal,
): Promise<{ readonly container: Container; readonly mounts: readonly Mount[] }> {
  const { images, files, facts } = options;
  const { id } = config;
  await checkConfig(config);
  const node = await nodeFiles();
  const [rootfs, apparmorProfile, init] = await Promise.all([
    images.prepareRootfs(id, config.image, signal),
    options.apparmor.profile(),
    config.init ? initProgram(options.initPaths) : undefined,
    files.write(id, etcFiles(config, hostnameOf(config, facts), node)),
  ]);
  const account = await options.accounts.read(rootfs);
  const user = resolveUser(config.user, config.groups, account.passwd, account.group);
  await options.dirs.prepare(rootfs, wantedDirs(config, user));
  const keeping = { cgroupParent: options.cgroupParent, apparmorProfile };
  const spec = containerSpec(config, user, { ...files.paths(id), init }, facts, keeping);
  const container = newContainer({
    id,
    image: config.image,
    labels: labelsOf(config, facts.bootId),
    runtime: {
      name: RUNTIME_NAME,
      options: { typeUrl: OPTIONS_TYPE, value: encodeRuncOptions(newRuncOptions({ root: options.runcRoot })) },
    },
    spec: { typeUrl: SPEC_TYPE, value: serializeSpec(spec) },
    snapshotter: rootfs.snapshotter,
    snapshotKey: rootfs.key,
  });
  return { container, mounts: rootfs.mounts };
}

/** What a record says of its container when the config is long forgotten. */
export interface RecordFlags {
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** The boot of the machine in which it was made. */
  readonly bootId: string;
}

export const flagsOf = (container: Container): RecordFlags => ({
  tty: container.labels[`${LABEL}tty`] === "true",
  openStdin: container.labels[`${LABEL}stdin`] === "true",
  bootId: container.labels[`${LABEL}boot`] ?? "",
});

function labelsOf(config: ContainerConfig, bootId: string): Record<string, string> {
  const fits = ([key, value]: readonly [string, string]): boolean =>
    Buffer.byteLength(key) + Buffer.byteLength(value) <= MAX_LABEL_BYTES;
  return {
    ...Object.fromEntries(Object.entries(config.labels).filter(fits)), // the specification's annotations have them all
    [`${LABEL}tty`]: String(config.tty),
    [`${LABEL}stdin`]: String(config.openStdin),
    [`${LABEL}boot`]: bootId,
  };
}

async function checkConfig(config: ContainerConfig): Promise<void> {
  if (config.args.length === 0) {
    throw new SkepError("invalid_argument", `no command specified: neither the service nor ${config.image} has one`);
  }
  if (config.workingDir !== "" && !isAbsolute(config.workingDir)) {
    throw new SkepError(
      "invalid_argument",
      `the working directory '${config.workingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const mount of config.mounts.filter(({ type, source }) => type === "bind" && isAbsolute(source))) {
    await stat(mount.source).catch((error: unknown) => {
      throw new SkepError(
        "invalid_argument",
        `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
        { cause: error },
      );
    });
  }
}

async function initProgram(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new SkepError(
    "failed_precondition",
    `an init process was asked for, but this node has none of ${paths.join(", ")}; install the package tini`,
  );
}

async function nodeFiles(): Promise<{ readonly hosts: string; readonly resolvConf: string }> {
  const [hosts, resolvConf] = await Promise.all(
    ["/etc/hosts", "/etc/resolv.conf"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  return { hosts: hosts ?? "", resolvConf: resolvConf ?? "" };
}
