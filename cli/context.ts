// Everything a command gets from outside. Commands take nothing ambient, so every one of them runs in-process in tests.
import type { Env } from "../shared/env/env.ts";
import type { Entry } from "./commands/entry.ts";
import type { Connection } from "./connection.ts";
import type { Terminal } from "./terminal.ts";

export interface Files {
  /** @throws Error with a `code` like ENOENT. */
  readonly readText: (path: string) => Promise<string>;
  readonly readBytes: (path: string) => Promise<Uint8Array>;
  /** Durable, readable by its owner only; in place once `verify` has not thrown at what was read back. */
  readonly writeSecret: (
    path: string,
    pieces: AsyncIterable<Uint8Array>,
    verify: (written: Uint8Array) => void,
  ) => Promise<void>;
}

export interface CliContext {
  readonly env: Env;
  readonly terminal: Terminal;
  /** The environment's variables, read once at the edge. */
  readonly vars: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
  /** A line of standard input; on a terminal it asks with `prompt`, and does not show what is typed. */
  readonly readSecret: (prompt: string) => Promise<string>;
  /** The answer to a question. Without a terminal nothing is asked: what was piped in counts, undefined is nobody there. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Root sees every socket: the difference between "no such socket" and "you may not look". */
  readonly isRoot: boolean;
  /**
   * The socket of a dev cluster's host. `target` is "NAME/nodeN"; without it those of all managers of the one dev cluster that
   * runs, and none when none runs. Whether anybody answers there is the caller's to find out.
   */
  readonly findDevSockets: (target?: string) => Promise<readonly string[]>;
}

/** What a command sees: the context, and the connection that the global options chose, opened on first use, and anew by whoever asks after it was lost. */
export interface CommandContext extends CliContext {
  readonly connect: () => Promise<Connection>;
  /** All commands there are, for those that tell of them. */
  readonly commands: readonly Entry[];
  /** Runs a command's work and keeps its exit status. */
  readonly action: (work: () => Promise<number | undefined>) => Promise<void>;
}
