// What a container may be asked to be. The runtime checks what depends on the node (does the user exist?); here is what is
// wrong everywhere, so that it is told at once and not by a task that is rejected. What single values may be is in shared/model.
import type { ContainerSpec, DNSConfig, HealthConfig, TaskSpec } from "../../../proto/gen/objects.ts";
import { parseRegistryAuth } from "../../../shared/image/credentials.ts";
import { parseReference } from "../../../shared/image/reference.ts";
import { capabilityProblem } from "../../../shared/model/capabilities.ts";
import {
  envProblem,
  groupProblem,
  hostnameProblem,
  hostsEntryProblem,
  nameServerProblem,
  pathProblem,
  resolverOptionProblem,
  searchDomainProblem,
  userProblem,
  wordProblem,
} from "../../../shared/model/container-values.ts";
import { HEALTH_RETRIES, OOM_SCORE } from "../../../shared/model/ranges.ts";
import { signalProblem } from "../../../shared/model/signals.ts";
import { sysctlName, sysctlProblem } from "../../../shared/model/sysctls.ts";
import { expandContainerSpec, expandTemplate, type TemplateContext } from "../../../shared/model/templates.ts";
import { ulimitProblem } from "../../../shared/model/ulimits.ts";
import { checkMounts } from "./mounts.ts";
import { checkDurations, checkLabels, checkRange, invalid, notYet, refuse } from "./problem.ts";

/** @param longest what placeholders stand for when each is as long as it can become. */
export function checkContainer({ networks }: TaskSpec, spec: ContainerSpec, longest: TemplateContext): void {
  if (spec.image === "") throw invalid("image", "a service needs an image");
  parseReference(spec.image);
  parseRegistryAuth(spec.registryAuth);
  checkLabels("container-label", spec.labels);
  for (const entry of spec.env) refuse("env", envProblem(entry));
  for (const word of [...spec.command, ...spec.args]) refuse("command", wordProblem(word));
  const expanded = expandContainerSpec(spec, longest);
  for (const entry of expanded.env) refuse("env", envProblem(entry));
  checkMounts(expanded.mounts);
  checkHostname(spec.hostname, longest);
  checkProcess(spec);
  checkKernel(
    spec,
    networks.some(({ target }) => target === "host"),
  );
  checkHealth(spec.healthcheck);
  for (const line of spec.hosts) refuse("host", hostsEntryProblem(line));
  checkDns(spec.dnsConfig);
}

function checkHostname(hostname: string, longest: TemplateContext): void {
  if (hostname === "") return;
  const expanded = expandTemplate(hostname, longest);
  const problem = hostnameProblem(expanded);
  if (problem === undefined || expanded === "") return;
  const becomes = expanded === hostname ? "" : `${JSON.stringify(hostname)} can become `;
  throw invalid("hostname", `${becomes}${problem}`);
}

function checkProcess(spec: ContainerSpec): void {
  if (spec.dir !== "") refuse("workdir", pathProblem(spec.dir));
  if (spec.user !== "") refuse("user", userProblem(spec.user));
  for (const group of spec.groups) refuse("group", groupProblem(group));
  if (spec.stopSignal !== "") refuse("stop-signal", signalProblem(spec.stopSignal));
  checkDurations({ "stop-grace-period": spec.stopGracePeriodMs });
  checkRange("oom-score-adj", spec.oomScoreAdj, OOM_SCORE);
}

function checkKernel(spec: ContainerSpec, onHostNetwork: boolean): void {
  for (const name of spec.capabilityAdd) refuse("cap-add", capabilityProblem(name));
  for (const name of spec.capabilityDrop) refuse("cap-drop", capabilityProblem(name));
  const limits = new Set<string>();
  for (const ulimit of spec.ulimits) {
    refuse(`ulimit ${ulimit.name}`, ulimitProblem(ulimit));
    if (limits.has(ulimit.name)) throw invalid(`ulimit ${ulimit.name}`, "it is there twice");
    limits.add(ulimit.name);
  }
  const parameters = new Map<string, string>();
  for (const key of Object.keys(spec.sysctls)) {
    refuse("sysctl", sysctlProblem(key, onHostNetwork));
    const other = parameters.get(sysctlName(key));
    if (other !== undefined) throw invalid("sysctl", `${key} and ${other} are one`);
    parameters.set(sysctlName(key), key);
  }
}

function checkDns(dns: DNSConfig | undefined): void {
  for (const server of dns?.nameservers ?? []) refuse("dns", nameServerProblem(server));
  for (const domain of dns?.search ?? []) refuse("dns-search", searchDomainProblem(domain));
  for (const option of dns?.options ?? []) refuse("dns-option", resolverOptionProblem(option));
}

function checkHealth(health: HealthConfig | undefined): void {
  if (health === undefined) return;
  checkDurations({
    "health-interval": health.intervalMs,
    "health-timeout": health.timeoutMs,
    "health-start-period": health.startPeriodMs,
    "health-start-interval": health.startIntervalMs,
  });
  checkRange("health-retries", health.retries, HEALTH_RETRIES);
  const [kind] = health.test;
  if (kind === "NONE") return;
  if (kind !== undefined && kind !== "CMD" && kind !== "CMD-SHELL") {
    throw invalid("health check", `the test begins with CMD, CMD-SHELL or NONE, not ${JSON.stringify(kind)}`);
  }
  throw notYet("health check");
}
