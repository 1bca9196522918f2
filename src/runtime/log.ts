/** The log: pino, JSON lines on stdout, readable lines on a terminal. A part gets a child of it and never makes its own. */
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Opens the process's log. `pretty` is meant for terminals only: it costs a second thread. */
export function openLog(level: LogLevel, pretty: boolean): Logger {
  const base = { level, timestamp: pino.stdTimeFunctions.isoTime };
  if (!pretty) return pino(base);
  return pino({ ...base, transport: { target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname' } } });
}
