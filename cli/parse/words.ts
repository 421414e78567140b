// A command line split into words as a shell does, for --entrypoint and --health-cmd's kin: quotes and backslashes, no
// expansion, no operators, comments kept out.
import { SkepError } from "../../shared/errors.ts";

/** @throws {SkepError} `invalid_argument`: a quote is not closed, or the line ends in a backslash. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (quote === "'") {
      if (char === "'") quote = undefined;
      else word = (word ?? "") + char;
    } else if (char === "\\") {
      const next = line[i + 1];
      if (next === undefined) throw new SkepError("invalid_argument", "The line ends in a backslash.");
      // Within double quotes a backslash only protects what would be special there.
      word = (word ?? "") + (quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next);
      i += 1;
    } else if (quote === '"') {
      if (char === '"') quote = undefined;
      else word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "#" && word === undefined) break;
    else word = (word ?? "") + char;
  }
  if (quote !== undefined) throw new SkepError("invalid_argument", `The quote ${quote} is not closed.`);
  if (word !== undefined) words.push(word);
  return words;
}
