// `skep status`: one screen that tells how the cluster is. The verdict first, then what it follows from, then what is wrong
// and why, then what happened last. Pure: an answer and a width give lines.
import { stripVTControlCharacters } from "node:util";
import type { ServiceHealth, StatusResponse } from "../../proto/gen/control.ts";
import { oneLine } from "../../shared/safe-text.ts";
import { formatTimestamp } from "../parse/time.ts";
import { type Palette, palette } from "./colour.ts";
import { storyOf } from "./event-story.ts";
import { managerStatusText } from "./nodes.ts";
import { replicasText } from "./services.ts";
import { ellipsis, pad, width } from "./table.ts";
import { compare } from "./tasks.ts";

export type Verdict = "healthy" | "degraded" | "no quorum";

/** Pure: what the answer says altogether. */
export function verdictOf(status: StatusResponse): Verdict {
  const reachable = status.managers.filter((manager) => manager.reachability === "reachable").length;
  if (status.managers.length > 0 && reachable < status.quorum) return "no quorum";
  const wrong =
    status.problems.length > 0 ||
    status.services.some((service) => service.problems.length > 0) ||
    status.managers.some((manager) => manager.reachability !== "reachable") ||
    status.nodes.some((node) => node.status?.state !== "ready");
  return wrong ? "degraded" : "healthy";
}

export interface StatusScreen {
  readonly columns: number;
  readonly colour: boolean;
}

const MAX_SERVICES = 30;
const MAX_WRONG_SERVICES = 5;
const MAX_NODES = 30;
const MAX_EVENTS = 8;
const LAG_WORTH_TELLING = 100;

export function statusText(status: StatusResponse, screen: StatusScreen): string {
  const colours = palette(screen.colour);
  const lines = [
    verdictLine(status, colours),
    ...reasons(status).map((reason) => colours.yellow(`  ! ${oneLine(reason)}`)),
    "",
    ...managerLines(status, colours),
    "",
    ...nodeLines(status, colours),
    "",
    ...serviceLines(status.services, colours),
    ...eventLines(status, colours),
  ];
  return lines.map((line) => `${fit(line, screen.columns)}\n`).join("");
}

function verdictLine(status: StatusResponse, colours: Palette): string {
  const verdict = verdictOf(status);
  const paint = verdict === "healthy" ? colours.green : verdict === "degraded" ? colours.yellow : colours.red;
  const ready = status.nodes.filter((node) => node.status?.state === "ready").length;
  const well = status.services.filter((service) => service.problems.length === 0).length;
  const name = status.cluster?.spec?.name ?? "";
  return (
    `${paint(colours.bold(verdict.toUpperCase()))}  ` +
    `${name === "" || name === "default" ? "" : `${oneLine(name)}: `}` +
    `${count(ready, status.nodes.length, "node")} ready, ${count(well, status.services.length, "service")} well`
  );
}

/** Everything that the verdict follows from: what is wrong with the cluster, and the worst of each service that is wrong. */
export function reasons({ problems, services }: StatusResponse): readonly string[] {
  const wrong = services
    .filter((one) => one.problems.length > 0)
    .toSorted((a, b) => compare(a.service?.spec?.name ?? "", b.service?.spec?.name ?? ""))
    .map(({ service, problems: [first = "", ...rest] }) => {
      const more = rest.length === 0 ? "" : ` (and ${rest.length} more, below)`;
      return `service ${service?.spec?.name ?? ""}: ${first}${more}`;
    });
  const hidden = wrong.length - MAX_WRONG_SERVICES;
  return hidden > 0
    ? [
        ...problems,
        ...wrong.slice(0, MAX_WRONG_SERVICES),
        `and ${hidden} more service${hidden === 1 ? "" : "s"}, below`,
      ]
    : [...problems, ...wrong];
}

const count = (of: number, all: number, noun: string): string => `${of} of ${all} ${noun}${all === 1 ? "" : "s"}`;

function managerLines(status: StatusResponse, colours: Palette): readonly string[] {
  const reachable = status.managers.filter((manager) => manager.reachability === "reachable").length;
  const tolerated = status.failuresTolerated === 1 ? "1 more may fail" : `${status.failuresTolerated} more may fail`;
  const rows = status.managers.map((manager) => {
    const isDown = manager.reachability !== "reachable";
    const what = manager.leader ? "leader" : isDown ? colours.red(manager.reachability) : "follower";
    const lag = !manager.leader && !isDown && manager.lag >= LAG_WORTH_TELLING ? `  ${manager.lag} entries behind` : "";
    return [`  ${oneLine(manager.hostname)}`, what, `${oneLine(manager.addr)}${lag}`];
  });
  return [
    colours.bold(
      `MANAGERS  ${reachable} of ${status.managers.length} reachable, quorum ${status.quorum}, ${tolerated}`,
    ) + colours.dim(`  (term ${status.raftTerm}, index ${status.raftIndex})`),
    ...columns(rows),
  ];
}

function nodeLines(status: StatusResponse, colours: Palette): readonly string[] {
  const order = (state: string): number => (state === "ready" ? 1 : 0);
  const sorted = status.nodes.toSorted(
    (a, b) =>
      order(a.status?.state ?? "unknown") - order(b.status?.state ?? "unknown") ||
      compare(a.description?.hostname ?? "", b.description?.hostname ?? ""),
  );
  const rows = sorted.slice(0, MAX_NODES).map((node) => {
    const state = node.status?.state ?? "unknown";
    const availability = node.spec?.availability ?? "active";
    const why = node.status?.message ?? "";
    return [
      `  ${oneLine(node.description?.hostname ?? node.id)}`,
      state === "ready" ? state : colours.red(state),
      availability === "active" ? "active" : colours.yellow(availability),
      `${managerStatusText(node) === "" ? "worker" : "manager"}${why === "" ? "" : `  ${oneLine(why)}`}`,
    ];
  });
  const more = sorted.length - rows.length;
  return [colours.bold("NODES"), ...columns(rows), ...(more > 0 ? [`  … and ${more} more that are ready`] : [])];
}

function serviceLines(services: readonly ServiceHealth[], colours: Palette): readonly string[] {
  if (services.length === 0) return [colours.bold("SERVICES"), "  none yet: skep service create --name web IMAGE"];
  const sorted = services.toSorted(
    (a, b) =>
      Number(a.problems.length === 0) - Number(b.problems.length === 0) ||
      compare(a.service?.spec?.name ?? "", b.service?.spec?.name ?? ""),
  );
  const shown = sorted.slice(0, MAX_SERVICES);
  const heads = columns(
    shown.map((one) => [
      `  ${oneLine(one.service?.spec?.name ?? "")}`,
      replicasText(one),
      one.problems.length === 0 ? colours.green("ok") : colours.red("wrong"),
    ]),
  );
  const lines = shown.flatMap((one, i) => [
    heads[i] ?? "",
    ...one.problems.map((problem) => colours.yellow(`      ${oneLine(problem)}`)),
  ]);
  const more = sorted.length - shown.length;
  return [colours.bold("SERVICES"), ...lines, ...(more > 0 ? [`  … and ${more} more`] : [])];
}

function eventLines(status: StatusResponse, colours: Palette): readonly string[] {
  if (status.lastEvents.length === 0) return [];
  const lines = storyOf(status.lastEvents, MAX_EVENTS).map(({ timeMs, text }) => {
    // The date is today's almost always: the time of day is enough on a screen.
    const time = formatTimestamp(timeMs).slice(11, 19);
    return `  ${colours.dim(time)}  ${oneLine(text)}`;
  });
  return ["", `${colours.bold("LAST EVENTS")}${colours.dim("  (UTC)")}`, ...lines];
}

/** Columns two spaces apart; colours do not count. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(stripVTControlCharacters(cell)));
    });
  return rows.map((row) =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cell : cell + pad("", (widths[i] ?? 0) - width(stripVTControlCharacters(cell)) + 2),
      )
      .join("")
      .trimEnd(),
  );
}

/** Cut to the terminal; a coloured line that is too long loses its colours rather than its end sequence. */
const fit = (line: string, most: number): string =>
  width(stripVTControlCharacters(line)) <= most ? line : ellipsis(stripVTControlCharacters(line), most);
