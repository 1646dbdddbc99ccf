/** Two changes of one document, made from the same text: both, value by value and thing by thing. Pure. */
import { parseDocument } from 'yaml'
import { canonicalJson } from '../../stacks/blueprint.ts'
import { putAt } from './document-edit.ts'

/**
 * @param text what was wanted; @param base what it was made from; @param now what is there
 * @returns what is there with what was wanted in it; where both changed the same value, what was wanted holds, but
 * what is gone stays gone
 */
export function rebased(text: string, base: string, now: string): string {
  if (now === base) return text
  const [wanted, before, there] = [text, base, now].map(
    (one) => parseDocument(one).toJS() as unknown,
  )
  return differences({ wanted, before, there }).reduce(
    (all, { path, value }) => putAt(all, path, value),
    now,
  )
}

type Three = { wanted: unknown; before: unknown; there: unknown }
type Lists = { wanted: unknown[]; before: unknown[]; there: unknown[] }
type Difference = { path: string[]; value: unknown }

/** What has to be put into what is there, one after another, so that it says what was wanted. */
function differences(three: Three, path: string[] = []): Difference[] {
  const { wanted, before, there } = three
  if (said(wanted) === said(before) || said(wanted) === said(there)) return []
  if (said(there) === said(before)) return [{ path, value: wanted }]
  const { wanted: list = [], before: listed = [], there: other = [] } = three
  if (Array.isArray(list) && Array.isArray(listed) && Array.isArray(other)) {
    const lists = { wanted: list, before: listed, there: other }
    return there === undefined ? wholeList(lists, path) : ofLists(lists, path)
  }
  if (!isFields(wanted) || !isFields(before ?? {}) || !isFields(there))
    return [{ path, value: wanted }]
  const base = (before ?? {}) as Fields
  return Object.keys({ ...base, ...wanted }).flatMap((name) =>
    differences({ wanted: wanted[name], before: base[name], there: there[name] }, [...path, name]),
  )
}

/** The list itself is gone: it comes back with what is new. */
function wholeList({ wanted, before }: Lists, path: string[]): Difference[] {
  const known = new Set(pairs(before, wanted).values())
  const value = wanted.filter((_, index) => !known.has(index))
  return value.length > 0 ? [{ path, value }] : []
}

/** Each thing of a list by itself: others may have come and gone around it. What comes goes last, then what goes, from the end. */
function ofLists({ wanted, before, there }: Lists, path: string[]): Difference[] {
  const [mine, theirs] = [pairs(before, wanted), pairs(before, there)]
  const at = (index: number) => [...path, String(index)]
  const kept = [...mine].flatMap(([index, is]) => {
    const stands = theirs.get(index)
    if (stands === undefined) return []
    return differences(
      { wanted: wanted[is], before: before[index], there: there[stands] },
      at(stands),
    )
  })
  const taken = new Set(theirs.values())
  const news = wanted.filter((_, index) => ![...mine.values()].includes(index))
  const twice = (one: unknown) =>
    there.findIndex(
      (other, index) => !taken.has(index) && said(nameOf(other)) === said(nameOf(one)),
    )
  const [both, come] = [news.filter((one) => twice(one) >= 0), news.filter((one) => twice(one) < 0)]
  const goes = [...theirs].flatMap(([index, stands]) => (mine.has(index) ? [] : [stands]))
  return [
    ...kept,
    ...both.map((value) => ({ path: at(twice(value)), value })),
    ...come.map((value, index) => ({ path: at(there.length + index), value })),
    ...goes.toSorted((a, b) => b - a).map((index) => ({ path: at(index), value: undefined })),
  ]
}

/**
 * Where each thing of the one list stands in the other: by its name, else by its place, as a class that was moved
 * has another start. What has no partner came or went. A value without fields is its own name.
 */
function pairs(from: unknown[], to: unknown[]): Map<number, number> {
  const found = new Map<number, number>()
  const pair = (fits: (from: number, to: number) => boolean) => {
    for (const index of from.keys()) {
      if (found.has(index)) continue
      const taken = new Set(found.values())
      const is = to.findIndex((_, other) => !taken.has(other) && fits(index, other))
      if (is >= 0) found.set(index, is)
    }
  }
  pair((index, other) => said(nameOf(from[index])) === said(nameOf(to[other])))
  pair((index, other) => index === other && isFields(from[index]) && isFields(to[other]))
  return found
}

/** What a class, a group or a port is known by; else all that it says. */
function nameOf(one: unknown): unknown {
  if (!isFields(one)) return one
  const parts = [one['start'], one['group'], one['key'], one['name']].map((part) => part ?? null)
  return parts.some((part) => part !== null) ? parts : one
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Fields = Record<string, unknown>

const said = (value: unknown): string => canonicalJson(value ?? null)
