// What of a placement is about the node itself, whatever runs on it.
import type { Node, Task } from "../../proto/gen/objects.ts";
import { compileConstraints } from "../../shared/model/constraints.ts";
import { platformMatches } from "./platform.ts";

/** Does the service's placement allow this node? Constraints and platform; not its load. */
export function placementOf(spec: Task["spec"]): (node: Node) => boolean {
  const matches = compileConstraints(spec?.placement?.constraints ?? []);
  const platforms = spec?.placement?.platforms ?? [];
  return (node) => matches(node) && platformMatches(platforms, node.description?.platform);
}
