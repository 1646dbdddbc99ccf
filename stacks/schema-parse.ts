/** YAML text → documents of the schema, or errors that name file, line, column and what is allowed. */
import { LineCounter, isMap, isPair, isScalar, parseAllDocuments } from 'yaml'
import type { Document, ParsedNode } from 'yaml'
import type { z } from 'zod'
import { apiVersion, documentKinds, documentSchemas } from './schema.ts'
import type { DocumentKind } from './schema.ts'
import type { Course, Environment, Zone } from './terms.ts'
import type { Pool } from './terms-pool.ts'
import type { Policy } from './terms-policy.ts'

export type ParsedDocument =
  | { kind: 'Course'; value: Course; file: string; line: number }
  | { kind: 'Environment'; value: Environment; file: string; line: number }
  | { kind: 'Pool'; value: Pool; file: string; line: number }
  | { kind: 'Policy'; value: Policy; file: string; line: number }
  | { kind: 'Zone'; value: Zone; file: string; line: number }

export interface DocumentError {
  file: string
  line: number
  column: number
  /** What is wrong, with the path of the field: `sessions[0].minutes: …`. */
  message: string
  /** What may stand there. */
  allowed: string
}

type Path = (string | number)[]

/**
 * Reads every document of a YAML text (separated by `---`).
 * @param fileName only for the errors
 * @returns good documents and errors side by side; never throws for what a person wrote
 */
export function parseDocuments(
  text: string,
  fileName: string,
): { documents: ParsedDocument[]; errors: DocumentError[] } {
  const lines = new LineCounter()
  const documents: ParsedDocument[] = []
  const errors: DocumentError[] = []
  for (const document of parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })) {
    if (!('contents' in document)) continue
    const at = (offset: number) => {
      const { line, col } = lines.linePos(offset)
      return { file: fileName, line: Math.max(1, line), column: Math.max(1, col) }
    }
    if (document.errors.length > 0) {
      errors.push(
        ...document.errors.map((error) => ({ ...at(error.pos[0]), ...syntaxError(error.message) })),
      )
    } else if (document.contents !== null) {
      readDocument(document, at, documents, errors)
    }
  }
  return { documents, errors }
}

function syntaxError(message: string) {
  return { message: `not YAML: ${message}`, allowed: 'YAML 1.2, indented with spaces' }
}

function readDocument(
  document: Document.Parsed,
  at: (offset: number) => { file: string; line: number; column: number },
  documents: ParsedDocument[],
  errors: DocumentError[],
): void {
  const raw: unknown = document.toJS()
  const start = at(document.contents?.range?.[0] ?? 0)
  const kind = kindOf(raw)
  if (kind === undefined) {
    const where = at(offsetOf(document, ['kind'], undefined))
    const allowed = `kind: ${documentKinds.join(', ')}`
    errors.push({ ...where, message: 'kind: the document does not say what it is', allowed })
    return
  }
  const schema = documentSchemas[kind]
  const result = schema.safeParse(raw)
  if (result.success) {
    const { apiVersion: _version, kind: _kind, ...value } = result.data
    documents.push({ kind, value, file: start.file, line: start.line } as unknown as ParsedDocument)
    return
  }
  for (const issue of result.error.issues) {
    const path = issue.path as Path
    const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
    errors.push({
      ...at(offsetOf(document, path, unknownKey)),
      message: messageOf(issue, path, valueAt(raw, path)),
      allowed: allowedFor(issue, schema, path),
    })
  }
}

function kindOf(raw: unknown): DocumentKind | undefined {
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return undefined
  return documentKinds.find((kind) => kind === raw.kind)
}

/** Where the wrong thing stands: the unknown key, else the value, else the nearest parent that exists. */
function offsetOf(document: Document.Parsed, path: Path, unknownKey: string | undefined): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    if (!hasRange(node)) continue
    if (unknownKey !== undefined && isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && item.key.value === unknownKey,
      )
      if (pair !== undefined && hasRange(pair.key)) return pair.key.range[0]
    }
    return node.range[0]
  }
  return 0
}

function hasRange(node: unknown): node is ParsedNode & { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

function messageOf(issue: z.core.$ZodIssue, path: Path, value: unknown): string {
  const field = path.reduce<string>(
    (text, step) =>
      typeof step === 'number'
        ? `${text}[${step}]`
        : text === ''
          ? String(step)
          : `${text}.${step}`,
    '',
  )
  if (issue.code === 'unrecognized_keys') {
    return `${field === '' ? '' : `${field}: `}unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}`
  }
  if (value === undefined) return `${field}: missing`
  return `${field}: ${JSON.stringify(value)} is not allowed here`
}

/** What the schema says is allowed at this path: its own words (`meta`), else its type. */
function allowedFor(issue: z.core.$ZodIssue, schema: z.ZodType, path: Path): string {
  if (issue.code === 'custom' && typeof issue.params?.['allowed'] === 'string')
    return issue.params['allowed']
  if (issue.code === 'invalid_key') {
    const record = walk(schema, path.slice(0, -1))
    return (record && describe(keyTypeOf(record))) ?? 'another key'
  }
  const target = walk(schema, path)
  if (issue.code === 'unrecognized_keys' && target)
    return `the fields ${fieldsOf(target).join(', ')}`
  if (path.length === 1 && path[0] === 'apiVersion') return apiVersion
  return (target && describe(target)) ?? issue.message
}

type Def = {
  type: string
  innerType?: z.ZodType
  element?: z.ZodType
  valueType?: z.ZodType
  keyType?: z.ZodType
  in?: z.ZodType
  shape?: Record<string, z.ZodType>
  entries?: Record<string, string>
  values?: unknown[]
}

const defOf = (schema: z.ZodType) => schema.def as unknown as Def

function walk(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let here: z.ZodType | undefined = schema
  for (const step of path) {
    if (here === undefined) return undefined
    const def: Def = defOf(unwrapFully(here))
    here = def.shape?.[String(step)] ?? def.element ?? def.valueType
  }
  return here
}

function unwrapFully(schema: z.ZodType): z.ZodType {
  const inner = defOf(schema).innerType ?? defOf(schema).in
  return inner === undefined ? schema : unwrapFully(inner)
}

function keyTypeOf(schema: z.ZodType): z.ZodType {
  return defOf(unwrapFully(schema)).keyType ?? schema
}

function fieldsOf(schema: z.ZodType): string[] {
  return Object.keys(defOf(unwrapFully(schema)).shape ?? {})
}

function describe(schema: z.ZodType): string | undefined {
  const own = schema.meta()?.['allowed']
  if (typeof own === 'string') return own
  const def = defOf(schema)
  const inner = def.innerType ?? def.in
  if (inner !== undefined) return describe(inner)
  if (def.type === 'enum') return `one of ${Object.values(def.entries ?? {}).join(', ')}`
  if (def.type === 'literal') return (def.values ?? []).map(String).join(' or ')
  if (def.type === 'object') return `the fields ${Object.keys(def.shape ?? {}).join(', ')}`
  if (def.type === 'array')
    return `a list of: ${(def.element && describe(def.element)) ?? 'values'}`
  if (def.type === 'boolean') return 'true or false'
  if (def.type === 'string') return 'a text'
  if (def.type === 'number') return 'a number'
  return undefined
}
