/** A new course as a short form, and as the document it becomes. Pure. */
import { LEAST_SEAT } from '../data/courses/documents.ts'
import { stringify } from 'yaml'
import type { SeatNeeds } from '../../stacks/terms.ts'
import { weekly } from './plan-edits.ts'
import { type FormError, isWallTime, wholeNumber } from './plan-form.ts'

const MOST = { students: 10_000, minutes: 20_160, weeks: 60, memoryMb: 1_000_000, cpu: 256 }
const KEY_LENGTH = 33

export type CourseDraft = {
  title: string
  environment: string
  pool: string
  students: string
  /** Whether classes follow the LMS's list once it was read. */
  follow: string
  /** Of the first class, wall time; empty for a course without a class yet. */
  start: string
  minutes: string
  weeks: string
  /** Of each seat; empty: as courses with this environment have it. */
  cpu: string
  memoryMb: string
  filesMb: string
}

/** What may be chosen, and what goes without saying. */
export type Offer = { key: string; seat: SeatNeeds; pool: string }

export const emptyDraft: CourseDraft = {
  ...{ title: '', environment: '', pool: '', students: '30', follow: 'yes' },
  ...{ start: '', minutes: '120', weeks: '12', cpu: '', memoryMb: '', filesMb: '' },
}

/** @param offers environments, the first of which is chosen unless said */
export function sentDraft(body: Record<string, string>, offers: Offer[]): CourseDraft {
  const names = Object.keys(emptyDraft) as (keyof CourseDraft)[]
  const sent = Object.fromEntries(names.map((name) => [name, body[name] ?? emptyDraft[name]]))
  const draft = { ...emptyDraft, ...sent, title: (body['title'] ?? '').trim().slice(0, 200) }
  const offer = offers.find((one) => one.key === draft.environment) ?? offers[0]
  const place = body['start-at'] === undefined ? {} : { start: body['start-at'] }
  return {
    ...draft,
    environment: offer?.key ?? '',
    pool: draft.pool || (offer?.pool ?? ''),
    ...place,
  }
}

export function checkDraft(draft: CourseDraft): FormError[] {
  const errors: FormError[] = []
  const whole = (field: keyof CourseDraft, most: number, least = 1) => {
    if (!wholeNumber(draft[field], least, most))
      errors.push({ field, code: 'plan.error.number', params: { least, most } })
  }
  if (draft.title === '') errors.push({ field: 'title', code: 'course-new.error.title' })
  if (draft.environment === '')
    errors.push({ field: 'environment', code: 'course-new.error.environment' })
  whole('students', MOST.students)
  if (draft.start !== '') {
    if (!isWallTime(draft.start)) errors.push({ field: 'start', code: 'plan.error.start' })
    whole('minutes', MOST.minutes, 5)
    whole('weeks', MOST.weeks)
  }
  if (draft.cpu !== '' && !(Number(draft.cpu) >= LEAST_SEAT.cpu && Number(draft.cpu) <= MOST.cpu))
    errors.push({
      field: 'cpu',
      code: 'course-new.error.cpu',
      params: { least: LEAST_SEAT.cpu, most: MOST.cpu },
    })
  if (draft.memoryMb !== '') whole('memoryMb', MOST.memoryMb, LEAST_SEAT.memoryMb)
  if (draft.filesMb !== '') whole('filesMb', MOST.memoryMb)
  return errors
}

/** `Réseaux 101` → `reseaux-101`, short enough for what makes it unique. */
export function keyOfTitle(title: string): string {
  const plain = title
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[-0-9]+|-+$/g, '')
  return plain.slice(0, KEY_LENGTH).replace(/-+$/, '') || 'course'
}

/** A checked draft as `course.yaml`. */
export function draftDocument(draft: CourseDraft, key: string, offers: Offer[]): string {
  const { title, environment, pool, start, minutes, weeks } = draft
  const usual = offers.find((one) => one.key === environment)?.seat ?? { cpu: 1, memoryMb: 1024 }
  const said = (text: string, usually: number | undefined) => (text === '' ? usually : Number(text))
  const repeat = Number(weeks) > 1 ? { repeat: weekly(Number(weeks)) } : {}
  const files = said(draft.filesMb, usual.volumeQuotaMb)
  return stringify(
    {
      ...{ apiVersion: 'labplan/v1', kind: 'Course', key, title, environment, pool },
      seat: {
        ...usual,
        cpu: said(draft.cpu, usual.cpu),
        memoryMb: said(draft.memoryMb, usual.memoryMb),
        ...(files !== undefined && { volumeQuotaMb: files }),
      },
      students: Number(draft.students),
      ...(draft.follow === 'yes' && { followRoster: true }),
      sessions: start === '' ? [] : [{ start, minutes: Number(minutes), ...repeat }],
    },
    { lineWidth: 0 },
  )
}
