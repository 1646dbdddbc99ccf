/**
 * The campus of a semester: the courses of test/campus without those that only buy GPUs, and three things that
 * schools fear: twelve classes at eight on one day, one of them with a new image of 8 GB, and thirty students
 * who share four GPUs for two weeks.
 */
import { courseSchema, environmentSchema, poolSchema } from '../../stacks/schema.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import type { Course } from '../../stacks/terms.ts'
import type { Source } from '../../api/data/courses/documents.ts'
import { campus, dayAfter } from '../campus/campus.ts'

export type SemesterSize = { courses: number; weeks: number; students: number }

export const BIG_IMAGE = `labplan/big@sha256:${'b'.repeat(64)}`
export const BIG_IMAGE_BYTES = 8e9
export const GPU_COURSE = 'shared-gpus'
export const GPUS = 4
const GPU_STUDENTS = 30
const AT_EIGHT = 12
/** The Monday test/campus starts on; and the morning everybody starts at eight, a week later. */
const firstMonday = '2026-09-07'
const busyMorning = `${dayAfter(firstMonday, 8)}T08:00`

export function semesterCampus(seed: number, size: SemesterSize): CompileInput {
  const { courses, weeks, students } = size
  const base = campus(seed, { courses: courses * 2, weeks, sessionsPerWeek: 2, seats: students })
  const plain = base.courses.filter((course) => course.seat.gpu === undefined).slice(0, courses - 1)
  const atEight = plain.slice(0, AT_EIGHT)
  return {
    ...base,
    environments: [...base.environments, bigEnvironment],
    pools: [...base.pools.filter((pool) => pool.key !== 'gpu'), gpuPool],
    courses: [
      ...plain.map((course) => {
        if (!atEight.includes(course)) return course
        const isBig = course === atEight.at(-1)
        return withMorning(course, isBig)
      }),
      gpuCourse(weeks),
    ],
  }
}

const bigEnvironment = environmentSchema.parse({
  key: 'big',
  title: 'A new image of 8 GB',
  image: BIG_IMAGE,
  ports: [{ number: 8080, name: 'notebook', kind: 'web', title: 'Notebook' }],
})

const gpuPool = poolSchema.parse({
  key: 'gpu',
  title: 'Four GPUs of our own',
  nodes: [{ key: 'gpu-1', cpu: 32, memoryMb: 131_072, gpu: { kind: 'a100', count: GPUS } }],
})

/** One more class for all its students; who brings the new image has no other, so no node has seen it. */
function withMorning(course: Course, isBig: boolean): Course {
  const morning = { start: busyMorning, minutes: 105 }
  return courseSchema.parse({
    ...course,
    ...(isBig && { environment: 'big', groups: [], sessions: [] }),
    sessions: isBig ? [morning] : [...course.sessions, morning],
    projects: [],
  })
}

function gpuCourse(weeks: number): Course {
  // The last two weeks; of a short term the last two days.
  const from = weeks > 4 ? 7 * (weeks - 2) : 7 * weeks - 4
  return courseSchema.parse({
    key: GPU_COURSE,
    title: 'Thirty students, four GPUs',
    environment: 'terminal',
    pool: 'gpu',
    seat: { cpu: 6, memoryMb: 24_576, gpu: { kind: 'a100', count: 1 }, volumeQuotaMb: 20_480 },
    students: GPU_STUDENTS,
    headroom: { seats: 0 },
    projects: [
      {
        ...{ key: 'project', atOnce: GPUS, hours: '08:00-20:00' },
        days: ['MO', 'TU', 'WE', 'TH', 'FR'],
        from: dayAfter(firstMonday, from),
        to: dayAfter(firstMonday, 7 * weeks - 3),
      },
    ],
  })
}

/** The documents as people would send them. JSON is YAML. */
export function documentsOf(input: CompileInput): Source[] {
  const kinds = [
    ...input.zones.map((value) => ['Zone', value] as const),
    ...input.environments.map((value) => ['Environment', value] as const),
    ...input.pools.map((value) => ['Pool', value] as const),
    ...input.courses.map((value) => ['Course', value] as const),
  ]
  const documents = [['Policy', input.policy] as const, ...kinds]
  return documents.map(([kind, value], i) => ({
    name: `${kind}-${i}`,
    text: JSON.stringify({ apiVersion: 'labplan/v1', kind, ...value }, null, 1),
  }))
}
