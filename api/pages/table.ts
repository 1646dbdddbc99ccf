/** A table that scrolls inside itself on narrow screens, or a sentence when there is nothing. */
import { type Html, html } from './html.ts'

export type Column<Row> = { head: string | Html; cell: (row: Row) => unknown; isNumber?: boolean }

export function tableOf<Row>(
  label: string,
  columns: Column<Row>[],
  rows: Row[],
  none: string,
): Html {
  if (rows.length === 0) return html`<p class="empty">${none}</p>`
  const look = (column: Column<Row>) => (column.isNumber ? 'number' : '')
  return html`<div class="table-wrap" tabindex="0" role="group" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col" class="${look(column)}">${column.head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((column) => html`<td class="${look(column)}">${column.cell(row)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

export type Look = 'good' | 'busy' | 'bad' | 'calm'

export const tag = (look: Look, text: string): Html =>
  html`<span class="tag ${look}">${text}</span>`
