// The networks of a service: what the user calls them, and which they are.
import { newTaskSpec, type ServiceSpec } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { isPredefinedNetwork } from "../../shared/model/networks.ts";
import type { View } from "../store/types.ts";
import { resolveNetwork } from "./refs.ts";

/**
 * The spec with the IDs of its networks.
 * @throws {SkepError} `not_found`; `invalid_argument` for the ingress network, and for one that is named twice.
 */
export function withNetworkIds(view: View, spec: ServiceSpec): ServiceSpec {
  const template = spec.taskTemplate;
  if (template === undefined || template.networks.length === 0) return spec;
  const seen = new Set<string>();
  const networks = template.networks.map((config) => {
    if (isPredefinedNetwork(config.target)) return config;
    const network = resolveNetwork(view, config.target);
    const name = network.spec?.name ?? network.id;
    if (network.spec?.ingress === true) {
      throw new SkepError(
        "invalid_argument",
        `Service cannot be explicitly attached to the ingress network ${JSON.stringify(name)}: it is there when a port is published`,
      );
    }
    if (seen.has(network.id)) throw new SkepError("invalid_argument", `network ${name}: the service names it twice`);
    seen.add(network.id);
    return { ...config, target: network.id };
  });
  return { ...spec, taskTemplate: { ...newTaskSpec(template), networks } };
}
