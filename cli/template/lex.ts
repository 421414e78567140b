// Cuts a template into text and actions, and actions into tokens. The language is Go's text/template as far as Docker's
// users write it in --format: fields, pipelines, variables, if / else if / else, range, with, comments, trimming.
import { UsageError } from "../usage-error.ts";

export type Token =
  /** .Name; alone "." is a field with an empty name. */
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "sign"; readonly text: "(" | ")" | "|" | "," | "=" | ":=" }
  | { readonly kind: "space" };

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly source: string };

/** @throws {UsageError} */
export function cut(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf("{{", at);
    let text = source.slice(at, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      if (text !== "") pieces.push({ kind: "text", text });
      return pieces;
    }
    const trimLeft = /^\{\{-\s/.test(source.slice(open, open + 4));
    if (trimLeft) text = text.trimEnd();
    if (text !== "") pieces.push({ kind: "text", text });
    const begin = open + (trimLeft ? 3 : 2);
    const close = endOf(source, begin);
    const trimRight = /\s-$/.test(source.slice(begin, close));
    const inner = source.slice(begin, trimRight ? close - 1 : close).trim();
    trimNext = trimRight;
    if (!/^\/\*[\s\S]*\*\/$/.test(inner)) pieces.push({ kind: "action", tokens: tokens(inner), source: inner });
    at = close + 2;
  }
}

/** Where the action's "}}" is, quotes and comments passed over. */
function endOf(source: string, from: number): number {
  const comment = /^\s*\/\*/.test(source.slice(from)) ? source.indexOf("*/", from) : -1;
  let quote: string | undefined;
  for (let i = comment < 0 ? from : comment; i < source.length; i++) {
    const char = source.charAt(i);
    if (quote !== undefined) {
      if (char === "\\" && quote === '"') i += 1;
      else if (char === quote) quote = undefined;
    } else if (char === '"' || char === "`") quote = char;
    else if (source.startsWith("}}", i)) return i;
  }
  throw new UsageError(`template: an action is not closed: ${JSON.stringify(`{{${source.slice(from)}`)} lacks its }}`);
}

const TOKEN =
  /(?<space>\s+)|(?<string>"(?:[^"\\]|\\.)*")|(?<raw>`[^`]*`)|(?<number>-?\d+(?:\.\d+)?)|\.(?<field>[\p{L}_][\p{L}\p{N}_]*)?|\$(?<variable>[\p{L}\p{N}_]*)|(?<sign>:=|[()|,=])|(?<word>[\p{L}_][\p{L}\p{N}_]*)/uy;

function tokens(inner: string): readonly Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < inner.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(inner)?.groups;
    if (groups === undefined)
      throw new UsageError(`template: cannot read ${JSON.stringify(inner.slice(at))} in {{${inner}}}`);
    const { space, string, raw, number, field, variable, sign, word } = groups;
    if (space !== undefined) found.push({ kind: "space" });
    else if (string !== undefined) found.push({ kind: "literal", value: unquote(string) });
    else if (raw !== undefined) found.push({ kind: "literal", value: raw.slice(1, -1) });
    else if (number !== undefined) found.push({ kind: "literal", value: Number(number) });
    else if (variable !== undefined) found.push({ kind: "variable", name: variable });
    else if (sign !== undefined) found.push({ kind: "sign", text: sign as "(" });
    else if (word !== undefined) found.push({ kind: "word", text: word });
    else found.push({ kind: "field", name: field ?? "" });
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

const unquote = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);

/** Docker's users write --format '{{.ID}}\t{{.Name}}' in single quotes: \t and \n outside of actions are meant. */
export const unescapeText = (template: string): string =>
  template.replace(/\\([tn])/g, (_, char: string) => ESCAPES[char] ?? char);
