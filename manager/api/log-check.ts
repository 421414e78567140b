// What an agent may say when it is asked for logs: lines of the tasks that it was asked for, and nothing about others. A node
// may lie about what its own tasks wrote, as it runs them; it may not speak for another node's. Pure.
import type { LogLine, LogOptions, LogsResponse } from "../../proto/gen/control.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { MAX_LOG_PART_BYTES, MAX_LOG_TIME_NS } from "../../shared/model/log-line.ts";
import { LAST_TIME_MS } from "../../shared/model/time.ts";

/** What one node was asked for. */
export interface Asked {
  readonly nodeId: NodeId;
  /** The tasks, each with its service as the store has it. */
  readonly tasks: ReadonlyMap<TaskId, ServiceId>;
  readonly options: LogOptions;
}

const MAX_WARNING_CHARACTERS = 512;
/** Beside one for each task. */
const SPARE_WARNINGS = 16;

/** Why `line` is no answer to what was asked; undefined when it is one. */
export function strangerIn(line: LogLine, { nodeId, tasks, options }: Asked): string | undefined {
  const serviceId = tasks.get(line.taskId);
  if (serviceId === undefined) return "a task that it was not asked for";
  if (line.nodeId !== nodeId) return "another node";
  // An agent that has forgotten a task may still have its log, and names no service then.
  if (line.serviceId !== "" && line.serviceId !== serviceId) return "another service";
  const both = options.stdout === options.stderr;
  if (!both && !(line.stream === "stdout" ? options.stdout : options.stderr)) return "a stream that was not asked for";
  if (line.timestampMs < 0 || line.timestampMs > LAST_TIME_MS || line.timestampNs > MAX_LOG_TIME_NS)
    return "a time that is none";
  if (line.timestampMs < options.sinceMs || (options.untilMs > 0 && line.timestampMs > options.untilMs))
    return "a time that was not asked for";
  if (line.data.length > MAX_LOG_PART_BYTES) return `more than ${MAX_LOG_PART_BYTES} bytes`;
  return undefined;
}

/** Checks one stream of answers: it keeps what belongs, and says once that something did not. */
export class AnswerCheck {
  readonly #asked: Asked;
  #warningsLeft: number;
  #hasToldStrangers = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#warningsLeft = asked.tasks.size + SPARE_WARNINGS;
  }

  keep({ lines, warnings }: LogsResponse): {
    readonly lines: readonly LogLine[];
    readonly warnings: readonly string[];
  } {
    const told = warnings.slice(0, this.#warningsLeft).map(shortened);
    this.#warningsLeft -= told.length;
    const kept: LogLine[] = [];
    for (const line of lines) {
      const stranger = strangerIn(line, this.#asked);
      if (stranger === undefined) {
        // The store's word, not the agent's.
        const serviceId = this.#asked.tasks.get(line.taskId) ?? line.serviceId;
        kept.push(line.serviceId === serviceId ? line : { ...line, serviceId });
      } else if (!this.#hasToldStrangers) {
        this.#hasToldStrangers = true;
        told.push(`it sent lines of ${stranger}: such lines are dropped; look at what runs on that node`);
      }
    }
    return { lines: kept, warnings: told };
  }
}

const shortened = (text: string): string =>
  text.length <= MAX_WARNING_CHARACTERS ? text : `${text.slice(0, MAX_WARNING_CHARACTERS)}…`;
