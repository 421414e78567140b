// What a command may know of the place it writes to. Tests pass one that remembers; `processTerminal` is the real one.

export interface Terminal {
  /** Standard output: the result, what scripts read. */
  readonly out: (text: string) => void;
  /** Standard error: warnings and errors. */
  readonly err: (text: string) => void;
  /** Is standard output a terminal? Then progress is drawn in place. */
  readonly isTty: boolean;
  /** May we colour? Never without a terminal, never with NO_COLOR. */
  readonly colour: boolean;
  /** Width and height in characters, read anew each time: the user may resize. */
  readonly columns: () => number;
  readonly rows: () => number;
}

const DEFAULT_COLUMNS = 120;
const DEFAULT_ROWS = 24;

type Vars = Readonly<Record<string, string | undefined>>;

/** https://no-color.org: present and not empty means no colour. */
export const mayColour = (isTty: boolean, vars: Vars): boolean =>
  isTty && (vars["NO_COLOR"] ?? "") === "" && vars["TERM"] !== "dumb";

export function processTerminal(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, vars: Vars): Terminal {
  const isTty = stdout.isTTY === true;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTty: isTty && vars["TERM"] !== "dumb",
    colour: mayColour(isTty, vars),
    columns: () => stdout.columns ?? DEFAULT_COLUMNS,
    rows: () => stdout.rows ?? DEFAULT_ROWS,
  };
}
