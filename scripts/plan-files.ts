/** Course, pool, policy, zone and environment files → what the compiler takes. Shared by its commands. */
import { readFileSync } from 'node:fs'
import type { CompileInput } from '../stacks/compile.ts'
import type { Language, Naming } from '../stacks/rules/explain.ts'
import { parseDocuments } from '../stacks/schema-parse.ts'
import type { ParsedDocument } from '../stacks/schema-parse.ts'
import { defaultPolicy, defaultZone } from '../stacks/schema.ts'
import type { Inventory } from '../stacks/terms.ts'
import type { Call } from './command.ts'
import { CommandFailure, usedWrongly } from './command.ts'

/** Options of every command that compiles files. */
export const planOptions = {
  language: { type: 'string' },
  inventory: { type: 'string' },
  now: { type: 'string' },
} as const

export const planHelp = `
--language fr|en   language of the notes (en)
--inventory FILE   JSON of what exists: nodes, taken, dormant, volumes, seated
--now TIME         ISO instant to compile at (the clock's)`

/** Reads files; throws a failure that lists every error with file, line, column and what is allowed. */
export function readPlanFiles(files: string[]): ParsedDocument[] {
  if (files.length === 0) throw usedWrongly('Name at least one file, for example examples/*.yaml.')
  const documents: ParsedDocument[] = []
  const errors: string[] = []
  for (const file of files) {
    const read = parseDocuments(readText(file), file)
    documents.push(...read.documents)
    for (const { line, column, message, allowed } of read.errors) {
      errors.push(`${file}:${line}:${column}: ${message}. Allowed: ${allowed}.`)
    }
  }
  if (errors.length > 0) throw new CommandFailure(errors.join('\n'))
  return documents
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message.split(':')[0] : String(error)
    throw new CommandFailure(`${file} cannot be read (${why}).`)
  }
}

export function compileInput(
  documents: ParsedDocument[],
  { options }: Pick<Call, 'options'>,
): CompileInput {
  const { inventory, now } = options
  const values = <K extends ParsedDocument['kind']>(kind: K) => {
    type Value = Extract<ParsedDocument, { kind: K }>['value']
    return documents.filter((one) => one.kind === kind).map((one) => one.value as Value)
  }
  const zones = values('Zone')
  const exists =
    typeof inventory === 'string' ? (JSON.parse(readText(inventory)) as Partial<Inventory>) : {}
  return {
    courses: values('Course'),
    environments: values('Environment'),
    pools: values('Pool'),
    policy: values('Policy').at(-1) ?? defaultPolicy,
    zones: zones.some((zone) => zone.key === defaultZone.key) ? zones : [...zones, defaultZone],
    inventory: exists,
    now: instant(typeof now === 'string' ? now : new Date().toISOString()),
  }
}

/** A time a person wrote → ISO UTC. */
export function instant(text: string): string {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw usedWrongly(`"${text}" is not a time such as 2026-11-23T08:00:00Z.`)
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

export function languageOf({ options }: Pick<Call, 'options'>): Language {
  const { language } = options
  if (language !== undefined && language !== 'fr' && language !== 'en')
    throw usedWrongly('--language is fr or en.')
  return language ?? 'en'
}

export function namingOf(input: CompileInput): Naming {
  return {
    timeZone: input.zones[0]?.timeZone ?? 'UTC',
    courseTitle: (key) => input.courses.find((one) => one.key === key)?.title,
    poolTitle: (key) => input.pools.find((one) => one.key === key)?.title,
  }
}
