// The contract of a container runtime. Two implementations (containerd, hollow) pass one conformance suite
// (test/conformance/runtime.ts). The agent's task reconciler knows nothing else about containers.
//
// Words: a *container* is named by the id of its task. `create` makes it, `start` runs its process, it *exits* once, and
// `remove` takes everything of it away. Every method tolerates a repeat; `list` tells what an earlier life of the daemon
// left behind.
import type { Resources } from "../../proto/gen/objects.ts";
import type { RegistryCredentials } from "../../shared/image/credentials.ts";
import type { TaskId } from "../../shared/model/ids.ts";

export interface RuntimeInfo {
  /** "containerd 1.6.20", "hollow" */
  readonly name: string;
}

export interface ImagePull {
  /** As resolved by the manager: repository[:tag][@digest]. */
  readonly image: string;
  readonly auth?: RegistryCredentials | undefined;
  /** Registries (host[:port]) spoken to over plain HTTP. */
  readonly insecureRegistries: readonly string[];
}

/** What the image says about how to run it. */
export interface ImageConfig {
  readonly digest: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly stopSignal: string;
  /** By EXPOSE: "8080/tcp" or "53/udp". */
  readonly exposedPorts: readonly string[];
}

export type ContainerNetwork =
  | { readonly kind: "host" }
  /** Nothing but loopback. */
  | { readonly kind: "none" }
  /** A network namespace that somebody else made and keeps: it must be there when the container starts. */
  | {
      readonly kind: "path";
      readonly path: string;
      /** Of the container in it, most important first: its own name stands for them in /etc/hosts. */
      readonly addresses: readonly string[];
      /** Addresses of the name server; empty: those of the node that can be reached. */
      readonly resolvers: readonly string[];
    };

export interface ContainerMount {
  readonly type: "bind" | "tmpfs";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** bind: rprivate and so on; empty is rprivate */
  readonly propagation: string;
  /** tmpfs: 0 is without limit */
  readonly sizeBytes: number;
  readonly mode: number;
}

/** A container as it shall run: image defaults already merged with the service's wishes. */
export interface ContainerConfig {
  readonly id: TaskId;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  /** name, uid, name:group, uid:gid; names are those of the image; empty is root */
  readonly user: string;
  /** additional groups, by name or gid */
  readonly groups: readonly string[];
  readonly hostname: string;
  readonly network: ContainerNetwork;
  readonly mounts: readonly ContainerMount[];
  readonly readOnlyRootfs: boolean;
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** docker-init semantics: a small init as process 1 */
  readonly init: boolean;
  readonly limits: Resources;
  readonly reservations: Resources;
  readonly capabilityAdd: readonly string[];
  readonly capabilityDrop: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly oomScoreAdj: number;
  /** "IP name …" lines for /etc/hosts beside the usual ones */
  readonly extraHosts: readonly string[];
  readonly dns: {
    readonly nameservers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerExit {
  /** 128 + signal number when killed */
  readonly exitCode: number;
  readonly exitedAtMs: number;
  readonly oomKilled: boolean;
  /** Nobody saw it end, and the code is a stand-in. `rebooted`: its host did; `vanished`: no more is known. */
  readonly unseen?: "rebooted" | "vanished";
}

export type ContainerState =
  | { readonly id: TaskId; readonly state: "created" }
  | { readonly id: TaskId; readonly state: "running"; readonly pid: number }
  | { readonly id: TaskId; readonly state: "exited"; readonly exit: ContainerExit };

export interface OutputSink {
  /** Called in order, one call at a time per stream; the stream waits while the promise is pending. */
  readonly write: (stream: "stdout" | "stderr", data: Uint8Array) => Promise<void>;
}

export interface Runtime {
  readonly info: (signal: AbortSignal) => Promise<RuntimeInfo>;
  /**
   * Makes the image runnable here; returns at once when it already is.
   * @throws {SkepError} `not_found`: no such image, with the registry's own words. `unauthenticated` or
   * `permission_denied`: refused by the registry. `unavailable`: registry unreachable, safe to retry.
   * `invalid_argument`: malformed reference, no match for this platform, broken image. `resource_exhausted`: disk full.
   */
  readonly pull: (pull: ImagePull, signal: AbortSignal) => Promise<ImageConfig>;
  /** @throws {SkepError} `invalid_argument`: what the config names does not exist (bind source, user, binary). */
  readonly create: (config: ContainerConfig, signal: AbortSignal) => Promise<void>;
  /** Starts the process and connects its output to `sink`. @throws `invalid_argument`: cannot be executed. */
  readonly start: (id: TaskId, sink: OutputSink, signal: AbortSignal) => Promise<{ readonly pid: number }>;
  /** After a restart of the daemon: connects the output of a running or exited container again. */
  readonly attach: (id: TaskId, sink: OutputSink, signal: AbortSignal) => Promise<void>;
  /** Resolves when the process has exited and its output has reached the sink; at once when it had. */
  readonly wait: (id: TaskId, signal: AbortSignal) => Promise<ContainerExit>;
  /** `signalName` as "SIGTERM", "TERM" or a number. No error when it is not running. */
  readonly kill: (id: TaskId, signalName: string, signal: AbortSignal) => Promise<void>;
  /** Kills when running; removes container, rootfs, namespace, cgroup, mounts. No error when it is not there. */
  readonly remove: (id: TaskId, signal: AbortSignal) => Promise<void>;
  /** Every container of ours, of whatever age. */
  readonly list: (signal: AbortSignal) => Promise<readonly ContainerState[]>;
  /** A docker-save or OCI archive. Resolves with the references it held. */
  readonly loadImage: (archive: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<readonly string[]>;
  /** Lets go of everything without stopping a container. */
  readonly close: () => Promise<void>;
}
