import { readFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { ApiRefusal } from '../api-client.ts'
import { type Call, type Command, CommandFailure, usedWrongly } from '../command.ts'

type Note = {
  severity: 'error' | 'warning' | 'info'
  text: string
  where: { course?: string }
}
type Answer = {
  outcome: 'changed' | 'unchanged'
  id?: string
  lane?: 'automatic' | 'review' | 'deny'
  state?: 'proposed' | 'approved'
  digest?: string
  documents: { kind: string; key: string }[]
  notes: Note[]
}
type DocumentError = {
  file: string
  line: number
  column: number
  message: string
  allowed: string
}

export const command: Command = {
  summary: 'Import courses, environments, pools, zones or a policy from YAML files',
  usage: 'FILE...',
  help: `
All files are one change: everything in them is compiled with what is already
there, and nothing is kept when something is wrong. "-" reads standard input.

What the course's allowance covers is approved at once. The rest waits for an
administrator: see labplan change list.

Errors are FILE:LINE:COLUMN, what is wrong, and what may stand there.`,
  async run(call) {
    if (call.args.length === 0)
      throw usedWrongly('Which files? For example: labplan course import examples/*.yaml')
    const documents = await Promise.all(call.args.map(readSource))
    try {
      report(call, await call.api.post<Answer>('/api/changes', { documents }))
    } catch (error) {
      if (!(error instanceof ApiRefusal) || !Array.isArray(error.body['errors'])) throw error
      return refuse(call, error, error.body['errors'] as DocumentError[])
    }
    return 0
  },
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it is not yours to read',
}

async function readSource(name: string): Promise<{ name: string; text: string }> {
  if (name === '-') return { name: 'standard input', text: await textOf(process.stdin) }
  try {
    return { name, text: readFileSync(name, 'utf8') }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    throw new CommandFailure(`${name} cannot be read: ${reasons[code] ?? code}.`)
  }
}

function refuse(call: Call, refusal: ApiRefusal, errors: DocumentError[]): number {
  if (call.json) call.print(JSON.stringify(refusal.body))
  else
    for (const error of errors)
      call.complain(
        `${error.file}:${error.line}:${error.column}: ${error.message}\n  allowed: ${error.allowed}`,
      )
  if (!call.json) call.complain(refusal.message)
  return 1
}

const marks = { error: 'problem', warning: 'warning', info: 'note' }

function report(call: Call, answer: Answer): void {
  if (call.json) return call.print(JSON.stringify(answer))
  const names = answer.documents.map((document) => `${document.kind} ${document.key}`).join(', ')
  call.print(headline(answer, names))
  for (const line of noteLines(answer.notes)) call.print(line)
  if (answer.state === 'proposed')
    call.print(`Approve it with: labplan change approve ${answer.id ?? ''}`)
}

/** What is about no course in particular, then course by course; problems before remarks. */
function noteLines(notes: Note[]): string[] {
  const order = { error: 0, warning: 1, info: 2 }
  const byCourse = Map.groupBy(notes, (note) => note.where.course ?? '')
  return [...byCourse]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([course, about]) => {
      const indent = course ? '    ' : '  '
      const lines = about
        .toSorted((a, b) => order[a.severity] - order[b.severity])
        .map((note) => `${indent}${marks[note.severity]}: ${note.text}`)
      return course ? [`  ${course}`, ...lines] : lines
    })
}

function headline(answer: Answer, names: string): string {
  if (answer.outcome === 'unchanged') return `${names}: unchanged.`
  if (answer.state === 'approved') return `${names}: imported and approved (automatic lane).`
  return `${names}: waits for approval (${answer.lane} lane); nothing is changed yet.`
}
