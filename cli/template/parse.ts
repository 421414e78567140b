// Pieces to a tree.
import { UsageError } from "../usage-error.ts";
import { cut, type Piece, type Token } from "./lex.ts";

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string }
  /** A chain .A.B of `of`. */
  | { readonly kind: "field"; readonly of: Expression; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  /** Each stage after the first is a call that gets the one before as its last argument. */
  | { readonly kind: "pipe"; readonly stages: readonly Expression[] };

export interface Binding {
  /** One name, or in a range index and element. */
  readonly names: readonly string[];
  readonly declares: boolean;
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression; readonly binding: Binding | undefined }
  | {
      readonly kind: "if" | "with" | "range";
      readonly value: Expression;
      readonly binding: Binding | undefined;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** @throws {UsageError} */
export function parseTemplate(source: string): readonly Node[] {
  const pieces = cut(source);
  const state = { at: 0 };
  const { nodes, end } = block(pieces, state, false);
  if (end !== undefined) throw new UsageError(`template: {{${end.source}}} has no block to belong to`);
  return nodes;
}

type Action = Extract<Piece, { kind: "action" }>;

const isWord = (token: Token | undefined, text: string): boolean => token?.kind === "word" && token.text === text;

function block(
  pieces: readonly Piece[],
  state: { at: number },
  inner: boolean,
): { readonly nodes: readonly Node[]; readonly end: Action | undefined } {
  const nodes: Node[] = [];
  for (;;) {
    const piece = pieces[state.at++];
    if (piece === undefined) {
      if (inner) throw new UsageError("template: a block is not closed: {{end}} is missing");
      return { nodes, end: undefined };
    }
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const [first] = piece.tokens;
    if (isWord(first, "end") || isWord(first, "else")) return { nodes, end: piece };
    if (first?.kind === "word" && (first.text === "if" || first.text === "with" || first.text === "range")) {
      nodes.push(control(first.text, piece, piece.tokens.slice(1), pieces, state));
    } else nodes.push({ kind: "print", ...statement(piece, piece.tokens) });
  }
}

function control(
  kind: "if" | "with" | "range",
  action: Action,
  tokens: readonly Token[],
  pieces: readonly Piece[],
  state: { at: number },
): Node {
  const head = statement(action, tokens);
  const body = block(pieces, state, true);
  const words = body.end?.tokens.filter((token) => token.kind !== "space") ?? [];
  if (isWord(words[0], "end")) return { kind, ...head, body: body.nodes, otherwise: [] };
  const next = words[1];
  if (next?.kind === "word" && (next.text === "if" || next.text === "with") && body.end !== undefined) {
    // {{else if X}} is an if within the else that shares the one {{end}}.
    const rest = body.end.tokens.slice(body.end.tokens.indexOf(next) + 1);
    return { kind, ...head, body: body.nodes, otherwise: [control(next.text, body.end, rest, pieces, state)] };
  }
  const other = block(pieces, state, true);
  if (!isWord(other.end?.tokens[0], "end")) throw new UsageError("template: two {{else}} in one block");
  return { kind, ...head, body: body.nodes, otherwise: other.nodes };
}

/** `$x := pipeline`, `$i, $x := pipeline`, `$x = pipeline`, or the pipeline alone. */
function statement(
  action: Action,
  tokens: readonly Token[],
): { readonly value: Expression; readonly binding: Binding | undefined } {
  const assign = tokens.findIndex((token) => token.kind === "sign" && (token.text === ":=" || token.text === "="));
  if (assign < 0) return { value: pipeline(new Reader(tokens, action.source)), binding: undefined };
  const left = tokens.slice(0, assign).filter((token) => token.kind !== "space");
  const names = left.flatMap((token) => (token.kind === "variable" ? [token.name] : []));
  const sign = tokens[assign];
  if (names.length === 0 || names.length > 2 || left.length !== names.length * 2 - 1) {
    throw new UsageError(`template: cannot assign in {{${action.source}}}`);
  }
  return {
    value: pipeline(new Reader(tokens.slice(assign + 1), action.source)),
    binding: { names, declares: sign?.kind === "sign" && sign.text === ":=" },
  };
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly source: string;
  #at = 0;

  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = tokens;
    this.source = source;
    this.skipSpace();
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  skipSpace(): void {
    while (this.peek()?.kind === "space") this.#at += 1;
  }

  isSign(text: string): boolean {
    const token = this.peek();
    return token?.kind === "sign" && token.text === text;
  }

  fail(): never {
    throw new UsageError(`template: cannot read {{${this.source}}}`);
  }
}

function pipeline(reader: Reader, closing = false): Expression {
  const stages: Expression[] = [];
  for (;;) {
    stages.push(stage(reader));
    if (reader.isSign("|")) {
      reader.next();
      reader.skipSpace();
      continue;
    }
    if (reader.peek() !== undefined && !(closing && reader.isSign(")"))) reader.fail();
    const [only] = stages;
    return stages.length === 1 && only !== undefined ? only : { kind: "pipe", stages };
  }
}

/** An operand, or a function's name with its operands. */
function stage(reader: Reader): Expression {
  const token = reader.peek();
  if (token?.kind !== "word" || ["true", "false", "nil"].includes(token.text)) {
    const value = operand(reader);
    reader.skipSpace();
    return value;
  }
  reader.next();
  const args: Expression[] = [];
  for (;;) {
    reader.skipSpace();
    if (reader.peek() === undefined || reader.isSign("|") || reader.isSign(")")) break;
    args.push(operand(reader));
  }
  return { kind: "call", name: token.text, args };
}

function operand(reader: Reader): Expression {
  const token = reader.next();
  if (token === undefined) return reader.fail();
  switch (token.kind) {
    case "literal":
      return { kind: "literal", value: token.value };
    case "field":
      return fields(
        reader,
        token.name === "" ? { kind: "dot" } : { kind: "field", of: { kind: "dot" }, name: token.name },
      );
    case "variable":
      return fields(reader, { kind: "variable", name: token.name });
    case "word":
      if (token.text === "true" || token.text === "false") return { kind: "literal", value: token.text === "true" };
      if (token.text === "nil") return { kind: "literal", value: null };
      return { kind: "call", name: token.text, args: [] };
    case "sign": {
      if (token.text !== "(") return reader.fail();
      reader.skipSpace();
      const value = pipeline(reader, true);
      if (!reader.isSign(")")) return reader.fail();
      reader.next();
      return fields(reader, value);
    }
    case "space":
      return reader.fail();
  }
}

/** .A.B with no space between belongs to what stands before it. */
function fields(reader: Reader, of: Expression): Expression {
  let value = of;
  for (;;) {
    const token = reader.peek();
    if (token?.kind !== "field" || token.name === "") return value;
    reader.next();
    value = { kind: "field", of: value, name: token.name };
  }
}
