// Completion scripts for bash, zsh and fish, made from the command tree. Commands, options and their words are written into
// the script; names of services, nodes and networks are asked of the cluster when TAB is pressed.
import { type CommandNode, flatten, type Operand, type OptionNode } from "./tree.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const completionScript = (shell: Shell, tree: readonly CommandNode[]): string => SCRIPTS[shell](tree);

const SCRIPTS: Readonly<Record<Shell, (tree: readonly CommandNode[]) => string>> = { bash, zsh, fish };

/** What lists the names of a kind; its errors are nobody's to see while typing. */
const LISTS: Readonly<Record<Operand, string>> = {
  service: "skep service ls --format '{{.Name}}' 2>/dev/null",
  node: "skep node ls --format '{{.Hostname}}' 2>/dev/null",
  network: "skep network ls --format '{{.Name}}' 2>/dev/null",
  file: "",
  other: "",
};

const flagsOf = (options: readonly OptionNode[]): string[] =>
  options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined));

const isNamed = (operand: Operand): boolean => LISTS[operand] !== "";
const namesOf = ({ path, aliases }: CommandNode): string[] => [path.at(-1) ?? "", ...aliases];

/** The paths that lead to a command, by each of its names: "service ls", "service list". */
const pathsOf = (node: CommandNode): string[] => {
  const above = node.path.slice(0, -1).join(" ");
  return namesOf(node).map((name) => (above === "" ? name : `${above} ${name}`));
};

// bash and zsh share one table: for a path, its verbs, its options, the options that take a value, and what it names.
function table(tree: readonly CommandNode[]): string {
  const rows = flatten(tree).map((node) => {
    const pattern = pathsOf(node)
      .map((path) => `"${path}"`)
      .join(" | ");
    const valued = flagsOf(node.options.filter(({ value }) => value !== ""));
    return [
      `    ${pattern})`,
      `      verbs="${node.children.flatMap(namesOf).join(" ")}"`,
      `      options="${flagsOf(node.options).join(" ")}"`,
      `      valued="${valued.join(" ")}"`,
      `      operand=${node.operand} ;;`,
    ].join("\n");
  });
  return rows.join("\n");
}

const walker = (tree: readonly CommandNode[]): string => `
# Sets verbs, options, valued and operand for the words of a command.
__skep_command() {
  verbs="" options="" valued="" operand=other
  case "$1" in
    "") verbs="${tree.flatMap(namesOf).join(" ")}" options="-H --host -h --help -v --version" valued="-H --host" ;;
${table(tree)}
  esac
}

__skep_names() {
  case "$1" in
    service) ${LISTS.service} ;;
    node) ${LISTS.node} ;;
    network) ${LISTS.network} ;;
  esac
}

# Sets "state" to what is to be completed: value, word or operand; the rest as __skep_command.
__skep_walk() {
  local path="" word skip="" verb
  __skep_command ""
  state=word
  for word in "$@"; do
    if [ -n "$skip" ]; then skip=""; continue; fi
    case "$word" in
      -*) case " $valued " in *" $word "*) skip=1 ;; esac; continue ;;
    esac
    for verb in __VERBS__; do
      if [ "$verb" = "$word" ]; then path="\${path:+$path }$word"; __skep_command "$path"; continue 2; fi
    done
  done
  if [ -n "$skip" ]; then state=value; elif [ -z "$verbs" ]; then state=operand; fi
}
`;

function bash(tree: readonly CommandNode[]): string {
  return `# bash completion for skep
${walker(tree).replace("__VERBS__", "$verbs")}
_skep() {
  local verbs options valued operand state current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  __skep_walk "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  case "$state" in
    value) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    *)
      case "$current" in
        -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
        *)
          if [ "$state" = word ]; then mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
          elif [ "$operand" = file ]; then mapfile -t COMPREPLY < <(compgen -f -- "$current")
          elif [ "$operand" != other ]; then
            mapfile -t COMPREPLY < <(compgen -W "$(__skep_names "$operand")" -- "$current")
          fi
          ;;
      esac
      ;;
  esac
}
complete -o filenames -F _skep skep
`;
}

function zsh(tree: readonly CommandNode[]): string {
  return `#compdef skep
# zsh completion for skep
${walker(tree).replace("__VERBS__", `\${=verbs}`)}
_skep() {
  local verbs options valued operand state
  __skep_walk "\${words[@]:1:$((CURRENT - 2))}"
  case "$state" in
    value) _files ;;
    *)
      if [[ "\${words[CURRENT]}" == -* ]]; then compadd -- \${=options}
      elif [[ "$state" == word ]]; then compadd -- \${=verbs}
      elif [[ "$operand" == file ]]; then _files
      elif [[ "$operand" != other ]]; then compadd -- \${(f)"$(__skep_names "$operand")"}
      fi
      ;;
  esac
}
if [ "\${funcstack[1]}" = _skep ]; then _skep "$@"; else compdef _skep skep; fi
`;
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fish(tree: readonly CommandNode[]): string {
  const lines = [
    "# fish completion for skep",
    "complete -c skep -f",
    "complete -c skep -n '__fish_use_subcommand' -s H -l host -r -d 'the daemon to speak to'",
    "complete -c skep -n '__fish_use_subcommand' -s v -l version -d 'print the version'",
    "complete -c skep -n '__fish_use_subcommand' -s h -l help -d 'show help'",
  ];
  const isAt = (path: readonly string[]): string => {
    const [noun, ...rest] = path;
    if (noun === undefined) return "__fish_use_subcommand";
    return [noun, ...rest].map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
  };
  const offer = (node: CommandNode, condition: string): void => {
    for (const name of namesOf(node)) {
      lines.push(`complete -c skep -n ${quoted(condition)} -a ${name} -d ${quoted(node.summary)}`);
    }
  };
  const walk = (node: CommandNode): void => {
    const here = isAt(node.path);
    const verbs = node.children.flatMap(namesOf);
    const before = verbs.length === 0 ? here : `${here}; and not __fish_seen_subcommand_from ${verbs.join(" ")}`;
    for (const child of node.children) offer(child, before);
    for (const { short, long, value, summary } of node.options) {
      const flags = [
        ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
        ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
        ...(value === "" ? [] : ["-r"]),
      ];
      lines.push(`complete -c skep -n ${quoted(before)} ${flags.join(" ")} -d ${quoted(summary)}`);
    }
    if (isNamed(node.operand)) {
      lines.push(`complete -c skep -n ${quoted(here)} -a ${quoted(`(${LISTS[node.operand]})`)}`);
    } else if (node.operand === "file") lines.push(`complete -c skep -n ${quoted(here)} -F`);
    for (const child of node.children) walk(child);
  };
  for (const node of tree) offer(node, isAt([]));
  for (const node of tree) walk(node);
  return `${lines.join("\n")}\n`;
}
