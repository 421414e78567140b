// Where commands write to. What reaches a terminal goes through here and is safe for it; what goes into a pipe or a file stays
// as it is. Cursor movements are made here and nowhere else, so none that is in a text is ever obeyed.
import { oneLine, safeLogLine, safeText } from "../shared/safe-text.ts";
import { ellipsis } from "./render/table.ts";

/** A line of a log, as bytes: what a container writes need not be text. */
export interface LogOutput {
  /** Before the line: who wrote it, and when. */
  readonly head: string;
  readonly body: Uint8Array;
  /** The user wants the bytes, whatever they do to the terminal. */
  readonly raw: boolean;
}

export interface Terminal {
  /** Standard output: the result, what scripts read. */
  readonly out: (text: string) => void;
  /** Standard error: warnings and errors. */
  readonly err: (text: string) => void;
  readonly log: (stream: "stdout" | "stderr", line: LogOutput) => void;
  /** Draws `lines` over the `before` lines that were drawn last; each is cut to the width. Only where `isTty`. */
  readonly redraw: (before: number, lines: readonly string[]) => void;
  /** Goes to the top of the screen and empties it. Only where `isTty`. */
  readonly clear: () => void;
  /** Is standard output a terminal? Then progress is drawn in place. */
  readonly isTty: boolean;
  /** May we colour? Never without a terminal, never with NO_COLOR. */
  readonly colour: boolean;
  /** Width and height in characters, read anew each time: the user may resize. */
  readonly columns: () => number;
  readonly rows: () => number;
}

/** What of a process's stream is used. */
export interface OutputStream {
  readonly write: (data: string | Uint8Array) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Of help that goes into a pipe. */
const DEFAULT_COLUMNS = 120;
/** A terminal that says it has none, or fewer than anything can be read in, does not know (a pseudo-terminal without a size). */
const MIN_COLUMNS = 20;
const UNKNOWN_COLUMNS = 80;
const DEFAULT_ROWS = 24;
const MIN_ROWS = 3;

const TOP = "\u001b[H";
const CLEAR_LINE = "\u001b[2K";
const CLEAR_BELOW = "\u001b[J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A`);

type Vars = Readonly<Record<string, string | undefined>>;

/** https://no-color.org: present and not empty means no colour. */
export const mayColour = (isTty: boolean, vars: Vars): boolean =>
  isTty && (vars["NO_COLOR"] ?? "") === "" && vars["TERM"] !== "dumb";

export function processTerminal(stdout: OutputStream, stderr: OutputStream, vars: Vars): Terminal {
  const isTty = stdout.isTTY === true;
  const colour = mayColour(isTty, vars);
  const columns = (): number => {
    const { columns: width = DEFAULT_COLUMNS } = stdout;
    return width < MIN_COLUMNS ? UNKNOWN_COLUMNS : width;
  };
  const text = (stream: OutputStream) => (given: string) =>
    void stream.write(stream.isTTY === true ? safeText(given, colour) : given);
  return {
    out: text(stdout),
    err: text(stderr),
    log: (name, { head, body, raw }) => {
      const stream = name === "stdout" ? stdout : stderr;
      if (raw || stream.isTTY !== true) stream.write(Buffer.concat([Buffer.from(head), body, Buffer.from("\n")]));
      else stream.write(`${safeText(head, colour)}${safeLogLine(Buffer.from(body).toString("utf8"))}\n`);
    },
    redraw: (before, lines) => {
      // A line that wraps would take two rows, and the way back up would be wrong.
      const drawn = lines.map((line) => `${CLEAR_LINE}${ellipsis(oneLine(line), columns())}\n`);
      stdout.write(`${up(before)}${drawn.join("")}${CLEAR_BELOW}`);
    },
    clear: () => void stdout.write(`${TOP}${CLEAR_BELOW}`),
    isTty: isTty && vars["TERM"] !== "dumb",
    colour,
    columns,
    rows: () => {
      const { rows = DEFAULT_ROWS } = stdout;
      return rows < MIN_ROWS ? DEFAULT_ROWS : rows;
    },
  };
}
