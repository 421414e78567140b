// Kernel parameters that a container may have: those of its own namespaces. Anything else would change the node.

const IPC = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

const NAME = /^[a-z0-9_]+(?:[./][A-Za-z0-9_*-]+)+$/;

/** In one spelling: sysctl also writes net/core/somaxconn. A name that needs both, for a dot in an interface's name, has no other. */
export const sysctlName = (raw: string): string =>
  raw.includes("/") && !raw.includes(".") ? raw.replaceAll("/", ".") : raw;

/** Why no container can have it; undefined when one can. @param onHostNetwork the container uses the network of its node */
export function sysctlProblem(raw: string, onHostNetwork: boolean): string | undefined {
  if (!NAME.test(raw)) return `${JSON.stringify(raw)} is not a name like net.core.somaxconn`;
  const name = sysctlName(raw);
  if (name.startsWith("net.")) {
    return onHostNetwork ? `${raw} would change the node: the task uses the network of its node` : undefined;
  }
  if (IPC.has(name) || name.startsWith("fs.mqueue.")) return undefined;
  return `${raw} would change the node: a container has net.…, fs.mqueue.…, kernel.shm…, kernel.msg… and kernel.sem for itself`;
}
