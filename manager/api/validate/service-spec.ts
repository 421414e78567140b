// A service as it may be: Swarm's rules and defaults. What Swarm has and skep has not yet is refused by name.
import { encodeServiceSpec, type Node, type ServiceSpec, type TaskSpec } from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { REPLICAS } from "../../../shared/model/ranges.ts";
import { checkContainer } from "./container.ts";
import { canonicalEndpoint, checkEndpoint, checkNetworks } from "./endpoint.ts";
import { longestContext } from "./longest-context.ts";
import { checkName } from "./name.ts";
import { checkLogDriver, checkPlacement, checkResources, checkRestart, checkUpdateConfig } from "./policies.ts";
import { checkLabels, checkRange, invalid } from "./problem.ts";

/** Every task carries its spec. */
const MAX_SPEC_BYTES = 256 * 1024;

/**
 * The spec with its defaults and in one canonical form: maps sorted by key, so that equal specs are equal bytes.
 * @param nodes of the cluster: the longest of their names tells how long a host name with a placeholder can become.
 * @throws {SkepError} `invalid_argument`, `unimplemented`
 */
export function completeServiceSpec(spec: ServiceSpec | undefined, nodes: Iterable<Node>): ServiceSpec {
  if (spec === undefined) throw new SkepError("invalid_argument", "the service's spec is missing");
  const complete: ServiceSpec = {
    ...canonical(spec),
    mode: spec.mode ?? { kind: "replicated", replicas: 1 },
  };
  checkServiceSpec(complete, nodes);
  return complete;
}

function checkServiceSpec(spec: ServiceSpec, nodes: Iterable<Node>): void {
  // First: what all the other checks look at has a bound then.
  const bytes = encodeServiceSpec(spec).length;
  if (bytes > MAX_SPEC_BYTES) throw invalid("service", `the spec is ${bytes} bytes, more than ${MAX_SPEC_BYTES}`);
  if (spec.name !== "") checkName("service", spec.name);
  checkLabels("label", spec.labels);
  const template = spec.taskTemplate;
  if (template?.containerSpec === undefined) throw invalid("image", "a service needs an image");
  checkContainer(template, template.containerSpec, longestContext(spec, nodes));
  checkResources(template.resources);
  checkRestart(template.restartPolicy);
  checkPlacement(template.placement);
  checkNetworks(template.networks);
  checkLogDriver(template.logDriver);
  checkUpdateConfig("update", spec.updateConfig);
  checkUpdateConfig("rollback", spec.rollbackConfig);
  checkEndpoint(spec);
  if (spec.mode?.kind === "replicated") checkRange("replicas", spec.mode.replicas, REPLICAS);
  if (spec.mode?.kind === "global" && (template.placement?.maxReplicas ?? 0) > 0) {
    throw invalid("replicas-max-per-node", "only a replicated service can have it: a global one has one task per node");
  }
}

type StringMap = Readonly<Record<string, string>>;

const sorted = (map: StringMap): StringMap =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function canonical(spec: ServiceSpec): ServiceSpec {
  return {
    ...spec,
    labels: sorted(spec.labels),
    taskTemplate: canonicalTemplate(spec.taskTemplate),
    endpointSpec: canonicalEndpoint(spec.endpointSpec),
  };
}

function canonicalTemplate(template: TaskSpec | undefined): TaskSpec | undefined {
  if (template === undefined) return undefined;
  const { containerSpec, logDriver, networks } = template;
  return {
    ...template,
    containerSpec: containerSpec && {
      ...containerSpec,
      labels: sorted(containerSpec.labels),
      sysctls: sorted(containerSpec.sysctls),
    },
    logDriver: logDriver && { ...logDriver, options: sorted(logDriver.options) },
    networks: networks.map((network) => ({ ...network, driverOpts: sorted(network.driverOpts) })),
  };
}
