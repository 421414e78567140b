// From words to an exit status: build the part of the command tree that was asked for, parse, run, tell what went wrong.
import { CommanderError } from "commander";
import { SkepError } from "../shared/errors.ts";
import { oneLine } from "../shared/safe-text.ts";
import { ENTRIES } from "./commands/index.ts";
import { chooseTarget, findSocket } from "./connect.ts";
import type { Connection } from "./connection.ts";
import type { CliContext, CommandContext } from "./context.ts";
import { buildProgram } from "./program.ts";
import { EXIT, exitStatusOf, UsageError } from "./usage-error.ts";

/** @param argv the words after "skep". */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  let status: number = EXIT.ok;
  let connection: Promise<Connection> | undefined;
  let hostFlag: () => string | undefined = () => undefined;

  const connect = async (): Promise<Connection> => {
    const [socket, { openConnection }] = await Promise.all([
      findSocket(chooseTarget(hostFlag(), context.vars), context),
      import("./open-connection.ts"), // takes as long as connecting
    ]);
    return openConnection(socket, context.env, context.signal);
  };
  const commandContext: CommandContext = {
    ...context,
    commands: ENTRIES,
    // Who watches asks again and again: by then the daemon may have begun anew.
    connect: () => {
      connection =
        connection === undefined ? connect() : connection.then((open) => (open.isOpen() ? open : connect()), connect);
      return connection;
    },
    action: async (work) => {
      status = (await work()) ?? EXIT.ok;
    },
  };

  try {
    const built = await buildProgram(argv, commandContext);
    hostFlag = built.hostFlag;
    if (built.helpOf !== undefined) {
      built.helpOf.outputHelp();
      return EXIT.ok;
    }
    await built.program.parseAsync([...built.argv], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof UsageError) {
      context.terminal.err(`error: ${error.message}\n`);
      return exitStatusOf(error);
    }
    const known = SkepError.from(error);
    if (context.signal.aborted) return EXIT.interrupted;
    context.terminal.err(`error: ${oneLine(known.message)}\n`);
    return exitStatusOf(known);
  } finally {
    const open = await connection?.catch(() => undefined);
    open?.close();
  }
}
