// The names of Linux capabilities, for the API that takes them and the agent that gives them.

/** All of Linux 5.9 and later, in the kernel's order. */
export const ALL_CAPABILITIES: readonly string[] = [
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE",
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN",
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE",
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE",
].flatMap((line) => line.split(" ").map((name) => `CAP_${name}`));

const KNOWN = new Set(ALL_CAPABILITIES);

/** CAP_NET_ADMIN, from net_admin or CAP_NET_ADMIN; ALL stays. Undefined: there is no such capability. */
export function capabilityName(raw: string): string | undefined {
  const upper = raw.trim().toUpperCase();
  if (upper === "ALL") return upper;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  return KNOWN.has(name) ? name : undefined;
}

/** Why it is no capability; undefined when it is one. */
export const capabilityProblem = (raw: string): string | undefined =>
  capabilityName(raw) === undefined
    ? `there is no capability ${JSON.stringify(raw)}: write it like NET_ADMIN, or ALL`
    : undefined;
