export {
  clearLoggingRuntime,
  createLogger,
  logDebug,
  logError,
  logInfo,
  logTrace,
  logWarn,
  setLoggingRuntime,
  type LogSink,
  type Logger,
} from './logger.js';
