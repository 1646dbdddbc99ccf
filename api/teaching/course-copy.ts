/** A course as the start of another: its own key and title, its dates so many days on, nobody in it. Pure. */
import { type Document, type Node, type YAMLMap, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { formatWall, parseWall } from '../../stacks/rules/clock.ts'
import { seriesWalls } from '../../stacks/rules/schedule.ts'
import { ruleFor } from '../../stacks/rules/series-edit.ts'
import { defaultZone } from '../../stacks/schema.ts'
import type { SessionPlan } from '../../stacks/terms.ts'
import { addDays } from './plan-calendar.ts'
import { type CalendarZone, courseIn, planClasses, writtenOver } from './plan-edits.ts'

/** Where dates of a plan stand; a date elsewhere is something else. */
const dated = ['sessions', 'projects', 'open', 'submissions']
const dayMs = 86_400_000
const DAY = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d)?$/

/** Day of the first class, undefined without one. */
export const firstDay = (text: string, zone: CalendarZone): string | undefined =>
  planClasses(text, zone)[0]?.wall.slice(0, 10)

/** Days from one day to another. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((parseWall(to) - parseWall(from)) / dayMs)

export type CopyAs = {
  key: string
  days: number
  /** As it is called, in both languages, unless said. */
  title?: string | undefined
  /** What it is elsewhere, unless said. */
  place?: { zone: string; environment: string; pool: string }
}

export function copyCourse(text: string, as: CopyAs): string {
  const document = parseDocument(text)
  const course = courseIn(document)
  document.set('key', as.key)
  if (as.title !== undefined) document.set('title', as.title)
  if (as.place) setPlace(document, as.place)
  for (const name of dated) shift(document.get(name, true) as Node | null, as.days)
  for (const [i, session] of itemsOf(document.get('sessions', true)).entries())
    if (isMap(session)) {
      // Another course is no event of that timetable.
      session.delete('uid')
      session.delete('sequence')
      const repeat = session.get('repeat')
      if (typeof repeat === 'string') session.set('repeat', shiftRule(repeat, as.days))
      const timeZone = course.timeZone ?? defaultZone.timeZone
      const plan = course.sessions[i]
      if (plan) followDays(document, session, plan, { days: as.days, timeZone })
    }
  return writtenOver(text, document)
}

/** The usual zone goes without saying. */
function setPlace(document: Document, { zone, environment, pool }: NonNullable<CopyAs['place']>) {
  if (zone === defaultZone.key) document.delete('zone')
  else document.set('zone', zone)
  document.set('environment', environment)
  document.set('pool', pool)
}

const itemsOf = (node: unknown): unknown[] => (isSeq(node) ? node.items : [])

function shift(node: unknown, days: number): void {
  if (isScalar(node)) {
    const [, day, time = ''] = DAY.exec(String(node.value)) ?? []
    if (day !== undefined) node.value = addDays(day, days) + time
  } else if (isSeq(node)) for (const item of node.items) shift(item, days)
  else if (isMap(node))
    for (const { key, value } of node.items) {
      shift(key, days)
      shift(value, days)
    }
}

/**
 * Days of the week that a rule names go along, or classes that are left out would not be the same any more. So do the
 * classes of a rule by the month or year, such as each first Tuesday, where some of them are left out or moved.
 */
function followDays(
  document: Document,
  session: YAMLMap,
  plan: SessionPlan,
  { days, timeZone }: { days: number; timeZone: string },
): void {
  const { repeat } = plan
  if (repeat === undefined) return
  const isByWeek = /^FREQ=(DAILY|WEEKLY)/.test(repeat)
  const isWhole = plan.except.length === 0 && Object.keys(plan.move).length === 0
  if (isByWeek ? days % 7 === 0 : isWhole) return
  const walls = seriesWalls(plan, timeZone).map((wall) => wall + days * dayMs)
  if (walls.length === 0) return
  const also = plan.also.map((wall) => formatWall(parseWall(wall) + days * dayMs))
  const rule = ruleFor(walls, { repeat: shiftRule(repeat, days), also }, timeZone)
  session.set('start', rule.start)
  if (rule.repeat !== undefined) return session.set('repeat', rule.repeat)
  session.delete('repeat')
  const listed = document.createNode(rule.also)
  if (isSeq(listed)) listed.flow = true
  session.set('also', listed)
}

/** The end of a rule that ends on a day. */
function shiftRule(rule: string, days: number): string {
  return rule.replace(/UNTIL=(\d{4})(\d\d)(\d\d)/, (_all, year, month, day) => {
    const later = addDays(`${year}-${month}-${day}`, days)
    return `UNTIL=${later.replaceAll('-', '')}`
  })
}
