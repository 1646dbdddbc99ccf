/** Plain text tables for the terminal: columns as wide as their content, two spaces between them. */

/** `rows` under `heads`; numbers stand to the right. Answers lines without trailing spaces. */
export function table(heads: string[], rows: (string | number)[][]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => String(row[column] ?? '').length)),
  )
  const isNumber = heads.map((_, column) => rows.every((row) => typeof row[column] === 'number'))
  const line = (row: (string | number)[]) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return isNumber[column] && rows.length > 0
          ? String(cell).padStart(width)
          : String(cell).padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(heads), ...rows.map(line)].join('\n')
}
