// --publish: Docker's short form [host-ip:][published:]target[/protocol], with ranges, and the long form of key=value pairs.
import { newPortConfig, type PortConfig, type PortProtocol, type PublishMode } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { parseIp } from "../../shared/model/ip.ts";
import { parseCsv } from "./pairs.ts";

const EXAMPLE = "write it like 8080:80, 53:53/udp or published=8080,target=80,mode=host";
const PROTOCOLS: readonly PortProtocol[] = ["tcp", "udp", "sctp"];
const MODES: readonly PublishMode[] = ["ingress", "host"];

const bad = (message: string): SkepError => new SkepError("invalid_argument", message);

interface Range {
  readonly first: number;
  readonly count: number;
}

/** One entry for each port of a range. @throws {SkepError} `invalid_argument` */
export const parsePublish = (raw: string): readonly PortConfig[] =>
  raw.includes("=") ? longForm(raw) : shortForm(raw);

function shortForm(raw: string): readonly PortConfig[] {
  const slash = raw.lastIndexOf("/");
  const protocol = slash < 0 ? "tcp" : protocolOf(raw.slice(slash + 1));
  const parts = (slash < 0 ? raw : raw.slice(0, slash)).split(":");
  const target = rangeOf(parts.pop() ?? "", "target");
  const published = parts.pop() ?? "";
  // What is left is an address, which has colons of its own when it is an IPv6 one.
  const hostIp = parts.length === 0 ? "" : hostIpOf(parts.join(":"));
  return ports({ protocol, hostIp }, published === "" ? undefined : rangeOf(published, "published"), target);
}

function longForm(raw: string): readonly PortConfig[] {
  let published: Range | undefined;
  let target: Range | undefined;
  let [protocol, publishMode]: [PortProtocol, PublishMode] = ["tcp", "ingress"];
  let [hostIp, preferLocal] = ["", false];
  for (const field of parseCsv(raw)) {
    const at = field.indexOf("=");
    const key = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
    const value = at < 0 ? "" : field.slice(at + 1).trim();
    switch (key) {
      case "target":
        target = rangeOf(value, key);
        break;
      case "published":
        published = value === "0" ? undefined : rangeOf(value, key);
        break;
      case "protocol":
        protocol = protocolOf(value);
        break;
      case "mode": {
        const found = MODES.find((mode) => mode === value.toLowerCase());
        if (found === undefined) throw bad(`Mode ${JSON.stringify(value)} is not one of ${MODES.join(", ")}.`);
        publishMode = found;
        break;
      }
      case "host_ip":
      case "host-ip":
        hostIp = hostIpOf(value);
        break;
      case "prefer-local":
        if (!/^(true|false|)$/i.test(value)) throw bad(`prefer-local=${value} is neither true nor false.`);
        preferLocal = value.toLowerCase() !== "false";
        break;
      default:
        throw bad(`Unknown key ${JSON.stringify(key)}; ${EXAMPLE}.`);
    }
  }
  if (target === undefined) throw bad(`The target is missing: the port that the container listens on; ${EXAMPLE}.`);
  return ports({ protocol, publishMode, hostIp, preferLocal }, published, target);
}

function ports(common: Partial<PortConfig>, published: Range | undefined, target: Range): readonly PortConfig[] {
  // 8080-8082:80 publishes the one port three times; otherwise the ranges go side by side.
  if (published !== undefined && target.count !== 1 && published.count !== target.count)
    throw bad(`The ranges differ in length: ${published.count} published and ${target.count} target ports.`);
  const count = Math.max(target.count, published?.count ?? 1);
  return Array.from({ length: count }, (_, i) =>
    newPortConfig({
      ...common,
      targetPort: target.first + (target.count === 1 ? 0 : i),
      publishedPort: published === undefined ? 0 : published.first + i,
    }),
  );
}

function rangeOf(text: string, what: string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) throw bad(`The ${what} port ${JSON.stringify(text)} is no number and no range; ${EXAMPLE}.`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first < 1 || last > 65_535) throw bad(`The ${what} port ${text} is not between 1 and 65535.`);
  if (last < first) throw bad(`The ${what} range ${text} ends before it begins.`);
  return { first, count: last - first + 1 };
}

function protocolOf(text: string): PortProtocol {
  const found = PROTOCOLS.find((protocol) => protocol === text.toLowerCase());
  if (found === undefined) throw bad(`Protocol ${JSON.stringify(text)} is not one of ${PROTOCOLS.join(", ")}.`);
  return found;
}

function hostIpOf(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (parseIp(bare) === undefined) throw bad(`${JSON.stringify(text)} is no IP address of a node; ${EXAMPLE}.`);
  return bare;
}

/** What --publish-rm names: the target port, of one protocol or of all. @throws {SkepError} `invalid_argument` */
export function parseUnpublish(raw: string): (port: PortConfig) => boolean {
  const slash = raw.lastIndexOf("/");
  const protocol = slash < 0 ? undefined : protocolOf(raw.slice(slash + 1));
  const parts = (slash < 0 ? raw : raw.slice(0, slash)).split(":");
  if (parts.length > 2) throw bad("Not TARGET or PUBLISHED:TARGET: write it like 80, 80/udp or 8080:80.");
  const target = rangeOf(parts.pop() ?? "", "target");
  const text = parts.pop();
  const published = text === undefined ? undefined : rangeOf(text, "published");
  const within = ({ first, count }: Range, port: number): boolean => port >= first && port < first + count;
  return (port) =>
    within(target, port.targetPort) &&
    (protocol === undefined || port.protocol === protocol) &&
    (published === undefined || within(published, port.publishedPort));
}

/** As --publish would have it: "8080:80/tcp", "80/udp", "8080:80/tcp in mode host". */
export function publishText({ hostIp, publishedPort, targetPort, protocol, publishMode }: PortConfig): string {
  const ip = hostIp === "" ? "" : `${hostIp.includes(":") ? `[${hostIp}]` : hostIp}:`;
  const published = publishedPort === 0 ? "" : `${publishedPort}:`;
  return `${ip}${published}${targetPort}/${protocol}${publishMode === "host" ? " in mode host" : ""}`;
}
