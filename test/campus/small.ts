/** Small random campuses for the referee: every feature, few of each, and mornings when clocks change. */
import * as fc from 'fast-check'
import type { CompileInput } from '../../stacks/compile.ts'
import { courseSchema, policySchema, poolSchema, zoneSchema } from '../../stacks/schema.ts'
import { dayAfter, terminal } from './campus.ts'

/** Saturdays before the clocks change, and an ordinary week. */
const weeks = ['2026-10-22', '2027-03-25', '2026-11-12']

const seat = fc.record(
  {
    cpu: fc.constantFrom(0.5, 1, 1.5, 2),
    memoryMb: fc.constantFrom(1024, 2048, 3072, 4096),
    gpu: fc.constant({ kind: 'a100', count: 1 }),
    volumeQuotaMb: fc.constant(512),
  },
  { requiredKeys: ['cpu', 'memoryMb'] },
)

const clock = fc.constantFrom(
  '00:30',
  '02:30',
  '07:45',
  '08:00',
  '08:00',
  '09:30',
  '10:00',
  '10:15',
  '13:30',
  '22:45',
)

const plan = fc.record(
  {
    // Days close together, so that classes meet and follow each other.
    day: fc.constantFrom(0, 0, 1, 1, 2, 3),
    clock,
    minutes: fc.constantFrom(30, 45, 60, 90, 120, 180, 240),
    repeat: fc.constantFrom(
      'FREQ=DAILY;COUNT=2',
      'FREQ=DAILY;COUNT=3',
      'FREQ=WEEKLY;COUNT=2',
      'FREQ=DAILY;INTERVAL=2;COUNT=2',
    ),
    exceptDay: fc.integer({ min: 0, max: 5 }),
    moveTo: fc.record({ day: fc.integer({ min: 0, max: 6 }), clock }),
    holidays: fc.constant('keep' as const),
    students: fc.integer({ min: 1, max: 14 }),
    atOnce: fc.integer({ min: 1, max: 8 }),
    group: fc.constantFrom('a', 'b'),
    opensMinutesBefore: fc.constantFrom(0, 15, 60),
    graceMinutes: fc.constantFrom(0, 5, 20),
    stayMinutes: fc.constantFrom(0, 15),
    spares: fc.integer({ min: 0, max: 2 }),
    extraTime: fc.constant([{ students: 2, minutes: 30 }]),
  },
  { requiredKeys: ['day', 'clock', 'minutes'] },
)

const project = fc.record(
  {
    day: fc.integer({ min: 0, max: 4 }),
    days: fc.integer({ min: 1, max: 2 }),
    hours: fc.constantFrom('08:00-12:00', '18:00-24:00'),
    atOnce: fc.integer({ min: 1, max: 3 }),
    reserve: fc.constantFrom('period' as const, 'bookings' as const),
    bookings: fc.array(
      fc.record({
        day: fc.integer({ min: 0, max: 4 }),
        clock,
        minutes: fc.constantFrom(60, 120),
        seats: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['day', 'days', 'atOnce', 'bookings'] },
)

const course = fc.record(
  {
    seat,
    students: fc.integer({ min: 1, max: 14 }),
    atOnce: fc.integer({ min: 1, max: 8 }),
    plans: fc.array(plan, { minLength: 1, maxLength: 3 }),
    project,
    pool: fc.constantFrom('one', 'two'),
    state: fc.constantFrom('ready' as const, 'draft' as const),
  },
  { requiredKeys: ['seat', 'students', 'plans', 'pool'] },
)

const node = fc.record(
  {
    cpu: fc.integer({ min: 2, max: 10 }),
    memoryMb: fc.constantFrom(4096, 8192, 16_384),
    gpu: fc.constant({ kind: 'a100', count: 2 }),
  },
  { requiredKeys: ['cpu', 'memoryMb'] },
)

const flavour = fc.record(
  {
    cpu: fc.constantFrom(4, 8, 16),
    memoryMb: fc.constantFrom(8192, 16_384, 32_768),
    gpu: fc.constant({ kind: 'a100', count: 2 }),
    pricePerHour: fc.constantFrom(0, 0.2, 0.5, 1),
    bootMinutes: fc.constantFrom(0, 3, 10, 25, 40),
    quota: fc.integer({ min: 0, max: 5 }),
  },
  { requiredKeys: ['cpu', 'memoryMb', 'pricePerHour', 'bootMinutes'] },
)

const pool = fc.record({
  nodes: fc.array(node, { maxLength: 3 }),
  flavours: fc.array(flavour, { maxLength: 2 }),
  minimumIdle: fc.constantFrom(0, 0, 1, 2),
  maximum: fc.constantFrom(0, 1, 2, 4, 8),
})

const policy = fc.record({
  leadMinutes: fc.constantFrom(5, 20, 45),
  readyMinutes: fc.constantFrom(5, 10, 25),
  graceMinutes: fc.constantFrom(0, 10),
})

export interface SmallShape {
  week: string
  courses: (typeof course extends fc.Arbitrary<infer C> ? C : never)[]
  pools: (typeof pool extends fc.Arbitrary<infer P> ? P : never)[]
  policy: { leadMinutes: number; readyMinutes: number; graceMinutes: number }
}

const shape = fc.record({
  courses: fc.array(course, { minLength: 1, maxLength: 4 }),
  pools: fc.tuple(pool, pool),
  policy,
})

export const smallCampus: fc.Arbitrary<CompileInput> = fc
  .record({ week: fc.constantFrom(...weeks), shape })
  .map(({ week, shape }) => build({ week, ...shape }))

/** Two campuses of one week, so that their classes meet. */
export const twoCampuses = fc
  .record({ week: fc.constantFrom(...weeks), one: shape, two: shape, pick: fc.nat() })
  .map(({ week, one, two, pick }) => ({
    input: build({ week, ...one }),
    other: build({ week, ...two }),
    pick,
  }))

function build(shape: SmallShape): CompileInput {
  const day = (n: number) => dayAfter(shape.week, n)
  return {
    environments: [terminal],
    zones: [
      zoneSchema.parse({
        key: 'default',
        title: 'Example University',
        holidays: [{ title: 'Day off', from: day(4), to: day(4) }],
      }),
    ],
    policy: policySchema.parse({
      ...shape.policy,
      teaching: { hours: '08:00-18:00', stepMinutes: 120, weeks: 1 },
    }),
    pools: shape.pools.map((one, i) => poolOf(one, ['one', 'two'][i] ?? '')),
    courses: shape.courses.map((one, i) => courseOf(one, `course-${i + 1}`, day)),
    inventory: {},
    now: `${dayAfter(shape.week, -3)}T00:00:00Z`,
  }
}

function poolOf(one: SmallShape['pools'][number], key: string) {
  return poolSchema.parse({
    ...one,
    key,
    title: key,
    reserve: { cpu: 0.5, memoryMb: 512 },
    nodes: one.nodes.map((node, i) => ({ ...node, key: `pc-${i + 1}` })),
    flavours: one.flavours.map((flavour, i) => ({ ...flavour, key: `f${i + 1}` })),
  })
}

function courseOf(
  { plans, project: period, ...one }: SmallShape['courses'][number],
  key: string,
  day: (n: number) => string,
) {
  return courseSchema.parse({
    ...one,
    key,
    title: key,
    environment: 'terminal',
    groups: [
      { key: 'a', students: 3 },
      { key: 'b', students: 4 },
    ],
    sessions: plans.map(({ day: n, clock: at, exceptDay, moveTo, ...plan }) => ({
      ...plan,
      start: `${day(n)}T${at}`,
      ...(exceptDay === undefined ? {} : { except: [day(exceptDay)] }),
      ...(moveTo === undefined
        ? {}
        : { move: { [`${day(n)}T${at}`]: `${day(moveTo.day)}T${moveTo.clock}` } }),
    })),
    projects: period === undefined ? [] : [projectOf(period, day)],
  })
}

function projectOf(
  { day: first, days, bookings, ...rest }: NonNullable<SmallShape['courses'][number]['project']>,
  day: (n: number) => string,
) {
  return {
    ...rest,
    key: 'project',
    from: day(first),
    to: day(first + days - 1),
    bookings: bookings.map(({ day: n, clock: at, ...booking }) => ({
      ...booking,
      start: `${day(n)}T${at}`,
    })),
  }
}
