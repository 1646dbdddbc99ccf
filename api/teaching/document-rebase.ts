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
function ofLists(lists: Lists, path: string[]): Difference[] {
  const { wanted, before, there } = lists
  const [mine, theirs] = [pairs(before, wanted, isMoved), pairs(before, there, isMoved)]
  if (isReordered(mine)) return [{ path, value: inWantedOrder(lists, mine, theirs) }]
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
  // What stands in the place of one that goes may be another.
  const goes = [...pairs(before, there)].flatMap(([index, is]) => (mine.has(index) ? [] : [is]))
  return [
    ...kept,
    ...both.map((value) => ({ path: at(twice(value)), value })),
    ...come.map((value, index) => ({ path: at(there.length + index), value })),
    ...goes.toSorted((a, b) => b - a).map((index) => ({ path: at(index), value: undefined })),
  ]
}

const isReordered = (mine: Map<number, number>): boolean => {
  const order = [...mine].toSorted(([, a], [, b]) => a - b).map(([index]) => index)
  return order.some((index, i) => index < (order[i - 1] ?? -1))
}

/** An order that was wanted, of ports as of buttons: what others added goes last. */
function inWantedOrder(
  { wanted, before, there }: Lists,
  mine: Map<number, number>,
  theirs: Map<number, number>,
): unknown[] {
  const baseOf = new Map([...mine].map(([index, is]) => [is, index]))
  const ordered = wanted.flatMap((one, is) => {
    const index = baseOf.get(is)
    if (index === undefined) return [one]
    const stands = theirs.get(index)
    return stands === undefined
      ? []
      : [merged({ wanted: one, before: before[index], there: there[stands] })]
  })
  const known = new Set(theirs.values())
  const names = new Set(ordered.map((one) => said(nameOf(one))))
  const added = there.filter((one, index) => !known.has(index) && !names.has(said(nameOf(one))))
  return [...ordered, ...added]
}

function merged(three: Three): unknown {
  const { wanted, before, there } = three
  if (said(wanted) === said(before)) return there
  if (!isFields(wanted) || !isFields(before) || !isFields(there)) return wanted
  const names = Object.keys({ ...there, ...wanted })
  const all = names.map((name) => {
    const value = merged({ wanted: wanted[name], before: before[name], there: there[name] })
    return [name, value] as const
  })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

/**
 * Where each thing of the one list stands in the other: by its name; else by its place, if it `fits` there.
 * What has no partner came or went. A value without fields is its own name.
 */
function pairs(
  from: unknown[],
  to: unknown[],
  fits: (from: Fields, to: Fields) => boolean = () => false,
): Map<number, number> {
  const found = new Map<number, number>()
  const pair = (by: (from: number, to: number) => boolean) => {
    for (const index of from.keys()) {
      if (found.has(index)) continue
      const taken = new Set(found.values())
      const is = to.findIndex((_, other) => !taken.has(other) && by(index, other))
      if (is >= 0) found.set(index, is)
    }
  }
  pair((index, other) => said(nameOf(from[index])) === said(nameOf(to[other])))
  pair((index, other) => {
    const [one, two] = [from[index], to[other]]
    return index === other && isFields(one) && isFields(two) && fits(one, two)
  })
  return found
}

/** A class that was moved has another start, and says the same but for when it is; one that says more is another. */
const isMoved = (one: Fields, two: Fields): boolean =>
  isUnnamed(one) && isUnnamed(two) && said(withoutTimes(one)) === said(withoutTimes(two))

const isUnnamed = (one: Fields): boolean => properName(one) === undefined

const TIMES = new Set(['start', 'repeat', 'except', 'also', 'move', 'minutes'])
const withoutTimes = (one: Fields): Fields =>
  Object.fromEntries(Object.entries(one).filter(([name]) => !TIMES.has(name)))

/** An event of a timetable, a group or a port has a name that stays. */
const properName = (one: Fields): unknown => one['uid'] ?? one['key'] ?? one['name']

/** What a class, a group or a port is known by; else all that it says. */
function nameOf(one: unknown): unknown {
  if (!isFields(one)) return one
  const proper = properName(one)
  if (proper !== undefined) return { proper }
  const parts = [one['start'], one['group']].map((part) => part ?? null)
  return parts.some((part) => part !== null) ? parts : one
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Fields = Record<string, unknown>

const said = (value: unknown): string => canonicalJson(value ?? null)
