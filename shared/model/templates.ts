// The placeholders of a container spec: {{.Service.Name}}, {{.Node.Hostname}}, {{.Task.Slot}} and so on, in hostname, env
// values, mount sources and targets. Swarm hands them to Go's text/template; users only ever use field access, so that is
// what is understood here: fields, labels, `index .Service.Labels "a.b"` and a quoted string (to write "{{" itself).
// Expanded by the agent when it prepares the task; the API expands with dummy values, to refuse a mistake at once.
import type { ContainerSpec, Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../errors.ts";
import { fullTaskName } from "./tasks.ts";

export interface TemplateContext {
  readonly service: { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly node: { readonly id: string; readonly hostname: string; readonly os: string; readonly architecture: string };
  /** slot is the node's id for a task of a global service. */
  readonly task: { readonly id: string; readonly name: string; readonly slot: string };
}

const FIELDS: Readonly<Record<string, (context: TemplateContext) => string>> = {
  ".Service.ID": (context) => context.service.id,
  ".Service.Name": (context) => context.service.name,
  ".Node.ID": (context) => context.node.id,
  ".Node.Hostname": (context) => context.node.hostname,
  ".Node.Platform.OS": (context) => context.node.os,
  ".Node.Platform.Architecture": (context) => context.node.architecture,
  ".Task.ID": (context) => context.task.id,
  ".Task.Name": (context) => context.task.name,
  ".Task.Slot": (context) => context.task.slot,
};

const LABEL_FIELD = /^\.Service\.Labels\.(\S+)$/;
const LABEL_INDEX = /^index\s+\.Service\.Labels\s+"([^"]+)"$/;
const LITERAL = /^"([^"]*)"$|^`([^`]*)`$/;

/**
 * Replaces every placeholder of `text`.
 * @throws {SkepError} `invalid_argument`: unknown placeholder, missing label, or a "{{" without its "}}".
 */
export function expandTemplate(text: string, context: TemplateContext): string {
  let result = "";
  let at = 0;
  for (;;) {
    const open = text.indexOf("{{", at);
    if (open < 0) return result + text.slice(at);
    const close = closing(text, open + 2);
    if (close < 0) {
      throw new SkepError("invalid_argument", `template ${JSON.stringify(text)}: "{{" without its "}}"`);
    }
    result += text.slice(at, open) + placeholderValue(text.slice(open + 2, close).trim(), text, context);
    at = close + 2;
  }
}

/** Where the action's "}}" is; one inside a quoted string does not count. */
function closing(text: string, from: number): number {
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const char = text.charAt(i);
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "`") quote = char;
    else if (char === "}" && text.charAt(i + 1) === "}") return i;
  }
  return -1;
}

function placeholderValue(expression: string, text: string, context: TemplateContext): string {
  const field = Object.hasOwn(FIELDS, expression) ? FIELDS[expression] : undefined;
  if (field !== undefined) return field(context);
  const literal = LITERAL.exec(expression);
  if (literal !== null) return literal[1] ?? literal[2] ?? "";
  const label = (LABEL_FIELD.exec(expression) ?? LABEL_INDEX.exec(expression))?.[1];
  if (label !== undefined) {
    const value = Object.hasOwn(context.service.labels, label) ? context.service.labels[label] : undefined;
    if (value !== undefined) return value;
    throw new SkepError("invalid_argument", `template ${JSON.stringify(text)}: the service has no label "${label}"`);
  }
  const known = [...Object.keys(FIELDS), ".Service.Labels.NAME"].join(", ");
  throw new SkepError(
    "invalid_argument",
    `template ${JSON.stringify(text)}: unknown placeholder {{${expression}}}; known are ${known}`,
  );
}

export const templateContext = (task: Task, node: TemplateContext["node"]): TemplateContext => ({
  service: { id: task.serviceId, name: task.serviceName, labels: task.serviceLabels },
  node,
  task: { id: task.id, name: fullTaskName(task), slot: task.slot === 0 ? node.id : String(task.slot) },
});

/** A container without a hostname of its own has the beginning of its task's id for one. */
export const defaultHostname = (task: Task): string => task.id.slice(0, 12);

/** The spec with every placeholder replaced, in the places where Swarm replaces them. Throws as `expandTemplate`. */
export function expandContainerSpec(spec: ContainerSpec, context: TemplateContext): ContainerSpec {
  const expand = (text: string): string => expandTemplate(text, context);
  return {
    ...spec,
    hostname: expand(spec.hostname),
    env: spec.env.map((entry) => {
      const equals = entry.indexOf("=");
      return equals < 0 ? entry : entry.slice(0, equals + 1) + expand(entry.slice(equals + 1));
    }),
    mounts: spec.mounts.map((mount) => ({ ...mount, source: expand(mount.source), target: expand(mount.target) })),
  };
}
