// What the table of commands (index.ts) says of one of them.
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";

export interface CommandModule {
  /** Adds arguments, options, help and the action. */
  readonly define: (command: Command, context: CommandContext) => void;
}

export interface CommandEntry {
  readonly kind: "command";
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export interface NounEntry {
  readonly kind: "noun";
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly CommandEntry[];
}

/** A command tree that is made elsewhere, whole. */
export interface ForeignEntry {
  readonly kind: "foreign";
  readonly name: string;
  readonly summary: string;
  readonly load: (context: CommandContext) => Promise<Command>;
}

export type Entry = CommandEntry | NounEntry | ForeignEntry;
