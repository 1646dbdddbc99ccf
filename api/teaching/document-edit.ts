/** One value of a document as somebody wrote it: written over where it stands, to the letter; everything else stays. Pure. */
import { type Scalar, isCollection, isMap, isScalar, parseDocument } from 'yaml'
import { writtenOver } from './plan-edits.ts'

/** @param value undefined takes it out, and what would be empty without it too */
export function putAt(text: string, path: string[], value: unknown): string {
  const document = parseDocument(text)
  const node = document.getIn(path, true)
  const isWord = typeof value === 'string' && /^[a-z]+$/.test(value) && !MEANT.has(value)
  const isPlain = /^(number|boolean)$/.test(typeof value) || isWord
  const range = isScalar(node) && !isBlock(node) && isPlain ? node.range : undefined
  if (range) return text.slice(0, range[0]) + String(value) + text.slice(range[1])
  if (value === undefined) removeAt(document, path)
  else document.setIn(path, typeof value === 'object' ? nodeOf(document, value) : value)
  return writtenOver(text, document)
}

/** Words that are no texts unless they are quoted. */
const MEANT = new Set(['true', 'false', 'null'])

/** Of lines of its own, the last of which ends where the next value begins. */
const isBlock = ({ type }: Scalar): boolean => type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED'

/** Short lists and maps stand on one line, as people write them. */
function nodeOf(document: ReturnType<typeof parseDocument>, value: unknown) {
  const node = document.createNode(value)
  if (isCollection(node) && Object.values(Object(value)).every((one) => typeof one !== 'object'))
    node.flow = true
  return node
}

function removeAt(document: ReturnType<typeof parseDocument>, path: string[]): void {
  if (!document.hasIn(path)) return
  document.deleteIn(path)
  const around = path.slice(0, -1)
  const parent = around.length > 0 ? document.getIn(around) : undefined
  if (isMap(parent) && parent.items.length === 0) removeAt(document, around)
}
