/**
 * Submissions of a course as one archive, made while it is sent: a folder for each student, an archive for each submission,
 * and a manifest that says who, when, how late, how large, and the hash by which each can be checked. What cannot be read is
 * named, in the manifest and in a text of its own, and the rest is there.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import {
  type HandedIn,
  isArchivedLate,
  isLate,
  type RefusedHandIn,
} from '../data/volumes/submission.ts'
import { type Locale, say } from '../locale.ts'

type Read = (id: string) => Promise<{ stream: Readable } | undefined>

/** Why one is not here, or not as it was handed in. */
type Lack = 'not-there' | 'no-answer' | 'cut' | 'damaged'
/** By the submission's id. */
type Lacks = Map<string, Lack>

const MISSING = '_missing.txt'

type Words = { locale: Locale; timeZone: string; refused?: RefusedHandIn[] }

/** `refused`: what was not taken, which the manifest names for who decides what counts. */
export function submissionsArchive(rows: HandedIn[], read: Read, words: Words): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  zip.on('error', (error) => output.destroy(error as Error))
  fill(zip, rows, read, words).catch((error: unknown) => output.destroy(error as Error))
  return output
}

async function fill(
  zip: ZipFile,
  rows: HandedIn[],
  read: Read,
  { locale, timeZone, refused }: Words,
): Promise<void> {
  const lacks: Lacks = new Map()
  for (const row of rows.filter(({ state }) => state === 'kept')) {
    const lack = await add(zip, row, read)
    // Whoever downloads it has left.
    if ((zip.outputStream as Readable).destroyed) return
    if (lack) lacks.set(row.id, lack)
  }
  if (lacks.size > 0) zip.addBuffer(Buffer.from(missingText(rows, lacks, locale)), MISSING)
  zip.addBuffer(Buffer.from(manifest(rows, timeZone, { lacks, refused })), 'manifest.csv')
  zip.end()
}

/** One at a time: as many connections of the agent would else be open as there are submissions. */
async function add(zip: ZipFile, row: HandedIn, read: Read): Promise<Lack | undefined> {
  const found = await read(row.id).catch(() => 'no-answer' as const)
  if (!found) return 'not-there'
  if (found === 'no-answer') return found
  const output = zip.outputStream as Readable
  // Whoever downloads it left meanwhile: nobody would read it to its end.
  if (output.destroyed) return void found.stream.destroy()
  let lack: Lack | undefined
  const content = Readable.from(
    checked(found.stream, row.sha256, (what) => void (lack = what)),
    { objectMode: false },
  )
  const leave = () => content.destroy()
  output.once('close', leave)
  const ended = once(content, 'close')
  // An archive is not made smaller by another.
  zip.addReadStream(content, pathOf(row), { mtime: row.created_at, compress: false })
  await ended
  output.off('close', leave)
  return lack
}

/** As it is read, to its end or to where that breaks off: the archive around it goes on. */
async function* checked(stream: Readable, sha256: string | null, tell: (lack: Lack) => void) {
  const hash = createHash('sha256')
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      hash.update(part)
      yield part
    }
  } catch {
    return tell('cut')
  }
  if (hash.digest('hex') !== sha256) tell('damaged')
}

function missingText(rows: HandedIn[], lacks: Lacks, locale: Locale): string {
  const lines = rows.flatMap((row) => {
    const lack = lacks.get(row.id)
    return lack ? [`${pathOf(row)}: ${say(locale, `submission.lack.${lack}`)}`] : []
  })
  const [head, after] = [say(locale, 'submission.lack.head'), say(locale, 'submission.lack.after')]
  return [head, '', ...lines, '', after, ''].join('\r\n')
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
    'late by (s)',
    'archived (UTC)',
    'archived',
    'archived after the deadline',
    'state',
    'bytes',
    'files',
    'left out',
    'sha256',
    'file',
    'missing',
  ],
]

/** CSV as RFC 4180 has it, for people and spreadsheets. */
export function manifest(
  rows: HandedIn[],
  timeZone: string,
  {
    lacks = new Map(),
    refused = [],
  }: { lacks?: Lacks; refused?: RefusedHandIn[] | undefined } = {},
): string {
  const local = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const when = (row: HandedIn | RefusedHandIn) => [
    ...[row.created_at.toISOString(), local.format(row.created_at)],
    ...[row.due_at?.toISOString() ?? '', isLate(row) ? 'late' : '', lateSeconds(row)],
  ]
  const lines = rows.map((row) => [
    ...[row.display_name ?? '', row.pseudonym, row.seat ?? '', row.number, ...when(row)],
    ...[row.kept_at?.toISOString() ?? '', row.kept_at ? local.format(row.kept_at) : ''],
    isArchivedLate(row) ? 'yes' : '',
    ...[row.state, row.bytes ?? '', row.files ?? '', row.left_out ?? ''],
    ...[row.sha256 ?? '', fileOf(row, lacks.get(row.id))],
    lacks.has(row.id) ? say('en', `submission.lack.${lacks.get(row.id)}`) : '',
  ])
  const tries = refused.map((row) => [
    ...[row.display_name ?? '', row.pseudonym, row.seat ?? '', '', ...when(row), '', '', ''],
    ...['refused', '', '', '', '', '', say('en', `submission.tried.${row.why}`)],
  ])
  return [HEADS, ...lines, ...tries].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

const lateSeconds = (row: HandedIn | RefusedHandIn): number | '' =>
  row.due_at && isLate(row) ? (row.created_at.getTime() - row.due_at.getTime()) / 1000 : ''

const fileOf = (row: HandedIn, lack: Lack | undefined): string =>
  row.state !== 'kept' || lack === 'not-there' || lack === 'no-answer' ? '' : pathOf(row)

/** What begins like a formula is none: a student chooses what the LMS calls them. */
function cell(value: string | number): string {
  const text = String(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
