// The command tree, built lazily: nouns and verbs with their summaries are always there (for help and "did you mean"), but
// only the command that is asked for loads its file, with its options and what it needs.
import { Command } from "commander";
import { VERSION } from "../shared/version.ts";
import type { Entry } from "./commands/entry.ts";
import type { CommandContext } from "./context.ts";
import { normalizeBooleans } from "./options.ts";

export interface Program {
  readonly program: Command;
  /** The words to parse, `--flag=true` spelt as commander wants it. */
  readonly argv: readonly string[];
  readonly hostFlag: () => string | undefined;
  /** A noun without a verb asks for its help. */
  readonly helpOf: Command | undefined;
}

const ABOUT = `
Exit status:
  0  the command did what was asked
  1  the operation failed, or the service did not converge
  2  the command line is wrong: nothing was asked of the cluster
  130  interrupted

Environment:
  SKEP_HOST   unix:///path/to.sock, or dev:NAME/nodeN for a host of a dev cluster.
              Without it: /run/skep/skep.sock, else the one dev cluster that runs.
  NO_COLOR    no colour when it is not empty

First steps:
  skep dev up                                       a cluster of 5 hosts on this machine
  skep service create --name web --replicas 3 IMAGE
  skep status                                       how is the cluster?`;

export async function buildProgram(given: readonly string[], context: CommandContext): Promise<Program> {
  const argv = spellHelp(given);
  const { terminal } = context;
  const program = new Command("skep")
    .description("A Swarm-style container orchestrator: services, replicas and a cluster of many hosts.")
    .usage("[-H HOST] COMMAND")
    .version(`skep version ${VERSION}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .option("-H, --host <address>", "the daemon to speak to (default: see SKEP_HOST below)")
    .addHelpText("after", ABOUT)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("See 'skep --help'.")
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: terminal.columns,
      getErrHelpWidth: terminal.columns,
      getOutHasColors: () => terminal.colour,
      getErrHasColors: () => terminal.colour,
    });
  const [first, second] = operands(argv);
  let helpOf: Command | undefined = argv.length === 0 ? program : undefined;
  let chosen: Command | undefined;

  for (const entry of context.commands) {
    if (entry.kind === "foreign") {
      if (first === entry.name) {
        const command = await entry.load(context);
        inherit(command, program, `skep ${entry.name}`);
        program.addCommand(command);
        if (second === undefined && argv.length === 1) helpOf = command;
      } else program.command(entry.name).description(entry.summary);
      continue;
    }
    const command = declare(program, entry);
    if (entry.kind === "command") {
      if (first === entry.name) chosen = await fill(command, entry, context);
      continue;
    }
    if (first !== entry.name) continue; // the verbs of other nouns are in nobody's help
    for (const verb of entry.verbs) {
      const child = declare(command, verb);
      if (verb.kind === "command" && (second === verb.name || verb.aliases?.includes(second ?? "") === true))
        chosen = await fill(child, verb, context);
    }
    if (second === undefined && !argv.some((word) => word === "-h" || word === "--help")) {
      helpOf = command;
    }
  }
  return {
    program,
    argv: chosen === undefined ? argv : normalizeBooleans(argv, chosen),
    hostFlag: () => program.opts<{ host?: string }>().host,
    helpOf,
  };
}

function declare(parent: Command, entry: Exclude<Entry, { kind: "foreign" }>): Command {
  const command = parent.command(entry.name).description(entry.summary).helpOption("-h, --help", "show help");
  if (entry.kind === "command" && entry.aliases !== undefined) command.aliases(entry.aliases);
  if (entry.kind === "noun") command.usage("COMMAND");
  const path = parent.parent === null ? `skep ${entry.name}` : `skep ${parent.name()} ${entry.name}`;
  return command.showHelpAfterError(`See '${path} --help'.`);
}

async function fill(
  command: Command,
  entry: Extract<Entry, { kind: "command" }>,
  context: CommandContext,
): Promise<Command> {
  const { define } = await entry.load();
  define(command, context);
  return command;
}

/** `skep help service create` is `skep service create --help`: only so is the command's file loaded. */
function spellHelp(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = operands(argv);
  return first === "help" ? [...rest, "--help"] : argv;
}

/** A tree made elsewhere writes, exits and helps as ours does. */
function inherit(command: Command, from: Command, path: string): void {
  command.copyInheritedSettings(from).showHelpAfterError(`See '${path} --help'.`);
  for (const child of command.commands) inherit(child, from, `${path} ${child.name()}`);
}

/** The words that are not options, before any command's own options are known: only -H and --host take a value here. */
export function operands(argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length && words.length < 3; i++) {
    const word = argv[i] ?? "";
    if (word === "--") break;
    if (word === "-H" || word === "--host") i += 1;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words;
}
