// The whole command tree as data: what completion scripts and the manual page are made from. Made from the very definitions
// that parse the command line, so neither can tell of an option that is not there.
import { Command, type Option } from "commander";
import type { Entry } from "../commands/entry.ts";
import type { CommandContext } from "../context.ts";

/** What a command's operands name, where a shell can look them up. */
export type Operand = "service" | "node" | "network" | "file" | "other";

export interface OptionNode {
  /** "-q"; undefined where there is none. */
  readonly short: string | undefined;
  /** "--quiet" */
  readonly long: string | undefined;
  /** "<n>"; empty for a flag without a value. */
  readonly value: string;
  readonly summary: string;
}

export interface CommandNode {
  /** The words after "skep": ["service", "create"]. */
  readonly path: readonly string[];
  readonly aliases: readonly string[];
  readonly summary: string;
  /** "[OPTIONS] IMAGE [COMMAND...]", without the command's own name. */
  readonly usage: string;
  readonly operand: Operand;
  readonly options: readonly OptionNode[];
  readonly children: readonly CommandNode[];
}

const HELP: OptionNode = { short: "-h", long: "--help", value: "", summary: "show help" };

/** Every command, with its options. @param context names them, and is given to their definitions, which only keep it. */
export async function commandTree(context: CommandContext): Promise<readonly CommandNode[]> {
  return await Promise.all(context.commands.map((entry) => nodeOf(entry, [], context)));
}

/** A tree and all that is below it, each command before its verbs. */
export const flatten = (nodes: readonly CommandNode[]): readonly CommandNode[] =>
  nodes.flatMap((node) => [node, ...flatten(node.children)]);

async function nodeOf(entry: Entry, above: readonly string[], context: CommandContext): Promise<CommandNode> {
  const path = [...above, entry.name];
  switch (entry.kind) {
    case "noun": {
      const children = await Promise.all(entry.verbs.map((verb) => nodeOf(verb, path, context)));
      return { ...leaf(path, entry.summary), usage: "COMMAND", children };
    }
    case "command": {
      const command = new Command(entry.name);
      (await entry.load()).define(command, context);
      return { ...fromCommand(command, path), summary: entry.summary, aliases: entry.aliases ?? [] };
    }
    case "foreign":
      // The daemon has its own page.
      if (entry.name === "daemon") return leaf(path, entry.summary);
      return { ...fromCommand(await entry.load(context), path), summary: entry.summary };
  }
}

const leaf = (path: readonly string[], summary: string): CommandNode => ({
  path,
  aliases: [],
  summary,
  usage: "",
  operand: "other",
  options: [HELP],
  children: [],
});

function fromCommand(command: Command, path: readonly string[]): CommandNode {
  const operands = command.registeredArguments.map((argument) => {
    const name = `${argument.name().toUpperCase()}${argument.variadic ? "..." : ""}`;
    return argument.required ? name : `[${name}]`;
  });
  const options = command.options.filter((option) => !option.hidden).map(optionNode);
  const children = command.commands.map((child) => fromCommand(child, [...path, child.name()]));
  return {
    path,
    aliases: command.aliases(),
    summary: command.description(),
    usage: children.length > 0 ? "COMMAND" : ["[OPTIONS]", ...operands].join(" "),
    operand: operandOf(command),
    options: [...options, HELP],
    children,
  };
}

const optionNode = (option: Option): OptionNode => ({
  short: option.short,
  long: option.long,
  value: /[<[].*$/.exec(option.flags)?.[0] ?? "",
  summary: option.description,
});

function operandOf(command: Command): Operand {
  const name = command.registeredArguments[0]?.name() ?? "";
  // `network create NAME` and the like name what is not there yet.
  if (command.name() === "create") return "other";
  if (name.startsWith("service")) return "service";
  if (name === "node" || name === "network" || name === "file") return name;
  return "other";
}
