/**
 * What a course is besides its classes, as a form and back: texts, resources, storage, when its workspaces stop, and what is
 * open outside class. A field that is empty leaves it to the policy. Only what differs is written, over the document as it
 * stands. Pure.
 */
import { LEAST_SEAT } from '../data/courses/documents.ts'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { Course, Text } from '../../stacks/terms.ts'
import { putAt } from './document-edit.ts'
import { courseIn } from './plan-edits.ts'
import { type FormError, isWallTime, planStates, wholeNumber } from './plan-form.ts'

export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const

export type NumberRule = {
  name: string
  path: string[]
  least: number
  most: number
  /** Halves and tenths too. */
  isBroken?: boolean
}

const minutes = { least: 0, most: 60_000 }
const day = { least: 1, most: 1440 }
const week = { least: 5, most: 10_080 }
const lifecycle = (name: string, of: { least: number; most: number; isBroken?: boolean }) => ({
  ...{ name, path: ['lifecycle', name] },
  ...of,
})

export const resourceRules: NumberRule[] = [
  { name: 'cpu', path: ['seat', 'cpu'], least: LEAST_SEAT.cpu, most: 256, isBroken: true },
  { name: 'memoryMb', path: ['seat', 'memoryMb'], least: LEAST_SEAT.memoryMb, most: 1_000_000 },
  { name: 'diskMb', path: ['seat', 'diskMb'], least: 1, most: 100_000_000 },
]
export const gpuRule: NumberRule = {
  ...{ name: 'gpuCount', path: ['seat', 'gpu', 'count'], least: 1, most: 64 },
}
export const storageRules: NumberRule[] = [
  { name: 'volumeQuotaMb', path: ['seat', 'volumeQuotaMb'], least: 1, most: 100_000_000 },
  { name: 'keepDays', path: ['keepDays'], least: 0, most: 3650 },
]
export const submissionRules: NumberRule[] = [
  { name: 'submissionsMost', path: ['submissions', 'most'], least: 1, most: 100_000 },
  { name: 'submissionsMb', path: ['submissions', 'totalMb'], least: 1, most: 100_000_000 },
]
export const lifecycleRules: NumberRule[] = [
  lifecycle('stopMinutes', week),
  lifecycle('warnMinutes', day),
  lifecycle('extendMinutes', minutes),
  lifecycle('extendTimes', { least: 0, most: 100 }),
  lifecycle('idleMinutes', minutes),
  lifecycle('idleMinutesInClass', minutes),
]
export const gpuLifecycleRules: NumberRule[] = [
  lifecycle('reserveMinutes', week),
  lifecycle('turnHours', { least: 0, most: 168, isBroken: true }),
  lifecycle('holdMinutes', day),
]
export const headroomRules: NumberRule[] = [
  { name: 'headroomSeats', path: ['headroom', 'seats'], least: 0, most: 10_000 },
  { name: 'headroomAtOnce', path: ['headroom', 'atOnce'], least: 0, most: 10_000 },
  { name: 'headroomReserved', path: ['headroom', 'reserved'], least: 0, most: 10_000 },
]
const numberRules = [
  ...[resourceRules, [gpuRule], storageRules, submissionRules],
  ...[lifecycleRules, gpuLifecycleRules, headroomRules],
].flat()
const required = new Set(['cpu', 'memoryMb'])
/** Written with what they are a part of, which is there without them too. */
const ofParts = new Set(['gpuCount', ...submissionRules.map((rule) => rule.name)])

const names = [
  ...[
    'titleEn',
    'titleFr',
    'descriptionEn',
    'descriptionFr',
    'environment',
    'pool',
    'state',
    'groups',
  ],
  ...['openFrom', 'openTo', 'gpuKind', 'personalVolume', 'submissions', 'submissionsDue'],
  ...['headroomHours', 'headroomDays'],
  ...numberRules.map((rule) => rule.name),
]

/** Every field by its name; empty where the document says nothing. Days are `MO,TU`, ticks `yes`. */
export type Settings = Record<string, string>

/** @param text a course.yaml that is in force, so it can be read */
export function readSettings(text: string): Settings {
  const document = parseDocument(text)
  const course = courseIn(document)
  const said = (path: string[]) => {
    const value = document.getIn(path)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  return {
    ...textFields('title', course.title),
    ...textFields('description', course.description),
    ...{ environment: course.environment, pool: course.pool, state: course.state },
    groups: course.groups
      .map(({ key, students, seats }) => [key, students, seats ?? ''].join(' ').trim())
      .join('\n'),
    ...{ openFrom: course.open?.from ?? '', openTo: course.open?.to ?? '' },
    gpuKind: course.seat.gpu?.kind ?? '',
    ...{
      personalVolume: course.personalVolume ? 'yes' : '',
      submissions: course.submissions ? 'yes' : '',
      submissionsDue: course.submissions?.due ?? '',
    },
    headroomHours: said(['headroom', 'hours']),
    headroomDays: document.hasIn(['headroom', 'days']) ? daysOf(course) : '',
    ...Object.fromEntries(numberRules.map(({ name, path }) => [name, said(path)])),
  }
}

const daysOf = (course: Course): string =>
  weekdays.filter((one) => course.headroom?.days.includes(one)).join(',')

/** As a browser sends them back: who touched nothing has changed nothing. */
const textFields = (name: string, text: Text | undefined): Settings => ({
  [`${name}En`]: sentText(text?.en) ?? '',
  [`${name}Fr`]: sentText(text?.fr) ?? '',
})

/** What a browser sent, over what is known: who sent no days ticked none only where days were shown. */
export function sentSettings(body: Record<string, string>, known: Settings): Settings {
  const sent = Object.fromEntries(
    names.map((name) => [name, sentText(body[name]) ?? known[name] ?? '']),
  )
  if (body['shown'] === undefined) return sent
  const days = weekdays.filter((one) => body[`day-${one}`] !== undefined)
  return {
    ...sent,
    headroomDays:
      days.length === weekdays.length && known['headroomDays'] === '' ? '' : days.join(','),
    personalVolume: body['personalVolume'] === undefined ? '' : 'yes',
    submissions: body['submissions'] === undefined ? '' : 'yes',
  }
}

/** Browsers send lines with two characters at their end. */
export const sentText = (text: string | undefined): string | undefined =>
  text?.replaceAll('\r\n', '\n').trim()

/** Everything that is wrong with them, by the name of its field. */
export function checkSettings(of: Settings, known: Settings): FormError[] {
  const errors: FormError[] = []
  const wrong = (field: string, code: string, params = {}) => errors.push({ field, code, params })
  for (const name of ['titleEn', 'titleFr']) {
    if (of[name] === '' || (of[name] ?? '').length > 200) wrong(name, 'settings.error.title')
  }
  for (const name of ['descriptionEn', 'descriptionFr'])
    if ((of[name] ?? '').length > 4000) wrong(name, 'settings.error.long', { most: 4000 })
  // What stands there already may be more than a form would take.
  for (const rule of numberRules)
    if (of[rule.name] !== known[rule.name]) checkNumber(rule, of[rule.name] ?? '', wrong)
  const line = (of['groups'] ?? '').split('\n').find((one) => one !== '' && !GROUP.test(one))
  if (line !== undefined) wrong('groups', 'settings.error.groups', { line: line.slice(0, 40) })
  if (of['gpuKind'] !== '' && of['gpuCount'] === '')
    wrong('gpuCount', 'plan.error.number', { least: gpuRule.least, most: gpuRule.most })
  if (!planStates.some((one) => one === of['state'])) wrong('state', 'plan.error.state')
  for (const name of ['openFrom', 'openTo'])
    if (of[name] !== '' && !isWallTime(`${of[name]}T00:00`)) wrong(name, 'settings.error.day')
  if (of['submissionsDue'] !== '' && !isWallTime(of['submissionsDue'] ?? ''))
    wrong('submissionsDue', 'plan.error.start')
  if (of['headroomHours'] !== '' && !HOURS.test(of['headroomHours'] ?? ''))
    wrong('headroomHours', 'settings.error.hours')
  return errors
}

/** A key, so many students, and seats where they are said: `tuesday 15 1-15`. */
const GROUP =
  /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*) ([1-9]\d{0,4})(?: (\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*))?$/

const HOURS = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/

function checkNumber(
  { name, least, most, isBroken }: NumberRule,
  text: string,
  wrong: (field: string, code: string, params: Record<string, number>) => unknown,
): void {
  if (text === '' && !required.has(name)) return
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  const isRight = isBroken ? number >= least && number <= most : wholeNumber(text, least, most)
  if (!isRight)
    wrong(name, isBroken ? 'settings.error.number' : 'plan.error.number', { least, most })
}

/** The document with what the form says; the same text when it says nothing new. The settings are checked. */
export function writeSettings(text: string, of: Settings): string {
  const before = readSettings(text)
  const differs = (...fields: string[]) => fields.some((name) => of[name] !== before[name])
  let edited = text
  const put = (path: string[], value: unknown) => void (edited = putAt(edited, path, value))
  const say = (name: string) => (of[name] === '' ? undefined : of[name])
  for (const name of ['title', 'description'])
    if (differs(`${name}En`, `${name}Fr`)) put([name], textOf(of[`${name}En`], of[`${name}Fr`]))
  for (const name of ['environment', 'pool', 'state']) if (differs(name)) put([name], of[name])
  if (differs('groups')) put(['groups'], groupsOf(of))
  if (differs('openFrom')) put(['open', 'from'], say('openFrom'))
  if (differs('openTo')) put(['open', 'to'], say('openTo'))
  if (differs('gpuKind', 'gpuCount')) put(['seat', 'gpu'], gpuOf(of))
  if (differs('personalVolume'))
    put(['personalVolume'], of['personalVolume'] === 'yes' ? true : undefined)
  if (differs('submissions', 'submissionsDue', ...submissionRules.map((rule) => rule.name)))
    put(['submissions'], submissionsOf(of, parseDocument(text).toJS() as Written))
  for (const { name, path } of numberRules)
    if (!ofParts.has(name) && differs(name))
      put(path, of[name] === '' ? undefined : Number(of[name]))
  if (differs('headroomHours')) put(['headroom', 'hours'], say('headroomHours'))
  if (differs('headroomDays')) put(['headroom', 'days'], say('headroomDays')?.split(','))
  return edited
}

function groupsOf(of: Settings): { key: string; students: number; seats?: string }[] | undefined {
  const lines = (of['groups'] ?? '').split('\n').filter((one) => one !== '')
  const groups = lines.map((line) => {
    const [, key = '', students, seats] = GROUP.exec(line) ?? []
    return { key, students: Number(students), ...(seats !== undefined && { seats }) }
  })
  return groups.length > 0 ? groups : undefined
}

function gpuOf(of: Settings): { kind: string; count: number } | undefined {
  return of['gpuKind'] === '' ? undefined : { kind: of['gpuKind']!, count: Number(of['gpuCount']) }
}

/** Said once where both languages say the same; in the other one's words where one is empty. */
export function textOf(en = '', fr = ''): string | Text | undefined {
  if (en === '' && fr === '') return undefined
  if (en === fr || en === '' || fr === '') return en || fr
  return { fr, en }
}

/** A declared duty to keep them is in no field of the form, and stays. */
function submissionsOf(of: Settings, { submissions }: Written): object | undefined {
  if (of['submissions'] !== 'yes') return undefined
  const duty = submissions?.duty
  return {
    ...(of['submissionsDue'] !== '' && { due: of['submissionsDue'] }),
    ...(of['submissionsMost'] !== '' && { most: Number(of['submissionsMost']) }),
    ...(of['submissionsMb'] !== '' && { totalMb: Number(of['submissionsMb']) }),
    ...(duty !== undefined && { duty }),
  }
}

type Written = { submissions?: { duty?: unknown } }

/** Values of two people: what one changed, over what the other did; where both did, what is being written stays. */
export function mergeSent(sent: Settings, base: Settings, current: Settings): Settings {
  const merged = Object.entries(sent).map(([name, value]) => [
    name,
    name in base && base[name] === value ? (current[name] ?? value) : value,
  ])
  return Object.fromEntries(merged) as Settings
}

/** What a form held when it was made, as the form carries it; undefined when it does not. */
export function readBase(text: string | undefined): Settings | undefined {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text ?? ''))
  } catch {
    return undefined
  }
}
