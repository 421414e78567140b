import type { Command } from "commander";
import type { StatusResponse } from "../../../proto/gen/control.ts";
import { SkepError } from "../../../shared/errors.ts";
import { oneLine } from "../../../shared/safe-text.ts";
import type { CommandContext } from "../../context.ts";
import { booleanOption, teach } from "../../options.ts";
import { statusText, verdictOf } from "../../render/status.ts";
import { statusFields } from "../../render/status-fields.ts";
import { compile } from "../../template/template.ts";
import { UsageError } from "../../usage-error.ts";

const STATUS = { healthy: 0, degraded: 1, "no quorum": 2 } as const;
const UNREACHABLE = 2;
const TIMEOUT_MS = 10_000;
const WATCH_EVERY_MS = 2_000;

export function define(command: Command, context: CommandContext): void {
  command.option("-f, --format <format>", 'json, or a template over the same fields: "{{.Verdict}}"');
  booleanOption(command, "-w, --watch", "draw it anew every two seconds until Ctrl-C");
  teach(
    command,
    [
      ["skep status", "is all well? what is not, and why?"],
      ["skep status > /dev/null || alert", "in a script"],
      ["skep status --format json", "the same for a program"],
      ["skep status --format '{{range .Reasons}}{{println .}}{{end}}'", "only what is wrong"],
    ],
    "skep node ls, skep service ls, skep events",
  );
  command.addHelpText(
    "after",
    "\nExit status:\n  0  healthy\n  1  degraded: a node, manager or service is not as it should be\n  2  the cluster cannot be reached, or has no quorum",
  );
  command.action((options: { readonly watch?: boolean; readonly format?: string }) =>
    context.action(async () => {
      const { terminal, env, signal } = context;
      const show = presentation(context, options.format);
      for (;;) {
        const { text, error, status } = await look(context, show);
        if (options.watch === true && terminal.isTty) terminal.clear();
        terminal.out(text);
        if (error !== "") terminal.err(`error: ${oneLine(error)}\n`);
        if (options.watch !== true || signal.aborted) return status;
        try {
          await env.sleep(WATCH_EVERY_MS, signal);
        } catch {
          return status;
        }
      }
    }),
  );
}

type Show = (status: StatusResponse) => string;

/** @throws {UsageError} for a template that cannot be read. */
function presentation({ terminal }: CommandContext, format: string | undefined): Show {
  if (format === undefined) {
    return (status) => {
      const columns = terminal.isTty ? terminal.columns() : Number.MAX_SAFE_INTEGER;
      return statusText(status, { columns, colour: terminal.colour });
    };
  }
  if (format === "json") return (status) => `${JSON.stringify(statusFields(status))}\n`;
  const template = compile(format, { absent: "no value" });
  return (status) => `${template(statusFields(status))}\n`;
}

async function look(
  context: CommandContext,
  show: Show,
): Promise<{ readonly text: string; readonly error: string; readonly status: number }> {
  try {
    const { control } = await context.connect();
    const status = await control.status({}, { timeoutMs: TIMEOUT_MS });
    return {
      text: show(status),
      error: "",
      status: STATUS[verdictOf(status)],
    };
  } catch (error) {
    if (error instanceof UsageError || context.signal.aborted) throw error;
    return { text: "", error: SkepError.from(error).message, status: UNREACHABLE };
  }
}
