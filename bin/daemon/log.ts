// pino as our Log: JSON lines on stderr. An error in the fields is written with its message, code and stack.
import { type Logger, pino } from "pino";
import type { Log } from "../../shared/log.ts";
import type { LogLevel } from "./options.ts";

export function createLog(level: LogLevel): Log {
  return wrap(
    pino(
      {
        level,
        base: null,
        serializers: { error: (error: unknown) => (error instanceof Error ? pino.stdSerializers.err(error) : error) },
        formatters: { level: (label) => ({ level: label }) },
        timestamp: pino.stdTimeFunctions.isoTime,
      },
      pino.destination({ dest: 2, sync: true }),
    ),
  );
}

const wrap = (logger: Logger): Log => ({
  debug: (fields, message) => logger.debug(fields, message),
  info: (fields, message) => logger.info(fields, message),
  warn: (fields, message) => logger.warn(fields, message),
  error: (fields, message) => logger.error(fields, message),
  child: (bindings) => wrap(logger.child(bindings)),
});
