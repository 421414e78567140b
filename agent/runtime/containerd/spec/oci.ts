// The part of the OCI runtime specification (1.0.2) that we write. Field names are the specification's.
import { UNLIMITED } from "../../../../shared/model/ulimits.ts";

export interface OciSpec {
  readonly ociVersion: string;
  readonly process: OciProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly OciMount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: OciLinux;
}

export interface OciProcess {
  readonly terminal: boolean;
  readonly user: OciUser;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: OciCapabilities;
  readonly rlimits: readonly OciRlimit[];
  readonly noNewPrivileges: boolean;
  /** Left out where the host has no AppArmor: runc refuses a profile there. */
  readonly apparmorProfile?: string;
  readonly oomScoreAdj: number;
}

export interface OciUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

export interface OciCapabilities {
  readonly bounding: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
}

/** `soft` and `hard`: UNLIMITED is written as the kernel's RLIM_INFINITY. */
export interface OciRlimit {
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface OciLinux {
  readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
  readonly cgroupsPath: string;
  readonly resources: OciResources;
  readonly sysctl: Readonly<Record<string, string>>;
  readonly seccomp: OciSeccomp;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export interface OciResources {
  readonly devices: readonly { readonly allow: boolean; readonly access: string }[];
  readonly memory?: { readonly limit?: number; readonly reservation?: number; readonly swap?: number };
  readonly cpu?: { readonly quota?: number; readonly period?: number; readonly shares?: number };
  readonly pids?: { readonly limit: number };
}

export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly OciSyscall[];
}

export interface OciSyscall {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: string;
  }[];
}

// 2^64 - 1 is not a JavaScript number, so it is written as raw JSON. The type library does not know rawJSON yet.
const rawJson: (text: string) => unknown = Reflect.get(JSON, "rawJSON");
const RLIM_INFINITY = rawJson("18446744073709551615");

export function serializeSpec(spec: OciSpec): Uint8Array {
  const infinite = (value: number): unknown => (value === UNLIMITED ? RLIM_INFINITY : value);
  const rlimits = spec.process.rlimits.map(({ type, soft, hard }) => ({
    type,
    soft: infinite(soft),
    hard: infinite(hard),
  }));
  return Buffer.from(JSON.stringify({ ...spec, process: { ...spec.process, rlimits } }));
}
