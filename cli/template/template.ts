// Runs a parsed template over plain values: strings, numbers, booleans, arrays and records. There is no Go-template library
// on npm worth keeping (one substitutes names only, one brings Go as wasm), and --format needs few of the language's corners.
import { UsageError } from "../usage-error.ts";
import { FUNCTIONS, isMap, print, truthy, type Value } from "./functions.ts";
import { unescapeText } from "./lex.ts";
import { type Binding, type Expression, type Node, parseTemplate } from "./parse.ts";

export type Template = (data: Value) => string;

export interface TemplateOptions {
  /**
   * What is .Name of an object without it? In a list's rows, whose fields are all known, an error. In an inspected object,
   * where what is not set is left out, "<no value>" as Docker prints; an error only where another case would have matched.
   */
  readonly absent: "error" | "no value";
}

/**
 * Compiles what the user gave to --format.
 * @throws {UsageError} at once when it cannot be read or names an unknown function; when it runs, for a field that is not there.
 */
export function compile(source: string, options: TemplateOptions = { absent: "error" }): Template {
  const nodes = parseTemplate(unescapeText(source));
  checkFunctions(nodes);
  return (data) => {
    const scope = new Scope(undefined, options.absent === "error");
    scope.declare("", data);
    return render(nodes, data, scope);
  };
}

class Scope {
  readonly strict: boolean;
  readonly #outer: Scope | undefined;
  readonly #values = new Map<string, Value>();

  constructor(outer: Scope | undefined, strict: boolean) {
    this.#outer = outer;
    this.strict = strict;
  }

  declare(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  read(name: string): Value {
    if (this.#values.has(name)) return this.#values.get(name);
    if (this.#outer === undefined) throw new UsageError(`template: the variable $${name} is not declared`);
    return this.#outer.read(name);
  }

  assign(name: string, value: Value): void {
    if (this.#values.has(name)) this.#values.set(name, value);
    else if (this.#outer === undefined) throw new UsageError(`template: the variable $${name} is not declared`);
    else this.#outer.assign(name, value);
  }

  bind(binding: Binding, values: readonly Value[]): void {
    binding.names.forEach((name, i) => {
      const value = values[values.length - binding.names.length + i];
      if (binding.declares) this.declare(name, value);
      else this.assign(name, value);
    });
  }
}

function render(nodes: readonly Node[], dot: Value, scope: Scope): string {
  let out = "";
  for (const node of nodes) {
    switch (node.kind) {
      case "text":
        out += node.text;
        break;
      case "print": {
        const value = evaluate(node.value, dot, scope);
        if (node.binding === undefined) out += print(value);
        else scope.bind(node.binding, [value]);
        break;
      }
      case "if":
      case "with": {
        const inner = new Scope(scope, scope.strict);
        const value = evaluate(node.value, dot, scope);
        if (node.binding !== undefined) inner.bind(node.binding, [value]);
        if (truthy(value)) out += render(node.body, node.kind === "with" ? value : dot, inner);
        else out += render(node.otherwise, dot, inner);
        break;
      }
      case "range":
        out += renderRange(node, dot, scope);
        break;
    }
  }
  return out;
}

function renderRange(node: Extract<Node, { body: unknown }>, dot: Value, scope: Scope): string {
  const entries = entriesOf(evaluate(node.value, dot, scope));
  if (entries.length === 0) return render(node.otherwise, dot, new Scope(scope, scope.strict));
  let out = "";
  for (const [key, element] of entries) {
    const inner = new Scope(scope, scope.strict);
    if (node.binding !== undefined) inner.bind(node.binding, [key, element]);
    out += render(node.body, element, inner);
  }
  return out;
}

function entriesOf(value: Value): readonly (readonly [key: Value, element: Value])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((element: unknown, i) => [i, element] as const);
  if (isMap(value)) {
    return Object.keys(value)
      .sort()
      .map((key) => [key, value[key]] as const);
  }
  throw new UsageError(`template: cannot range over ${print(value)}`);
}

function evaluate(expression: Expression, dot: Value, scope: Scope): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "dot":
      return dot;
    case "variable":
      return scope.read(expression.name);
    case "field":
      return field(evaluate(expression.of, dot, scope), expression.name, scope.strict);
    case "call":
      return call(expression.name, expression.args, dot, scope, []);
    case "pipe": {
      const [first, ...rest] = expression.stages;
      let value = first === undefined ? undefined : evaluate(first, dot, scope);
      for (const stage of rest) {
        if (stage.kind !== "call") throw new UsageError("template: after | comes the name of a function");
        value = call(stage.name, stage.args, dot, scope, [value]);
      }
      return value;
    }
  }
}

function call(name: string, args: readonly Expression[], dot: Value, scope: Scope, piped: readonly Value[]): Value {
  const run = functionNamed(name);
  // As in Go, `and` and `or` stop at the argument that decides.
  if ((name === "and" || name === "or") && piped.length === 0) {
    let value: Value;
    for (const arg of args) {
      value = evaluate(arg, dot, scope);
      if (truthy(value) === (name === "or")) break;
    }
    return value;
  }
  return run(...args.map((arg) => evaluate(arg, dot, scope)), ...piped);
}

function field(of: Value, name: string, strict: boolean): Value {
  if (of === undefined || of === null) return undefined;
  if (!isMap(of)) throw new UsageError(`template: cannot take .${name} of ${print(of)}`);
  if (Object.hasOwn(of, name)) return of[name];
  const alike = Object.keys(of).find((key) => key.toLowerCase() === name.toLowerCase());
  if (alike === undefined && !strict) return undefined;
  const names = Object.keys(of);
  const hint =
    alike === undefined
      ? names.length === 0
        ? ""
        : `; there are ${names.map((key) => `.${key}`).join(", ")}`
      : `; did you mean .${alike}?`;
  throw new UsageError(`template: there is no .${name}${hint}`);
}

function functionNamed(name: string): (...args: readonly Value[]) => Value {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError(
    `template: function ${JSON.stringify(name)} is not defined; there are ${Object.keys(FUNCTIONS).join(", ")}`,
  );
}

function checkFunctions(nodes: readonly Node[]): void {
  for (const node of nodes) {
    if (node.kind === "text") continue;
    checkExpression(node.value);
    if (node.kind === "print") continue;
    checkFunctions(node.body);
    checkFunctions(node.otherwise);
  }
}

function checkExpression(expression: Expression): void {
  if (expression.kind === "call") {
    functionNamed(expression.name);
    expression.args.forEach(checkExpression);
  } else if (expression.kind === "pipe") expression.stages.forEach(checkExpression);
  else if (expression.kind === "field") checkExpression(expression.of);
}
