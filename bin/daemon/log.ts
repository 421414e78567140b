// pino as our Log: JSON lines on stderr. An error in the fields is written with its message, code and stack.
//
// Nobody who logs expects an error from it, least of all Raft's driver or the handler of uncaught exceptions: a line that
// cannot be written (the disk is full, whoever read the pipe is gone) is dropped, and the next one that can tells how many were.
import { writeSync } from "node:fs";
import { type Logger, pino } from "pino";
import type { Log } from "../../shared/log.ts";
import type { LogLevel } from "./options.ts";

const STDERR = 2;

/** @param write one line, newline included; may throw. */
export function createLog(level: LogLevel, write: (line: string) => void = (line) => writeAll(line)): Log {
  let dropped = 0;
  const destination = {
    write: (line: string): void => {
      try {
        if (dropped > 0)
          write(`${JSON.stringify({ level: "warn", dropped, msg: "log lines could not be written" })}\n`);
        dropped = 0;
        write(line);
      } catch {
        dropped++;
      }
    },
  };
  return wrap(
    pino(
      {
        level,
        base: null,
        serializers: { error: (error: unknown) => (error instanceof Error ? pino.stdSerializers.err(error) : error) },
        formatters: { level: (label) => ({ level: label }) },
        timestamp: pino.stdTimeFunctions.isoTime,
      },
      destination,
    ),
  );
}

function writeAll(line: string): void {
  const bytes = Buffer.from(line);
  for (let at = 0; at < bytes.length; ) at += writeSync(STDERR, bytes, at);
}

const wrap = (logger: Logger): Log => ({
  debug: (fields, message) => logger.debug(fields, message),
  info: (fields, message) => logger.info(fields, message),
  warn: (fields, message) => logger.warn(fields, message),
  error: (fields, message) => logger.error(fields, message),
  child: (bindings) => wrap(logger.child(bindings)),
});
