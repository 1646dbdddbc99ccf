/**
 * All submissions of a course as one archive, made while it is sent: a folder for each student, an archive for each submission,
 * and a manifest that says who, when, how late, how large, and the hash by which each can be checked.
 */
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import { type HandedIn, isArchivedLate, isLate } from './data/submission.ts'

type Read = (id: string) => Promise<{ stream: Readable } | undefined>

export function submissionsArchive(rows: HandedIn[], read: Read, timeZone: string): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  zip.on('error', (error) => output.destroy(error as Error))
  zip.addBuffer(Buffer.from(manifest(rows, timeZone)), 'manifest.csv')
  for (const row of rows) {
    if (row.state !== 'kept') continue
    // An archive is not made smaller by another.
    const options = { mtime: row.created_at, compress: false, size: row.bytes ?? 0 }
    zip.addReadStreamLazy(pathOf(row), options, (give) => {
      void hand(read, row.id, give)
    })
  }
  zip.end()
  return output
}

type Give = (error: unknown, stream: Readable) => void

async function hand(read: Read, id: string, give: Give): Promise<void> {
  try {
    const found = await read(id)
    if (!found) throw new Error(`Submission ${id} is in the record, and not on the storage node.`)
    give(null, found.stream)
  } catch (error) {
    give(error, Readable.from([]))
  }
}

const pathOf = (row: HandedIn): string =>
  `${studentFolder(row)}/submission-${row.number}${isLate(row) ? '-late' : ''}.zip`

/** The name the LMS gave, and a pseudonym, since two may have the same. */
function studentFolder({ display_name, pseudonym }: HandedIn): string {
  const name = (display_name ?? '')
    .replaceAll(/[^\p{L}\p{N} .-]/gu, '_')
    .replace(/^[. ]+/, '')
    .slice(0, 60)
  return [name.trim(), pseudonym].filter(Boolean).join(' ')
}

const HEADS = [
  ...[
    'student',
    'pseudonym',
    'seat',
    'submission',
    'handed in (UTC)',
    'handed in',
    'deadline (UTC)',
  ],
  ...[
    'late',
    'archived (UTC)',
    'archived',
    'archived after the deadline',
    'state',
    'bytes',
    'files',
    'left out',
    'sha256',
    'file',
  ],
]

/** CSV as RFC 4180 has it, for people and spreadsheets. */
export function manifest(rows: HandedIn[], timeZone: string): string {
  const local = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const lines = rows.map((row) => [
    ...[row.display_name ?? '', row.pseudonym, row.seat ?? '', row.number],
    ...[
      row.created_at.toISOString(),
      local.format(row.created_at),
      row.due_at?.toISOString() ?? '',
    ],
    ...[isLate(row) ? 'late' : '', row.kept_at?.toISOString() ?? ''],
    ...[row.kept_at ? local.format(row.kept_at) : '', isArchivedLate(row) ? 'yes' : ''],
    ...[row.state, row.bytes ?? '', row.files ?? '', row.left_out ?? ''],
    ...[row.sha256 ?? '', row.state === 'kept' ? pathOf(row) : ''],
  ])
  return [HEADS, ...lines].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

/** What begins like a formula is none: a student chooses what the LMS calls them. */
function cell(value: string | number): string {
  const text = String(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
