// What the placeholders of a container spec stand for when each is as long as it can become for a service.
import type { Node, ServiceSpec } from "../../../proto/gen/objects.ts";
import { compileConstraints } from "../../../shared/model/constraints.ts";
import { ID_LENGTH } from "../../../shared/model/ids.ts";
import type { TemplateContext } from "../../../shared/model/templates.ts";

const ID = "x".repeat(ID_LENGTH);
/** As names.ts makes one at most. */
const MADE_UP_NAME = "x".repeat(32);
/** Slots can be more than a service's replicas: scaling down keeps the tasks that run, whatever their number. */
const MIN_SLOT_DIGITS = 3;
const LONGEST_ARCHITECTURE = "mips64le";

/**
 * @param nodes of the cluster; only the names of those that the service's constraints allow count. A node that joins later may
 * have a longer one: its tasks are rejected then, as refusing for the longest name there can be would refuse nearly every use.
 */
export function longestContext(spec: ServiceSpec, nodes: Iterable<Node>): TemplateContext {
  const allows = compileConstraints(spec.taskTemplate?.placement?.constraints ?? []);
  let hostname = "n"; // shorter than any
  for (const node of nodes) {
    const name = node.description?.hostname ?? "";
    if (name.length > hostname.length && allows(node)) hostname = name;
  }
  const name = spec.name || MADE_UP_NAME;
  const replicas = spec.mode?.kind === "replicated" ? spec.mode.replicas : 1;
  const slot = spec.mode?.kind === "global" ? ID : "9".repeat(Math.max(MIN_SLOT_DIGITS, String(replicas).length));
  return {
    service: { id: ID, name, labels: spec.labels },
    node: { id: ID, hostname, os: "linux", architecture: LONGEST_ARCHITECTURE },
    task: { id: ID, name: `${name}.${slot}.${ID}`, slot },
  };
}
