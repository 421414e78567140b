// What single values of a container may be, for the CLI that names the flag, the API that names the field and the agent. Each
// function says why a value is wrong, undefined when it is right. Pure.
import { parseIp } from "./ip.ts";

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
const bytesOf = (text: string): number => Buffer.byteLength(text);

/** The kernel's limit of a host name (sethostname). */
const MAX_HOSTNAME_BYTES = 64;
const HOSTNAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

export function hostnameProblem(name: string): string | undefined {
  if (!HOSTNAME.test(name)) return `${quoted(name)} is not a host's name: letters, digits, "-", "_" and "."`;
  const bytes = bytesOf(name);
  return bytes > MAX_HOSTNAME_BYTES
    ? `${quoted(name)} has ${bytes} characters, and a host's name has ${MAX_HOSTNAME_BYTES} at most`
    : undefined;
}

/** The kernel's limits: of one word of a command line or environment (MAX_ARG_STRLEN), of a path and of one name in it. */
const MAX_WORD_BYTES = 131_071;
const MAX_PATH_BYTES = 4_095;
const MAX_PATH_NAME_BYTES = 255;

export function wordProblem(text: string): string | undefined {
  if (text.includes("\0")) return `${quoted(text)} contains a zero byte`;
  return bytesOf(text) > MAX_WORD_BYTES
    ? `${quoted(text)} has ${bytesOf(text)} bytes, and a program takes ${MAX_WORD_BYTES} at most in one word`
    : undefined;
}

export function envProblem(entry: string): string | undefined {
  const name = entry.split("=", 1)[0] ?? "";
  if (name.trim() === "") return `${quoted(entry)} has no name: write it like NAME=VALUE`;
  return wordProblem(entry);
}

/** @param noun what the path is, to begin the sentence with: "the source " */
export function pathProblem(path: string, noun = ""): string | undefined {
  const subject = `${noun}${quoted(path)}`;
  if (!path.startsWith("/")) return `${subject} must be an absolute path`;
  if (path.includes("\0")) return `${subject} contains a zero byte`;
  if (bytesOf(path) > MAX_PATH_BYTES) return `${subject} is longer than ${MAX_PATH_BYTES} bytes`;
  const long = path.split("/").find((name) => bytesOf(name) > MAX_PATH_NAME_BYTES);
  return long === undefined
    ? undefined
    : `${subject} has a name of more than ${MAX_PATH_NAME_BYTES} bytes, ${quoted(long)}`;
}

/** "/data/", "/x/../data" and "/data" are one place. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Files of /proc that runc lets a mount stand in for. */
const PROC_FILES = "cpuinfo diskstats loadavg meminfo net/dev slabinfo stat swaps sys/kernel/ns_last_pid uptime"
  .split(" ")
  .map((name) => `/proc/${name}`);

/** Where something may be mounted in a container. */
export function mountTargetProblem(target: string): string | undefined {
  if (target === "") return "the target is missing";
  const problem = pathProblem(target, "the target ");
  if (problem !== undefined) return problem;
  const path = cleanPath(target);
  if (path === "/") return "the target must not be /";
  if (path.startsWith("/proc/") && !PROC_FILES.includes(path))
    return `nothing can be mounted at ${path}, inside of /proc`;
  return undefined;
}

const MAX_ID = 2 ** 31 - 1;
const NAME_IN_IMAGE = /^[^\s:,\p{Cc}]{1,256}$/u;

/** A user or group, by name or number; whether the image has the name is seen on the node. */
function identityProblem(text: string): string | undefined {
  if (/^-?\d+$/.test(text)) {
    const id = Number(text);
    return id >= 0 && id <= MAX_ID ? undefined : `${text} is not an id: a number from 0 to ${MAX_ID}`;
  }
  return NAME_IN_IMAGE.test(text) ? undefined : `${quoted(text)} is neither a name nor a number`;
}

export const groupProblem = identityProblem;

/** "name", "1000", "name:group" or "1000:1000". */
export function userProblem(text: string): string | undefined {
  const [user = "", group, ...rest] = text.split(":");
  if (rest.length > 0) return `${quoted(text)} has more than one colon: write it like app, 1000 or 1000:1000`;
  // Without a user it is root.
  const parts = group === undefined ? [user] : [user, group].filter((part, i) => i > 0 || part !== "");
  for (const part of parts) {
    const problem = identityProblem(part);
    if (problem !== undefined) return `${problem}: write it like app, 1000 or 1000:1000`;
  }
  return undefined;
}

/** A line of /etc/hosts: "IP NAME". */
export function hostsEntryProblem(line: string): string | undefined {
  const [ip = "", ...names] = line.trim().split(/\s+/);
  if (parseIp(ip) === undefined || names.length === 0) return `${quoted(line)} is not "IP NAME"`;
  const wrong = names.find((name) => !/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?$/.test(name));
  return wrong === undefined ? undefined : `${quoted(wrong)} is not a host's name`;
}

export function nameServerProblem(text: string): string | undefined {
  const ip = parseIp(text);
  if (ip === undefined) return `${quoted(text)} is not an IP address`;
  if (ip.value === 0n) return `${text} is the address of no server`;
  const isMulticast = ip.family === 4 ? ip.value >> 28n === 0xen : ip.value >> 120n === 0xffn;
  return isMulticast ? `${text} is the address of a group, not of a server` : undefined;
}

/** "." alone: no search domain at all. */
export function searchDomainProblem(text: string): string | undefined {
  if (text === ".") return undefined;
  const labels = text.replace(/\.$/, "").split(".");
  const right = text.length <= 254 && labels.every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
  return right ? undefined : `${quoted(text)} is not a domain: write it like example.com`;
}

/** resolv.conf(5), of glibc and musl. */
const RESOLVER_NUMBERS = ["ndots", "timeout", "attempts"];
const RESOLVER_SWITCHES = (
  "debug rotate no-aaaa no-check-names inet6 ip6-bytestring ip6-dotint no-ip6-dotint edns0 single-request " +
  "single-request-reopen no-tld-query use-vc no-reload trust-ad"
).split(" ");

export function resolverOptionProblem(text: string): string | undefined {
  const [name = "", value, ...rest] = text.split(":");
  if (RESOLVER_SWITCHES.includes(name) && value === undefined) return undefined;
  if (RESOLVER_NUMBERS.includes(name) && rest.length === 0 && /^\d{1,3}$/.test(value ?? "")) return undefined;
  const all = [...RESOLVER_NUMBERS.map((one) => `${one}:N`), ...RESOLVER_SWITCHES];
  return `a resolver has no option ${quoted(text)}; there are ${all.join(", ")}`;
}
