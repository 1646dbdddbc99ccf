/**
 * A campus as schools have them: classes at the same few hours, labs in parallel groups, GPU projects
 * before the end of term, exams, holidays, and both clock changes of Europe/Paris when the term is long.
 * Sizes from 5 courses to 500 and more; the same seed gives the same campus.
 */
import type { CompileInput } from '../../stacks/compile.ts'
import {
  courseSchema,
  defaultPolicy,
  environmentSchema,
  poolSchema,
  zoneSchema,
} from '../../stacks/schema.ts'
import type { Course, SessionPlan } from '../../stacks/terms.ts'
import type { Pool } from '../../stacks/terms-pool.ts'
import { random } from './random.ts'
import type { Random } from './random.ts'

export interface CampusSize {
  courses: number
  weeks: number
  sessionsPerWeek: number
  /** Seats per course on average. */
  seats: number
}

/** Monday of the first week; fifteen weeks from here pass the change to winter time. */
const firstMonday = '2026-09-07'

/** @param monday of its first week */
export function campus(seed: number, size: CampusSize, monday = firstMonday): CompileInput {
  const dice = random(seed)
  const courses: Course[] = []
  for (let n = 1; n <= size.courses; n++) courses.push(course(dice, n, size, monday))
  return {
    courses,
    environments: [terminal],
    pools: pools(size),
    policy: defaultPolicy,
    zones: [zone],
    inventory: {},
    now: '2026-09-01T00:00:00Z',
  }
}

export const terminal = environmentSchema.parse({
  key: 'terminal',
  title: { fr: 'Terminal', en: 'Terminal' },
  image: `labplan/terminal@sha256:${'a'.repeat(64)}`,
  ports: [
    { number: 8080, name: 'terminal', kind: 'web', title: { fr: 'Terminal', en: 'Terminal' } },
  ],
})

export const zone = zoneSchema.parse({
  key: 'default',
  title: { fr: 'Université d’exemple', en: 'Example University' },
  timeZone: 'Europe/Paris',
  holidays: [
    { title: 'Toussaint', from: '2026-10-24', to: '2026-11-01' },
    { title: 'Armistice', from: '2026-11-11', to: '2026-11-11' },
    { title: 'Noël', from: '2026-12-19', to: '2027-01-03' },
  ],
})

/** Three pools: bought machines of one size, two sizes mixed behind own machines, and GPUs. */
function pools(size: CampusSize): Pool[] {
  const own = Math.max(1, Math.round(size.courses / 50))
  const reserve = { cpu: 0.5, memoryMb: 2048 }
  return [
    {
      key: 'cloud',
      title: 'Cloud',
      flavours: [{ key: 'm32', cpu: 32, memoryMb: 131_072, pricePerHour: 0.78, bootMinutes: 4 }],
      reserve,
    },
    {
      key: 'mixed',
      title: 'Mixed',
      nodes: Array.from({ length: own }, (_, n) => ({
        key: `pc-${n + 1}`,
        cpu: 32,
        memoryMb: 131_072,
      })),
      flavours: [
        { key: 'm8', cpu: 8, memoryMb: 32_768, pricePerHour: 0.22, bootMinutes: 4 },
        { key: 'm32', cpu: 32, memoryMb: 131_072, pricePerHour: 0.78, bootMinutes: 6 },
      ],
      reserve,
    },
    {
      key: 'gpu',
      title: 'GPU',
      flavours: [
        {
          key: 'g4',
          cpu: 32,
          memoryMb: 131_072,
          gpu: { kind: 'a100', count: 4 },
          pricePerHour: 6,
          bootMinutes: 6,
        },
      ],
      reserve,
    },
  ].map((pool) => poolSchema.parse({ ...pool, maximum: 100_000 }))
}

const shapes = [
  { cpu: 0.5, memoryMb: 1024 },
  { cpu: 1, memoryMb: 2048 },
  { cpu: 1, memoryMb: 4096 },
  { cpu: 2, memoryMb: 4096 },
  { cpu: 2, memoryMb: 8192 },
]

function course(dice: Random, n: number, size: CampusSize, monday: string): Course {
  const isGpu = dice.chance(0.06)
  const least = Math.max(1, Math.round(size.seats * 0.4))
  const students = dice.between(least, Math.max(least, Math.round(size.seats * 1.6)))
  const isLab = !isGpu && students >= 24 && dice.chance(0.2)
  const groups = isLab ? splitInGroups(students, dice.between(2, 3)) : []
  const atOnce = isGpu ? Math.max(1, Math.round(students / 6)) : undefined
  return courseSchema.parse({
    key: `course-${n}`,
    title: `Course ${n}`,
    environment: 'terminal',
    pool: isGpu ? 'gpu' : dice.chance(0.6) ? 'cloud' : 'mixed',
    seat: isGpu
      ? { cpu: 6, memoryMb: 24_576, gpu: { kind: 'a100', count: 1 }, volumeQuotaMb: 20_480 }
      : { ...dice.pick(shapes), volumeQuotaMb: 2048 },
    students,
    atOnce,
    groups,
    sessions: sessions(dice, size, groups, monday),
    projects: isGpu && dice.chance(0.5) ? [gpuProject(dice, size, atOnce ?? 1, monday)] : [],
  })
}

function splitInGroups(students: number, parts: number) {
  const each = Math.ceil(students / parts)
  return Array.from({ length: parts }, (_, i) => ({
    key: `g${i + 1}`,
    students: Math.min(each, students - i * each),
  })).filter((group) => group.students > 0)
}

/** Morning is fuller than afternoon, and eight o'clock fullest of all. */
const starts = [
  '08:00',
  '08:00',
  '08:00',
  '08:30',
  '10:15',
  '10:15',
  '13:30',
  '13:30',
  '14:00',
  '15:45',
  '17:30',
]

function sessions(
  dice: Random,
  size: CampusSize,
  groups: { key: string }[],
  monday: string,
): object[] {
  const series: Partial<SessionPlan>[] = []
  for (let n = 0; n < size.sessionsPerWeek; n++) {
    const day = dice.between(0, 4)
    const base = {
      start: `${dayAfter(monday, day)}T${dice.pick(starts)}`,
      minutes: dice.pick([90, 105, 105, 120, 120, 180, 240]),
      repeat: `FREQ=WEEKLY;COUNT=${size.weeks}`,
      ...(dice.chance(0.1)
        ? { except: [dayAfter(monday, day + 7 * dice.between(1, size.weeks - 1))] }
        : {}),
    }
    const isExam = n === size.sessionsPerWeek - 1 && dice.chance(0.1)
    if (groups.length > 0) series.push(...groups.map((group) => ({ ...base, group: group.key })))
    else series.push(base)
    if (isExam) series.push(exam(dice, size, monday))
  }
  return series
}

function exam(dice: Random, size: CampusSize, monday: string): Partial<SessionPlan> {
  const day = dayAfter(monday, 7 * size.weeks + dice.between(0, 4))
  return {
    start: `${day}T09:00`,
    minutes: 180,
    exam: true,
    spares: 2,
    extraTime: [{ students: 2, minutes: 60 }],
  }
}

function gpuProject(dice: Random, size: CampusSize, atOnce: number, monday: string) {
  const from = 7 * Math.max(0, size.weeks - 3)
  const booked = Array.from({ length: dice.between(2, 8) }, () => ({
    start: `${dayAfter(monday, from + dice.between(0, 13))}T${dice.pick(['09:00', '13:00', '18:00', '21:30'])}`,
    minutes: dice.pick([120, 240, 360]),
    seats: dice.between(1, atOnce),
  }))
  const to = dayAfter(monday, from + 13)
  return { key: 'project', from: dayAfter(monday, from), to, atOnce, bookings: booked }
}

export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}
