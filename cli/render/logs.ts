// Log lines as docker prints them: "web.1.k3j2h1g5f4d3@node2    | text". Pure but for the parts of long lines it holds.
import type { LogLine } from "../../proto/gen/control.ts";
import { oneLine } from "../../shared/safe-text.ts";
import { formatTimestamp } from "../parse/time.ts";
import type { Palette } from "./colour.ts";

/** What is known of the task that wrote a line. */
export interface LogSource {
  /** "web.1"; undefined where names are not wanted. */
  readonly name: string | undefined;
  readonly hostname: string;
  /** With --details: the labels and variables that --log-opt names, "a=b,c=d". */
  readonly details: string;
}

export interface LogFormat {
  readonly timestamps: boolean;
  /** Nothing before the line. */
  readonly raw: boolean;
  readonly noTrunc: boolean;
  readonly noTaskIds: boolean;
}

function logPrefix(line: LogLine, source: LogSource | undefined, format: LogFormat): string {
  const id = format.noTrunc ? line.taskId : line.taskId.slice(0, 12);
  if (source?.name === undefined) return `${id}@${line.nodeId}`;
  return `${format.noTaskIds ? source.name : `${source.name}.${id}`}@${source.hostname}`;
}

export interface LogText {
  readonly stream: LogLine["stream"];
  /** What stands before the line. */
  readonly head: string;
  /** As the container wrote it. */
  readonly body: Uint8Array;
}

const MAX_JOINED_BYTES = 1024 * 1024;

/**
 * Formats lines one by one. A line over 16 KiB comes in parts; they are put together, up to 1 MiB, so that the parts of two
 * tasks do not mix. `sourceOf` may be asked for any task of a line given.
 */
export function createLogFormatter(
  format: LogFormat,
  palette: Palette,
  sourceOf: (taskId: string) => LogSource | undefined,
): { readonly format: (line: LogLine) => LogText | undefined; readonly flush: () => readonly LogText[] } {
  const parts = new Map<string, { first: LogLine; chunks: Uint8Array[]; bytes: number }>();
  const colours = new Map<string, number>();
  let longest = 0;

  const finish = (line: LogLine, chunks: readonly Uint8Array[]): LogText => {
    const body = Buffer.concat(chunks);
    const source = sourceOf(line.taskId);
    const time = format.timestamps ? `${formatTimestamp(line.timestampMs, line.timestampNs, true)} ` : "";
    const details = source === undefined || source.details === "" ? "" : `${source.details} `;
    if (format.raw) return { stream: line.stream, head: `${time}${details}`, body };
    const prefix = oneLine(logPrefix(line, source, format));
    longest = Math.max(longest, prefix.length);
    const nth = colours.get(line.taskId) ?? colours.size;
    colours.set(line.taskId, nth);
    const who = palette.nth(nth)(`${prefix.padEnd(longest)}    |`);
    return { stream: line.stream, head: `${time}${who} ${details}`, body };
  };

  return {
    format: (line) => {
      const key = `${line.taskId}/${line.stream}`;
      const held = parts.get(key) ?? { first: line, chunks: [], bytes: 0 };
      held.chunks.push(line.data);
      held.bytes += line.data.length;
      if (line.partial && held.bytes < MAX_JOINED_BYTES) {
        parts.set(key, held);
        return undefined;
      }
      parts.delete(key);
      return finish(held.first, held.chunks);
    },
    flush: () => {
      const rest = [...parts.values()].map((held) => finish(held.first, held.chunks));
      parts.clear();
      return rest;
    },
  };
}
