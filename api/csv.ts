/** A list as a file for a spreadsheet (RFC 4180). */
import type { Reply } from './visit.ts'

export function csv(name: string, heads: string[], rows: (string | number)[][]): Reply {
  const lines = [heads, ...rows].map((row) => row.map(cell).join(','))
  return {
    text: `${lines.join('\r\n')}\r\n`,
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
    },
  }
}

/** A spreadsheet runs what begins like a formula: such a text gets an apostrophe in front. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
