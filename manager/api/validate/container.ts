// What a container may be asked to be. The runtime checks what depends on the node (does the user exist?); here is what is
// wrong everywhere, so that it is told at once and not by a task that is rejected.
import type { ContainerSpec, HealthConfig, ServiceSpec } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { parseRegistryAuth } from "../../../shared/image/credentials.ts";
import { parseReference } from "../../../shared/image/reference.ts";
import { parseIp } from "../../../shared/model/ip.ts";
import { expandContainerSpec } from "../../../shared/model/templates.ts";
import { checkMounts } from "./mounts.ts";
import { checkLabels, checkNotNegative, invalid, notYet } from "./problem.ts";

const DUMMY_NODE = { id: "nodeid", hostname: "nodehostname", os: "linux", architecture: "amd64" };
const DUMMY_TASK = { id: "taskid", name: "taskname", slot: "1" };

const HOSTNAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?$/;
const SIGNAL = /^(?:(?:SIG)?[A-Z][A-Z0-9]*(?:[+-][0-9]+)?|[1-9][0-9]?)$/i;
const CAPABILITY = /^(?:CAP_)?[A-Z][A-Z_]*$/i;

export function checkContainer(service: ServiceSpec, spec: ContainerSpec): void {
  if (spec.image === "") throw invalid("image", "a service needs an image");
  parseReference(spec.image);
  parseRegistryAuth(spec.registryAuth);
  checkLabels("container labels", spec.labels);
  const expanded = expandContainerSpec(spec, {
    service: { id: "serviceid", name: service.name, labels: service.labels },
    node: DUMMY_NODE,
    task: DUMMY_TASK,
  });
  checkMounts(expanded.mounts);
  if (expanded.hostname !== "" && !HOSTNAME.test(expanded.hostname)) {
    throw invalid("hostname", `${JSON.stringify(expanded.hostname)} is not a host's name`);
  }
  for (const entry of spec.env) {
    if (entry === "" || entry.startsWith("="))
      throw invalid("env", `${JSON.stringify(entry)} has no name: write NAME=VALUE`);
  }
  const texts = [...spec.env, ...spec.command, ...spec.args, spec.dir, spec.user, ...spec.groups];
  if (texts.some((text) => text.includes("\0"))) throw invalid("container", "a text contains a zero byte");
  checkProcess(spec);
  checkHealth(spec.healthcheck);
  for (const host of spec.hosts) {
    const [ip = "", name = ""] = host.trim().split(/\s+/);
    if (parseIp(ip) === undefined || name === "") throw invalid("host", `${JSON.stringify(host)} is not "IP NAME"`);
  }
  for (const server of spec.dnsConfig?.nameservers ?? []) {
    if (parseIp(server) === undefined) throw invalid("dns", `${JSON.stringify(server)} is not an IP address`);
  }
}

function checkProcess(spec: ContainerSpec): void {
  if (spec.dir !== "" && !spec.dir.startsWith("/")) throw invalid("workdir", `${spec.dir} must be an absolute path`);
  if (spec.stopSignal !== "" && !SIGNAL.test(spec.stopSignal)) {
    throw invalid("stop signal", `${JSON.stringify(spec.stopSignal)} is not a signal like SIGTERM or 15`);
  }
  checkNotNegative("stop grace period", { "the time": spec.stopGracePeriodMs });
  for (const capability of [...spec.capabilityAdd, ...spec.capabilityDrop]) {
    if (!CAPABILITY.test(capability))
      throw invalid("capability", `${JSON.stringify(capability)} is not a name like NET_ADMIN`);
  }
  for (const { name, soft, hard } of spec.ulimits) {
    if (!/^[a-z]+$/.test(name)) throw invalid("ulimit", `${JSON.stringify(name)} is not a name like nofile`);
    if (hard >= 0 && (soft > hard || soft < 0))
      throw invalid(`ulimit ${name}`, `the soft limit ${soft} is above the hard limit ${hard}`);
  }
  for (const key of Object.keys(spec.sysctls)) {
    if (!/^[a-z0-9_]+(?:[./][A-Za-z0-9_*-]+)+$/.test(key))
      throw invalid("sysctl", `${JSON.stringify(key)} is not a name like net.core.somaxconn`);
  }
  if (spec.oomScoreAdj < -1000 || spec.oomScoreAdj > 1000) throw invalid("oom-score-adj", "must be from -1000 to 1000");
}

function checkHealth(health: HealthConfig | undefined): void {
  if (health === undefined || health.test[0] === "NONE") return;
  const [kind] = health.test;
  if (kind !== undefined && kind !== "CMD" && kind !== "CMD-SHELL") {
    throw new SkepError(
      "invalid_argument",
      `health check: the test begins with CMD, CMD-SHELL or NONE, not ${JSON.stringify(kind)}`,
    );
  }
  throw notYet("health check");
}
