// The remaining small grammars of service flags.
import {
  type GenericResource,
  type NetworkAttachmentConfig,
  newNetworkAttachmentConfig,
  newPlacementPreference,
  newUlimit,
  type PlacementPreference,
  type Ulimit,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { capabilityName } from "../../shared/model/capabilities.ts";
import { spreadProblem } from "../../shared/model/constraints.ts";
import { hostsEntryProblem } from "../../shared/model/container-values.ts";
import { ulimitProblem } from "../../shared/model/ulimits.ts";
import { parseCsv } from "./pairs.ts";

const bad = (message: string): SkepError => new SkepError("invalid_argument", message);

/** "nofile=1024:2048" or "nofile=1024"; -1 is unlimited. */
export function parseUlimit(raw: string): Ulimit {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(raw);
  if (match === null) throw bad("Not NAME=SOFT[:HARD]: write it like nofile=1024:2048.");
  const soft = Number(match[2]);
  const hard = match[3] === undefined ? soft : Number(match[3]);
  const ulimit = newUlimit({ name: match[1] ?? "", soft, hard });
  const problem = ulimitProblem(ulimit);
  if (problem !== undefined) throw bad(`Wrong: ${problem}.`);
  return ulimit;
}

/** "spread=node.labels.zone" */
export function parsePlacementPref(raw: string): PlacementPreference {
  const match = /^spread=(\S+)$/.exec(raw);
  if (match === null) throw bad("The one strategy is spread: write it like spread=node.labels.zone.");
  const problem = spreadProblem(match[1] ?? "");
  if (problem !== undefined) throw bad(`Write it like spread=node.labels.zone: ${problem}.`);
  return newPlacementPreference({ spread: { spreadDescriptor: match[1] ?? "" } });
}

/** "gpu=2", discrete as in Docker. */
export function parseGenericResource(raw: string): GenericResource {
  const match = /^([^=\s]+)=(\d+)$/.exec(raw);
  if (match === null || Number(match[2]) === 0) throw bad("Not KIND=AMOUNT: write it like gpu=1.");
  return { kind: match[1] ?? "", amount: Number(match[2]), value: "" };
}

/** "web" or "name=web,alias=www,driver-opt=k=v" */
export function parseNetwork(raw: string): NetworkAttachmentConfig {
  if (!raw.includes("=")) {
    if (raw.trim() === "") throw bad("The network's name is missing: write it like host or name=web,alias=www.");
    return newNetworkAttachmentConfig({ target: raw });
  }
  let target = "";
  const aliases: string[] = [];
  const driverOpts: Record<string, string> = {};
  for (const field of parseCsv(raw)) {
    const at = field.indexOf("=");
    const [key, value] = [field.slice(0, at < 0 ? undefined : at), field.slice(at + 1)];
    if (key === "name") target = value;
    else if (key === "alias") aliases.push(value);
    else if (key === "driver-opt" && value.includes("="))
      driverOpts[value.slice(0, value.indexOf("="))] = value.slice(value.indexOf("=") + 1);
    else throw bad(`Unknown ${JSON.stringify(field)}: write it like name=web,alias=www.`);
  }
  if (target === "") throw bad("The network's name is missing: write it like name=web,alias=www.");
  return newNetworkAttachmentConfig({ target, aliases, driverOpts });
}

/** "db:10.0.0.7" becomes "10.0.0.7 db", the form /etc/hosts and the API have. */
export function parseHost(raw: string): string {
  const at = raw.indexOf(":");
  const [name, ip] = [raw.slice(0, Math.max(at, 0)), raw.slice(at + 1).replace(/^\[(.*)\]$/, "$1")];
  const line = `${ip} ${name}`;
  const problem = at <= 0 ? "the name is missing" : hostsEntryProblem(line);
  if (problem !== undefined) throw bad(`Not HOST:IP: write it like db:10.0.0.7 (${problem}).`);
  return line;
}

/** CAP_NET_ADMIN, from net_admin or CAP_NET_ADMIN; ALL stays. */
export function parseCapability(raw: string): string {
  const name = capabilityName(raw);
  if (name === undefined) throw bad(`There is no such capability: write it like NET_ADMIN, or ALL.`);
  return name;
}
