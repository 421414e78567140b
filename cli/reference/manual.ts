// The manual page skep(1), in the language of man pages, made from the command tree: every command with its options.
import { VERSION } from "../../shared/version.ts";
import { type CommandNode, flatten, type OptionNode } from "./tree.ts";

/** Text as roff takes it: no line begins with its control characters, and a hyphen is a hyphen. */
const roff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");

const sentence = (text: string): string => {
  const trimmed = text.trim();
  return roff(trimmed === "" || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`);
};

function option({ short, long, value, summary }: OptionNode): string {
  const flags = [short, long].filter((flag) => flag !== undefined).map((flag) => `\\fB${roff(flag)}\\fR`);
  return `.TP\n${flags.join(", ")}${value === "" ? "" : ` \\fI${roff(value)}\\fR`}\n${sentence(summary)}`;
}

function command(node: CommandNode): string {
  const name = `skep ${node.path.join(" ")}`;
  const aliases = node.aliases.length === 0 ? "" : ` (also: ${node.aliases.join(", ")})`;
  return [
    `.SS "${roff(`${name} ${node.usage}`.trim())}"`,
    sentence(`${node.summary}${aliases}`),
    ...node.options.filter(({ long }) => long !== "--help").map(option),
  ].join("\n");
}

/** @param tree all commands. */
export function manualPage(tree: readonly CommandNode[]): string {
  const commands = flatten(tree).filter(({ children }) => children.length === 0);
  return `.TH SKEP 1 "" "skep ${VERSION}" "User Commands"
.SH NAME
skep \\- run containers on many hosts, as Docker Swarm does
.SH SYNOPSIS
.B skep
[\\fB\\-H\\fR \\fIHOST\\fR] \\fICOMMAND\\fR
.SH DESCRIPTION
skep is a container orchestrator. Managers keep the state of a cluster through Raft and place the replicas of services onto
nodes; an agent on each node runs them with containerd. Commands, flags and defaults are those of Docker's swarm mode.
\\fBskep COMMAND \\-\\-help\\fR shows examples.
.SH OPTIONS
.TP
\\fB\\-H\\fR, \\fB\\-\\-host\\fR \\fIADDRESS\\fR
The daemon to speak to: the path of its socket.
.SH COMMANDS
${commands.map(command).join("\n")}
.SH ENVIRONMENT
.TP
.B SKEP_HOST
The daemon to speak to, as \\fB\\-\\-host\\fR. Without both it is /run/skep/skep.sock.
.TP
.B NO_COLOR
No colour when it is not empty.
.SH EXIT STATUS
0: the command did what was asked. 1: the operation failed, or the service did not converge. 2: the command line is wrong, and
nothing was asked of the cluster. 130: interrupted.
.SH FILES
.TP
.I /var/lib/skep
What this node keeps: its key, the state of a manager, images and containers.
.TP
.I /run/skep/skep.sock
The socket at which the daemon takes commands.
.SH SEE ALSO
\\fBskep\\-daemon\\fR(8)
`;
}
