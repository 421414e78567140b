// Text for a terminal. Host names, labels, errors and log lines are written by others, workers and containers among them, and
// a terminal obeys what it is sent: an escape sequence moves the cursor, rewrites lines, sets titles, types answers. What is
// no plain text is shown as JSON writes it, "\u001b", so that it can be read and harms nobody. Pure.

/** C0 and C1 controls and DEL, marks that turn the direction of text, and Unicode's own line ends. */
const UNSAFE = "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069";
const UNSAFE_IN_LINE = new RegExp(`[${UNSAFE}]`, "g");
const LINE_BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Colours and styles; the palette's are a few of them. */
const STYLE = "\\u001b\\[[0-9;:]{0,32}m";
const STYLE_OR_UNSAFE = new RegExp(`${STYLE}|[${UNSAFE}]`, "g");
/** What cli/render/colour.ts writes. */
const PALETTE = new Set([1, 2, 22, 31, 32, 33, 34, 35, 36, 39, 92, 93, 94, 95, 96].map((code) => `\u001b[${code}m`));
const RESET = "\u001b[0m";

const shown = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A name, an error or another value within one line: line breaks and tabs are spaces, other controls can be seen. */
export const oneLine = (text: string): string => text.replace(LINE_BREAKS, " ").replace(UNSAFE_IN_LINE, shown);

/** Whole output, as the commands lay it out: line ends, tabs and, with `colour`, the palette's colours are ours. */
export const safeText = (text: string, colour: boolean): string =>
  text.replace(STYLE_OR_UNSAFE, (found) =>
    found === "\n" || found === "\t" || (colour && PALETTE.has(found)) ? found : escaped(found),
  );

/** A line that a container wrote: its colours are let through and end with it; the carriage return of its end is dropped. */
export function safeLogLine(text: string): string {
  let isStyled = false;
  const safe = (text.endsWith("\r") ? text.slice(0, -1) : text).replace(STYLE_OR_UNSAFE, (found) => {
    if (found === "\t") return found;
    if (found.length === 1) return shown(found);
    isStyled = true;
    return found;
  });
  return isStyled ? safe + RESET : safe;
}

const escaped = (found: string): string => found.replace(UNSAFE_IN_LINE, shown);
