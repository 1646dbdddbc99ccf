/**
 * A table, or a sentence when there is nothing. Where there is no room for its columns, each row becomes a short list of its
 * own (table.css): what stood above a column then stands before each value.
 */
import { type Html, html } from './html.ts'

export type Column<Row> = {
  head: string | Html
  /** What it says before a value where the head is more than a text. */
  label?: string
  cell: (row: Row) => unknown
  isNumber?: boolean
}

/**
 * `roll`: a class, with number, name and state in one line where it is narrow, the rest below. `few`: its columns have room
 * everywhere, so it stays a table.
 */
type Shape = 'roll' | 'few' | 'list'

export function tableOf<Row>(
  label: string,
  columns: Column<Row>[],
  rows: Row[],
  none: string,
  shape: Shape = 'list',
): Html {
  if (rows.length === 0) return html`<p class="empty">${none}</p>`
  // Said in roles as well: some browsers forget what a table is once it is laid out otherwise.
  return html`<div class="table-wrap is-${shape}" tabindex="0" role="group" aria-label="${label}">
    <table role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(
            ({ head, isNumber }) =>
              html`<th scope="col" role="columnheader" class="${isNumber && 'number'}">
                ${head}
              </th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) =>
            html`<tr role="row">
              ${columns.map((column) => cellOf(column, row))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function cellOf<Row>(column: Column<Row>, row: Row): Html {
  const label = column.label ?? (typeof column.head === 'string' ? column.head : '')
  const value = column.cell(row)
  const isBare = value === undefined || value === null || value === false || value === ''
  const looks = [column.isNumber && 'number', isBare && 'is-bare'].filter(Boolean).join(' ')
  return html`<td role="cell" class="${looks}" data-head="${label}">${value}</td>`
}

/** A time or an amount, never in two lines. */
export const unbroken = (text: string): Html => html`<span class="unbroken">${text}</span>`

export type Look = 'good' | 'busy' | 'bad' | 'calm'

export const tag = (look: Look, text: string): Html =>
  html`<span class="tag ${look}">${text}</span>`
