// Several runs of tools in one shell. Starting a program is dear for a process as big as the agent, and it stands still
// meanwhile; for a small shell it is cheap. Each run gets its input from the script, and what it complains of is told with its
// number.
import type { ToolCall } from "./run.ts";

const END = "@@end";
const COMPLAINT = "@@ran";

export interface Complaint {
  /** Of the run in the list. */
  readonly index: number;
  readonly code: number;
  readonly text: string;
}

export interface ScriptedCall extends ToolCall {
  /** What comes after it is run even if this fails. */
  readonly goesOn: boolean;
}

const quoted = (word: string): string => (/^[\w./:=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** For sh, from its standard input. Prints complaints only. */
export function scriptOf(calls: readonly ScriptedCall[]): string {
  const parts = calls.map(({ command, args, input = "", namespacePath, goesOn }, index) => {
    const words = [command, ...args].map(quoted).join(" ");
    const where = namespacePath === undefined ? "" : `nsenter --net=${quoted(namespacePath)} -- `;
    const text = input === "" || input.endsWith("\n") ? input : `${input}\n`;
    return `said=$(${where}${words} 2>&1 <<'${END}'\n${text}${END}\n) || { echo "${COMPLAINT} ${index} $?"; echo "$said"; ${goesOn ? "" : "exit 0; "}}\n`;
  });
  return parts.join("");
}

export function complaintsOf(stdout: string): readonly Complaint[] {
  return stdout
    .split(`${COMPLAINT} `)
    .slice(1)
    .map((part) => {
      const newline = part.indexOf("\n");
      const [index = "0", code = "1"] = part.slice(0, newline).split(" ");
      return { index: Number(index), code: Number(code), text: part.slice(newline + 1) };
    });
}
