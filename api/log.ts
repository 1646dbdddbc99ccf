/** The log: JSON lines on stdout. Pseudonyms and route patterns only: no names, addresses, queries or tokens. */
import { type Logger, pino } from 'pino'

export type Log = Logger

export function openLog(part: 'api' | 'gateway' | 'worker' | 'storage', level: string): Log {
  return pino({
    level,
    base: { part },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // A second fence: what should never be logged is blanked if somebody does.
    redact: ['*.password', '*.token', '*.credential', '*.authorization', '*.cookie'],
  })
}
