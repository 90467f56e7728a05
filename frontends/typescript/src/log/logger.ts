// Log lines of the front end: through the core's logger when a runtime is set, else to stderr.
import type { TaskerRuntime } from '../native/runtime.js';
import type { LogFields, LogLevel } from '../native/types.js';

/** Takes one line. */
export type LogSink = (level: LogLevel, message: string, fields?: LogFields) => void;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
}

let loggingRuntime: TaskerRuntime | null = null;

/** Sends the lines of this thread's `log…` functions through a runtime's logger. */
export function setLoggingRuntime(runtime: TaskerRuntime): void {
  loggingRuntime = runtime;
}

export function clearLoggingRuntime(): void {
  loggingRuntime = null;
}

function writeToStderr(level: LogLevel, message: string, fields: LogFields = {}): void {
  const data = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  process.stderr.write(`${level} ${message}${data.join('')}\n`);
}

const defaultSink: LogSink = (level, message, fields) => {
  if (loggingRuntime?.isLoaded === true) {
    loggingRuntime.log(level, message, fields);
  } else {
    writeToStderr(level, message, fields);
  }
};

/**
 * A logger whose lines all carry `defaults`; a line's own fields win.
 *
 * @param sink where lines go. @default the runtime set by `setLoggingRuntime`, else stderr
 */
export function createLogger(defaults: LogFields = {}, sink: LogSink = defaultSink): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      sink(level, message, { ...defaults, ...fields });
    };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
  };
}

export function logError(message: string, fields?: LogFields): void {
  defaultSink('error', message, fields);
}

export function logWarn(message: string, fields?: LogFields): void {
  defaultSink('warn', message, fields);
}

export function logInfo(message: string, fields?: LogFields): void {
  defaultSink('info', message, fields);
}

export function logDebug(message: string, fields?: LogFields): void {
  defaultSink('debug', message, fields);
}

export function logTrace(message: string, fields?: LogFields): void {
  defaultSink('trace', message, fields);
}
