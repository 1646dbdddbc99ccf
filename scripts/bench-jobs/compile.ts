/**
 * How long the compiler takes: a campus of 500 courses and 30,000 seats from nothing, one edit after
 * it (with feasibility, and with the nearest slots when it does not fit), memory, and growth at ×2 and
 * ×4. Progress on stderr, one JSON line on stdout (design.md §8).
 */
import { pathToFileURL } from 'node:url'
import { digest } from '../../stacks/blueprint.ts'
import { compile, createCompiler } from '../../stacks/compile.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import { campus } from '../../test/campus/campus.ts'
import { askedOf } from '../bench-parts/asked.ts'

const size = { courses: 500, weeks: 15, sessionsPerWeek: 2, seats: 60 }
const barMs = 1000
const editBarMs = 50

export function measureCompile() {
  // The first compile of a process also compiles the compiler: it is reported, the bar is on the median.
  const input = campus(7, size)
  const cold = time(() => compile(input))
  const full = median(Array.from({ length: 5 }, () => time(() => compile(input))))
  const fullCpuMs = cpu(() => compile(input))
  const { blueprint, notes } = compile(input)
  const digestMs = time(() => digest(blueprint))
  process.stderr.write(`compile: cold ${cold} ms, median ${full} ms, digest ${digestMs} ms\n`)
  const edit = measureEdits(input)
  process.stderr.write(`one edit: ${JSON.stringify(edit)}\n`)
  const growth = measureGrowth()
  process.stderr.write(`growth: ${JSON.stringify(growth)}\n`)
  const holds = full <= barMs && edit.editMs <= editBarMs && edit.infeasibleMs <= editBarMs
  return {
    name: 'compile',
    figure: full,
    unit: 'ms for 500 courses',
    bar: barMs,
    holds,
    cpuMs: fullCpuMs,
    coldMs: cold,
    digestMs,
    ...edit,
    editBarMs,
    sessions: blueprint.courses.reduce((sum, course) => sum + course.sessions.length, 0),
    seats: input.courses.reduce((sum, course) => sum + course.students, 0),
    errors: notes.filter((note) => note.severity === 'error').length,
    memoryMb: Math.round(process.memoryUsage().heapUsed / 1e6),
    growth,
  }
}

/** As someone types: each edit starts from the one before, on a compiler that remembers. */
function measureEdits(input: CompileInput) {
  const compiler = createCompiler()
  let current = tight(input)
  compiler(current)
  const edits: number[] = []
  const digests: number[] = []
  const infeasible: number[] = []
  let proposals = 0
  for (let n = 0; n < 40; n++) {
    const at = (n * 37) % size.courses
    current = withCourse(current, at, (course) => ({ ...course, students: course.students + 1 }))
    edits.push(time(() => compiler(current)))
    const { blueprint } = compiler(current)
    digests.push(time(() => digest(blueprint)))
    const wanted = withSession(current, at, 1500)
    let result: ReturnType<typeof compiler> | undefined
    infeasible.push(time(() => (result = compiler(wanted))))
    if (result?.notes.some((note) => note.params['slots'] !== undefined)) proposals++
    compiler(current)
  }
  return {
    editMs: median(edits),
    editP95Ms: percentile(edits, 0.95),
    infeasibleMs: median(infeasible),
    infeasibleP95Ms: percentile(infeasible, 0.95),
    editDigestMs: median(digests),
    editsWithProposals: proposals,
  }
}

/** Pools with just enough for the term as it is: one class more at eight does not fit. */
function tight(input: CompileInput): CompileInput {
  const { blueprint } = compile(input)
  const pools = input.pools.map((pool) => {
    const nodes = blueprint.pools.find((one) => one.key === pool.key)?.nodes ?? []
    const changes = nodes
      .flatMap((node) => [
        { at: Date.parse(node.from), step: 1 },
        { at: Date.parse(node.until), step: -1 },
      ])
      .toSorted((a, b) => a.at - b.at || a.step - b.step)
    let count = 0
    let peak = 0
    for (const { step } of changes) {
      count += step
      peak = Math.max(peak, count)
    }
    return { ...pool, maximum: peak + 6 }
  })
  return { ...input, pools }
}

function withCourse(
  input: CompileInput,
  at: number,
  edit: (course: CompileInput['courses'][number]) => CompileInput['courses'][number],
): CompileInput {
  return { ...input, courses: input.courses.map((course, i) => (i === at ? edit(course) : course)) }
}

/** One more class, on a busy morning. */
function withSession(input: CompileInput, at: number, students: number): CompileInput {
  return withCourse(input, at, (course) => {
    const [first] = course.sessions
    if (first === undefined) return course
    const { repeat: _repeat, group: _group, ...plan } = first
    const more = { ...plan, start: '2026-09-16T08:00', except: [], students, atOnce: students }
    return { ...course, sessions: [...course.sessions, more] }
  })
}

/** The exponent of time over size, from ×1 to ×4 (least squares on logarithms). */
function measureGrowth() {
  const points = [1, 2, 4].map((factor) => {
    const input = campus(7, { ...size, courses: size.courses * factor })
    const ms = median(Array.from({ length: 3 }, () => time(() => compile(input))))
    return { courses: size.courses * factor, ms }
  })
  const logs = points.map(({ courses, ms }) => [Math.log(courses), Math.log(ms)] as const)
  const mean = (i: 0 | 1) => logs.reduce((sum, point) => sum + point[i], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const over = logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  const under = logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  return { points, exponent: Math.round((over / under) * 100) / 100 }
}

function time(work: () => unknown): number {
  const start = performance.now()
  work()
  return Math.round((performance.now() - start) * 10) / 10
}

/** Processor time, all threads: tells a slow compiler from a busy machine. */
function cpu(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return Math.round((user + system) / 1000)
}

function median(values: number[]): number {
  return percentile(values, 0.5)
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  askedOf({ json: { type: 'boolean' } })
  const result = measureCompile()
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exitCode = result.holds ? 0 : 1
}
