/** The documents of a change, read together with those in force: what the compiler is given. */
import {
  type CompileInput,
  type Compiled,
  type Compiler,
  createCompiler,
} from '../../../stacks/compile.ts'
import {
  type DocumentError,
  type ParsedDocument,
  parseDocuments,
} from '../../../stacks/schema-parse.ts'
import { defaultPolicy, defaultZone } from '../../../stacks/schema.ts'
import type { Text, Zone } from '../../../stacks/terms.ts'
import type { Policy } from '../../../stacks/terms-policy.ts'
import {
  type KnownOfCourses,
  policyDocuments,
  type StoredDocument,
  zoneDocuments,
} from './course.ts'
import type { Db } from '../db.ts'

/** A text as it was sent: a file may hold several documents. */
export type Source = { name: string; text: string }
export type Proposed = StoredDocument & { parsed: ParsedDocument }

/** Every document of the sources with the lines that are its own, or everything that is wrong with them. */
export function readSources(sources: Source[]): { documents: Proposed[]; errors: DocumentError[] } {
  const documents: Proposed[] = []
  const errors: DocumentError[] = []
  for (const source of sources)
    for (const part of parts(source.text)) {
      // Blank lines in front keep the line numbers of the whole file.
      const read = parseDocuments('\n'.repeat(part.line) + part.text, source.name)
      errors.push(...read.errors.toSorted((a, b) => a.line - b.line || a.column - b.column))
      errors.push(...read.documents.flatMap(seatErrors))
      for (const parsed of read.documents)
        documents.push({
          kind: parsed.kind,
          key: keyOf(parsed),
          text: `${part.text.trim()}\n`,
          parsed,
        })
    }
  return { documents, errors: [...errors, ...(errors.length ? [] : twice(documents))] }
}

/** Docker starts no container with less of a processor, and takes 0 of either for no limit at all. */
export const LEAST_SEAT = { cpu: 0.01, memoryMb: 16 }

/** Of what is proposed alone: what is in force stays readable. */
function seatErrors({ kind, value, file, line }: ParsedDocument): DocumentError[] {
  if (kind !== 'Course') return []
  return (['cpu', 'memoryMb'] as const)
    .filter((part) => value.seat[part] < LEAST_SEAT[part])
    .map((part) => ({
      ...{ file, line, column: 1, allowed: `${LEAST_SEAT[part]} or more` },
      message: `seat.${part}: ${value.seat[part]} is not allowed here`,
    }))
}

function parts(text: string): { text: string; line: number }[] {
  const found: { text: string; line: number }[] = []
  let line = 0
  for (const part of text.split(/^---[ \t]*(?:#.*)?\r?\n/m)) {
    found.push({ text: part, line })
    line += part.split('\n').length
  }
  return found
}

// One policy holds for the whole installation.
const keyOf = (document: ParsedDocument): string =>
  document.kind === 'Policy' ? 'policy' : document.value.key

function twice(documents: Proposed[]): DocumentError[] {
  const seen = new Set<string>()
  return documents.flatMap(({ kind, key, parsed }) => {
    const name = `${kind} ${key}`
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const where = { file: parsed.file, line: parsed.line, column: 1 }
    return [
      { ...where, message: `${name} is described twice`, allowed: 'one document for each key' },
    ]
  })
}

/** What is in force, with what the change replaces or adds. */
export function merged(inForce: StoredDocument[], proposed: StoredDocument[]): Proposed[] {
  const replaced = new Set(proposed.map(nameOf))
  const others = inForce.filter((one) => !replaced.has(nameOf(one)))
  return [...others.map(readKnown), ...proposed.map(readStored)]
}

const nameOf = ({ kind, key }: StoredDocument): string => `${kind} ${key}`

/** What was in force at the last look, by name: most of a campus is the same at the next. */
const known = new Map<string, Proposed>()

export function readKnown(stored: StoredDocument): Proposed {
  const before = known.get(nameOf(stored))
  if (before?.text === stored.text) return before
  const read = readStored(stored)
  known.set(nameOf(stored), read)
  return read
}

function readStored(stored: StoredDocument): Proposed {
  const { documents, errors } = parseDocuments(stored.text, nameOf(stored))
  const [parsed] = documents
  if (!parsed)
    throw new Error(
      `The stored document ${nameOf(stored)} is no longer readable: ${errors[0]?.message ?? 'it is empty'}.`,
    )
  return { ...stored, parsed }
}

/** The zones with their time zones and holidays; the default one is there also when nobody described it. */
export async function zonesInForce(db: Db): Promise<Zone[]> {
  const zones = valuesOf(merged(await zoneDocuments(db), []), 'Zone')
  return zones.some((zone) => zone.key === defaultZone.key) ? zones : [...zones, defaultZone]
}

/** One for the process: whoever asks next pays for what differs from what was asked last, and no answer depends on it. */
const oneForAll = createCompiler()

/** Compiles documents with what is known of their courses. */
export function compileDocuments(
  documents: Proposed[],
  known: KnownOfCourses,
  now: Date,
  { compiler = oneForAll, ...wish }: { compiler?: Compiler; hasNoSlots?: boolean } = {},
): Compiled {
  const input: CompileInput = {
    courses: valuesOf(documents, 'Course'),
    environments: valuesOf(documents, 'Environment'),
    pools: valuesOf(documents, 'Pool'),
    policy: policyIn(documents),
    zones: valuesOf(documents, 'Zone'),
    inventory: known,
    now: now.toISOString(),
    ...wish,
  }
  if (!input.zones.some((zone) => zone.key === defaultZone.key)) input.zones.push(defaultZone)
  return compiler(input)
}

export const policyInForce = async (db: Db): Promise<Policy> =>
  policyIn(merged(await policyDocuments(db), []))

export const policyIn = (documents: Proposed[]): Policy =>
  valuesOf(documents, 'Policy')[0] ?? defaultPolicy

type Values = { [One in ParsedDocument as One['kind']]: One['value'] }

/** The documents of one kind. */
export function valuesOf<Kind extends keyof Values>(
  documents: Proposed[],
  kind: Kind,
): Values[Kind][] {
  return documents
    .filter(({ parsed }) => parsed.kind === kind)
    .map(({ parsed }) => parsed.value as Values[Kind])
}

/** How courses and pools are called, by key. */
export type Titles = { courses: Map<string, Text>; pools: Map<string, Text> }

export function titlesIn(documents: Proposed[]): Titles {
  const titles = (of: { key: string; title: Text }[]) => new Map(of.map((o) => [o.key, o.title]))
  return {
    courses: titles(valuesOf(documents, 'Course')),
    pools: titles(valuesOf(documents, 'Pool')),
  }
}
