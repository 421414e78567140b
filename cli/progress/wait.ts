// Looks at a service until it has converged, cannot, or the user has seen enough; draws what it sees.
import type { Node, Service, Task } from "../../proto/gen/objects.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { isTerminal } from "../../shared/model/tasks.ts";
import { oneLine } from "../../shared/safe-text.ts";
import type { CliContext, CommandContext } from "../context.ts";
import { EXIT } from "../usage-error.ts";
import { changedLines, progressLines } from "./render.ts";
import { type Look, remember, type Since, type View, viewOf } from "./view.ts";

const LOOK_EVERY_MS = 150;
const NODES_EVERY_MS = 1_000;
// A leader change takes a second or two; a cluster that stays silent longer has other troubles.
const SILENCE_MS = 30_000;
// Docker waits the update monitor's 5 s after every create. Most things that die at once do so sooner.
const VERIFY_MS = 2_000;

export interface WaitOptions {
  readonly quiet: boolean;
  /** The service as the write returned it. */
  readonly service: Service;
  /** Its tasks before the write: their ends are not held against it. */
  readonly tasksBefore: readonly Task[];
  readonly isRollback?: boolean | undefined;
}

/** @returns the exit status. The service itself is left as it is, whatever the outcome. */
export async function waitForService(context: CommandContext, options: WaitOptions): Promise<number> {
  const { service } = options;
  const name = oneLine(service.spec?.name ?? service.id);
  const painter = createPainter(context, options.quiet);
  try {
    const outcome = await converge(context, options, painter);
    if (outcome.kind === "converged") {
      painter.final(`verify: Service ${name} converged`);
      return EXIT.ok;
    }
    painter.final("");
    const reasons = outcome.reasons.map((reason) => `  ${oneLine(reason)}\n`).join("");
    context.terminal.err(
      `error: service ${name} did not converge:\n${reasons}` +
        `The service stays as it is. Its tasks: \`skep service ps --no-trunc ${name}\`; ` +
        `${/non-zero exit/.test(reasons) ? `what they said: \`skep service logs ${name}\`; ` : ""}` +
        `away with it: \`skep service rm ${name}\`.\n`,
    );
    return EXIT.failed;
  } catch (error) {
    painter.final("");
    if (!context.signal.aborted) throw error;
    context.terminal.err(`Operation continuing in background.\nUse \`skep service ps ${name}\` to check progress.\n`);
    return EXIT.interrupted;
  }
}

type Outcome = { readonly kind: "converged" } | { readonly kind: "failed"; readonly reasons: readonly string[] };

async function converge(context: CommandContext, options: WaitOptions, painter: Painter): Promise<Outcome> {
  const { env, signal } = context;
  const look = createLooker(context, options.service.id);
  let since: Since = {
    ended: new Set(
      options.tasksBefore.filter((task) => isTerminal(task.status?.state ?? "new")).map((task) => task.id),
    ),
    pendingSince: new Map(),
    isRollback: options.isRollback === true,
    writtenAtMs: options.service.meta?.updatedAtMs ?? 0,
  };
  const verifyMs = options.service.spec?.updateConfig?.monitorMs ?? VERIFY_MS;
  let stableSince: { readonly atMs: number; readonly tasks: string } | undefined;
  for (;;) {
    const seen = await look(signal);
    if (seen === undefined) return { kind: "failed", reasons: ["it was removed meanwhile"] };
    const nowMs = env.nowMs();
    since = remember(since, seen, nowMs);
    const view = viewOf(seen, since, nowMs);
    let note = "";
    switch (view.outcome.kind) {
      case "failed":
        painter.draw(view, seen.nodes, "");
        return view.outcome;
      case "verified":
        painter.draw(view, seen.nodes, "");
        return { kind: "converged" };
      case "waiting":
        stableSince = undefined;
        break;
      case "converged": {
        const tasks = view.places.map((place) => place.task?.id ?? "").join();
        if (stableSince?.tasks !== tasks) stableSince = { atMs: nowMs, tasks };
        // Nothing runs, so nothing can prove unstable.
        if (view.total === 0 && options.service.spec?.mode?.kind === "replicated") return { kind: "converged" };
        const leftMs = stableSince.atMs + verifyMs - nowMs;
        if (leftMs <= 0) {
          painter.draw(view, seen.nodes, "");
          return { kind: "converged" };
        }
        const seconds = Math.ceil(leftMs / 1_000);
        note = `verify: Waiting ${seconds} second${seconds === 1 ? "" : "s"} to verify that tasks are stable...`;
        break;
      }
    }
    painter.draw(view, seen.nodes, note);
    await env.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Undefined: the service is gone. A cluster that cannot answer for a while (a new leader is chosen) is asked again. */
function createLooker(context: CommandContext, id: string): (signal: AbortSignal) => Promise<Look | undefined> {
  let nodes = new Map<string, Node>();
  let nodesAtMs = Number.NEGATIVE_INFINITY;
  let silentSinceMs: number | undefined;
  return async (signal) => {
    for (;;) {
      try {
        const connection = await context.connect(); // anew, when the daemon was started again
        const [service, { tasks }] = await Promise.all([
          connection.control.getService({ ref: id }, { signal }),
          connection.control.listTasks({ filters: [{ key: "service", values: [id] }] }, { signal }),
        ]);
        const nowMs = context.env.nowMs();
        if (
          nowMs - nodesAtMs >= NODES_EVERY_MS ||
          tasks.some((task) => task.nodeId !== "" && !nodes.has(task.nodeId))
        ) {
          nodes = new Map(
            (await connection.control.listNodes({ filters: [] }, { signal })).nodes.map((node) => [node.id, node]),
          );
          nodesAtMs = nowMs;
        }
        silentSinceMs = undefined;
        return { service, tasks, nodes };
      } catch (error) {
        if (isCode(error, "not_found")) return undefined;
        const nowMs = context.env.nowMs();
        silentSinceMs ??= nowMs;
        const patient = isCode(error, "unavailable") || isCode(error, "deadline_exceeded");
        if (!patient || signal.aborted || nowMs - silentSinceMs > SILENCE_MS) throw SkepError.from(error);
        await context.env.sleep(LOOK_EVERY_MS, signal);
      }
    }
  };
}

interface Painter {
  readonly draw: (view: View, nodes: ReadonlyMap<string, Node>, note: string) => void;
  /** The last line, which stays. */
  readonly final: (line: string) => void;
}

function createPainter({ terminal }: CliContext, quiet: boolean): Painter {
  if (quiet) return { draw: () => undefined, final: () => undefined };
  if (terminal.isTty) {
    let drawn: readonly string[] = [];
    const paint = (lines: readonly string[]): void => {
      if (lines.join("\n") === drawn.join("\n")) return;
      terminal.redraw(drawn.length, lines);
      drawn = lines;
    };
    let picture: readonly string[] = [];
    return {
      draw: (view, nodes, note) => {
        picture = progressLines(view, nodes, { columns: terminal.columns(), rows: terminal.rows() });
        paint(note === "" ? picture : [...picture, note]);
      },
      final: (line) => paint(line === "" ? picture : [...picture, line]),
    };
  }
  let before: View | undefined;
  return {
    draw: (view) => {
      for (const line of changedLines(before, view)) terminal.out(`${line}\n`);
      before = view;
    },
    final: (line) => {
      if (line !== "") terminal.out(`${line}\n`);
    },
  };
}
