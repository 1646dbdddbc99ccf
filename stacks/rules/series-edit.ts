/**
 * One class of a series, it and those after it, or all of them, at another time or gone: what becomes of the
 * session they are planned by. Everything not said stays: exceptions, added days, single moves.
 */
import type { Holiday, SessionPlan } from '../terms.ts'
import { formatWall, parseWall } from './clock.ts'
import { seriesWalls } from './schedule.ts'

const dayMs = 86_400_000
const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

export const scopes = ['one', 'following', 'all'] as const
export type Scope = (typeof scopes)[number]

/** When a session takes place: all that an edit of its time changes. */
export type Times = Pick<
  SessionPlan,
  'start' | 'minutes' | 'repeat' | 'except' | 'also' | 'move' | 'holidays'
>

export interface ClassEdit {
  /** Wall time that names the class: when it was planned, whatever became of it. */
  planned: string
  scope: Scope
  /** Undefined: it is not held. Apart: one class becomes a session of its own, so that it can differ in more than its time. */
  to: { start: string; minutes: number; isApart?: boolean } | undefined
  /** Of a timetable: a single class keeps the time at which it stands there, so that what was changed here is known. */
  isTaken?: boolean
}

export interface EditedTimes {
  /** In place of the session: none, one, or two. */
  sessions: Times[]
  /** Where the class is now: which of these, and its name there. Undefined when it is gone. */
  at: { session: number; planned: string } | undefined
}

type Place = { timeZone: string; holidays: Holiday[] }

/** @returns the session as it was for a class that it has not */
export function editTimes(times: Times, edit: ClassEdit, place: Place): EditedTimes {
  const rule = seriesWalls(times, place.timeZone)
  const all = [...new Set([...rule, ...times.also.map(parseWall)])].toSorted((a, b) => a - b)
  const planned = parseWall(edit.planned)
  const index = all.indexOf(planned)
  if (index < 0) return { sessions: [times], at: undefined }
  if (all.length === 1 && edit.isTaken) return editTaken(times, edit, place)
  const scope = all.length === 1 || (edit.scope === 'following' && index === 0) ? 'all' : edit.scope
  if (scope === 'one') return editOne(times, edit, { ...place, isOfRule: rule.includes(planned) })
  if (scope === 'all') return editAll(times, edit, place, all.length === 1)
  const [head, tail] = split(times, planned, rule, place)
  const rest = editAll(tail, edit, place, false)
  return {
    sessions: [head, ...rest.sessions],
    at: rest.at && { session: 1, planned: rest.at.planned },
  }
}

function editOne(
  times: Times,
  { planned, to }: ClassEdit,
  place: Place & { isOfRule: boolean },
): EditedTimes {
  const { [planned]: _moved, ...move } = times.move
  if (to && to.minutes === times.minutes && !to.isApart) {
    const moved = to.start === planned ? move : { ...move, [planned]: to.start }
    return { sessions: [{ ...times, move: moved }], at: { session: 0, planned } }
  }
  const without = place.isOfRule
    ? { ...times, move, except: [...times.except, planned].toSorted() }
    : { ...times, move, also: times.also.filter((wall) => wall !== planned) }
  if (!to) return { sessions: [without], at: undefined }
  return {
    sessions: [without, onceAt(to, times, place)],
    at: { session: 1, planned: to.start },
  }
}

/** Alone it needs no session of its own to differ in more than its time. */
function editTaken(times: Times, edit: ClassEdit, place: Place): EditedTimes {
  const to = edit.to && { start: edit.to.start, minutes: edit.to.minutes }
  return editOne(times, { ...edit, to }, { ...place, isOfRule: true })
}

/** Whoever puts a single class on a holiday means it. */
export function onceAt(
  to: { start: string; minutes: number },
  { holidays }: Pick<Times, 'holidays'>,
  place: Place,
): Times {
  const day = to.start.slice(0, 10)
  const isFree = place.holidays.some((one) => one.from <= day && day <= one.to)
  return {
    ...{ start: to.start, minutes: to.minutes, repeat: undefined, except: [], also: [], move: {} },
    holidays: isFree ? 'keep' : holidays,
  }
}

function editAll(
  times: Times,
  { planned, to }: ClassEdit,
  place: Place,
  isSingle: boolean,
): EditedTimes {
  if (!to) return { sessions: [], at: undefined }
  if (isSingle && times.repeat === undefined)
    return { sessions: [onceAt(to, times, place)], at: { session: 0, planned: to.start } }
  const deltaMs = parseWall(to.start) - parseWall(times.move[planned] ?? planned)
  const sessions = [{ ...shifted(times, deltaMs, place.timeZone), minutes: to.minutes }]
  return { sessions, at: { session: 0, planned: formatWall(parseWall(planned) + deltaMs) } }
}

/** The whole series, so much later. */
function shifted(times: Times, deltaMs: number, timeZone: string): Times {
  if (deltaMs === 0) return times
  const later = (wall: string) => formatWall(parseWall(wall) + deltaMs)
  const walls = seriesWalls(times, timeZone)
  const moved = (day: string) => {
    if (deltaMs % dayMs === 0) return [later(day).slice(0, 10)]
    const planned = [...walls.map(formatWall), ...times.also]
    return planned.filter((wall) => wall.startsWith(day)).map(later)
  }
  const also = times.also.map(later)
  return {
    ...times,
    ...ruleFor(
      walls.map((wall) => wall + deltaMs),
      { ...times, also },
      timeZone,
    ),
    except: times.except.flatMap((wall) => (wall.length === 10 ? moved(wall) : [later(wall)])),
    move: Object.fromEntries(
      Object.entries(times.move).map(([from, to]) => [later(from), later(to)]),
    ),
  }
}

/** Start, rule and added days that give these walls: the rule as it is, else counted, else day by day. */
export function ruleFor(
  walls: number[],
  times: Pick<Times, 'repeat' | 'also'>,
  timeZone: string,
): Pick<Times, 'start' | 'repeat' | 'also'> {
  const [first = 0, ...others] = walls
  const start = formatWall(first)
  const { repeat, also } = times
  const same = (rule: string | undefined) => {
    const found = seriesWalls({ start, repeat: rule }, timeZone)
    return found.length === walls.length && found.every((wall, i) => wall === walls[i])
  }
  const candidates = walls.length === 1 ? [undefined] : rulesLike(repeat, walls)
  for (const rule of candidates) if (same(rule)) return { start, repeat: rule, also }
  const listed = [...new Set([...others.map(formatWall), ...also])].toSorted()
  return { start, repeat: undefined, also: listed }
}

function rulesLike(repeat: string | undefined, walls: number[]): (string | undefined)[] {
  if (repeat === undefined) return [undefined]
  const counted = `${repeat.replaceAll(/;(COUNT|UNTIL)=[^;]*/g, '')};COUNT=${walls.length}`
  const days = [...new Set(walls.map((wall) => new Date(wall).getUTCDay()))].toSorted()
  const byDay = days.map((day) => weekdays[day]).join(',')
  return [repeat, counted, counted.replace(/BYDAY=[A-Z,]+/, `BYDAY=${byDay}`)]
}

/** What is before a class, and the class with what follows. Neither is empty. */
function split(times: Times, planned: number, rule: number[], { timeZone }: Place): [Times, Times] {
  const isBefore = (wall: string) => parseWall(wall) < planned
  const part = (before: boolean): Times => {
    const walls = rule.filter((wall) => wall < planned === before)
    const also = times.also.filter((wall) => isBefore(wall) === before)
    const [start = '', ...rest] = also.toSorted()
    return {
      ...times,
      ...(walls.length > 0
        ? ruleFor(walls, { ...times, also }, timeZone)
        : { start, repeat: undefined, also: rest }),
      except: times.except.filter((wall) => isBefore(wall) === before),
      move: Object.fromEntries(
        Object.entries(times.move).filter(([wall]) => isBefore(wall) === before),
      ),
    }
  }
  return [part(true), part(false)]
}
