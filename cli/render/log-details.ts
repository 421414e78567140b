// `service logs --details`: what --log-opt labels=…, env=… and their -regex forms choose of a task, as docker prints it. It is
// taken from the task as the managers have it, so that no node can say it of another's.
import type { Node, Task } from "../../proto/gen/objects.ts";
import { expandTemplate, templateContext } from "../../shared/model/templates.ts";
import { compare } from "./tasks.ts";

type Pair = readonly [name: string, value: string];

/** "a=b,c=d", both sides as in a URL, by name. @param withIds the swarm's own attributes too, as docker shows them with --raw. */
export function logDetails(task: Task, node: Node | undefined, withIds: boolean): string {
  const options = task.spec?.logDriver?.options ?? {};
  const labels = Object.entries(task.spec?.containerSpec?.labels ?? {});
  const variables = (task.spec?.containerSpec?.env ?? []).map((entry): Pair => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [entry, ""] : [entry.slice(0, equals), expanded(entry.slice(equals + 1), task, node)];
  });
  const ids: readonly Pair[] = [
    ["com.docker.swarm.node.id", task.nodeId],
    ["com.docker.swarm.service.id", task.serviceId],
    ["com.docker.swarm.task.id", task.id],
  ];
  const chosen = new Map<string, string>([
    ...chosenOf(labels, options["labels"], options["labels-regex"]),
    ...chosenOf(variables, options["env"], options["env-regex"]),
    ...(withIds ? ids : []),
  ]);
  return [...chosen]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, value]) => `${queryEscaped(name)}=${queryEscaped(value)}`)
    .join(",");
}

function chosenOf(pairs: readonly Pair[], names = "", pattern = ""): readonly Pair[] {
  const wanted = new Set(names.split(",").map((name) => name.trim()));
  const matches = patternOf(pattern);
  return pairs.filter(([name]) => wanted.has(name) || matches(name));
}

function patternOf(pattern: string): (name: string) => boolean {
  if (pattern === "") return () => false;
  try {
    const regExp = new RegExp(pattern);
    return (name) => regExp.test(name);
  } catch {
    return () => false; // written for another program's expressions
  }
}

/** A variable as the container has it: its placeholders are filled in by the node. */
function expanded(value: string, task: Task, node: Node | undefined): string {
  try {
    return expandTemplate(
      value,
      templateContext(task, {
        id: task.nodeId,
        hostname: node?.description?.hostname ?? "",
        os: node?.description?.platform?.os ?? "",
        architecture: node?.description?.platform?.architecture ?? "",
      }),
    );
  } catch {
    return value;
  }
}

const queryEscaped = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
