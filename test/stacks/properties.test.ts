/**
 * Laws of the compiler, on random small campuses. The seed is printed: LABPLAN_SEED=… runs the same
 * campuses again, LABPLAN_RUNS=… multiplies their number.
 */
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, canonicalText, parseBlueprint } from '../../stacks/blueprint.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { compile, createCompiler } from '../../stacks/compile.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import { wantedAt } from '../../stacks/rules/wanted.ts'
import type { SeatedOnNode } from '../../stacks/terms.ts'
import { slotsByTrial } from '../campus/other-slots.ts'
import { random } from '../campus/random.ts'
import { checkNumbers, referee } from '../campus/referee.ts'
import { smallCampus, twoCampuses } from '../campus/small.ts'

const seed = Number(process.env['LABPLAN_SEED'] ?? 20_261_123)
const times = Number(process.env['LABPLAN_RUNS'] ?? 1)

function holds<T>(
  name: string,
  runs: number,
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => void,
) {
  test(`${name} (${runs * times} campuses, seed ${seed})`, { timeout: 480_000 }, () => {
    const result = fc.check(fc.property(arbitrary, check), { seed, numRuns: runs * times })
    expect(
      result.failed ? `${String(result.errorInstance)} ${fc.defaultReportMessage(result)}` : '',
    ).toBe('')
  })
}

holds('every minute has what it reserved, and nothing else exists', 6000, smallCampus, (input) => {
  const compiled = compile(input)
  assert.deepEqual(referee(input, compiled), [])
  const numbers = compiled.blueprint.courses.flatMap((one) =>
    one.sessions.flatMap((session) => checkNumbers(session, [])),
  )
  assert.deepEqual(numbers, [])
})

const shuffled = fc.record({ input: smallCampus, salt: fc.nat() })

holds('the order of the inputs decides nothing', 1500, shuffled, ({ input, salt }) => {
  const dice = random(salt)
  const shuffle = <T>(items: T[]) =>
    items
      .map((item) => ({ item, at: dice.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item)
  const courses = shuffle(input.courses).map((one) => ({ ...one, sessions: shuffle(one.sessions) }))
  const pools = shuffle(input.pools).map((one) => ({
    ...one,
    nodes: shuffle(one.nodes),
    flavours: shuffle(one.flavours),
  }))
  const [a, b] = [compile(input), compile({ ...input, courses, pools })]
  assert.equal(canonicalText(b.blueprint), canonicalText(a.blueprint))
  assert.deepEqual(b.notes, a.notes)
})

const edited = fc.record({ inputs: fc.array(smallCampus, { minLength: 2, maxLength: 4 }) })

holds('a compiler that remembers answers as one that does not', 700, edited, ({ inputs }) => {
  const compiler = createCompiler()
  const [first] = inputs as [CompileInput]
  inputs.forEach((other, i) => {
    const courses = first.courses.map((course, n) =>
      n % 2 === i % 2 ? (other.courses[n] ?? course) : course,
    )
    const input = { ...first, courses }
    // What is tried on a fork is answered as well, and what it was forked from does not hear of it.
    const tried = { ...first, courses: other.courses }
    const [c, d] = [compile(tried), compiler.fork()(tried)]
    assert.equal(canonicalText(d.blueprint), canonicalText(c.blueprint))
    assert.deepEqual(d.notes, c.notes)
    const [a, b] = [compile(input), compiler(input)]
    assert.equal(canonicalText(b.blueprint), canonicalText(a.blueprint))
    assert.deepEqual(b.notes, a.notes)
    assert.equal(
      canonicalText(parseBlueprint(canonicalText(a.blueprint))),
      canonicalText(a.blueprint),
    )
    assert.deepEqual(JSON.parse(canonicalText(a.blueprint)), JSON.parse(canonicalJson(a.blueprint)))
  })
})

holds('who sits is never moved', 1500, twoCampuses, ({ input, other, pick }) => {
  const before = compile(input).blueprint
  const placed = before.courses
    .flatMap((one) => one.sessions)
    .filter((one) => one.placements.length > 0)
  const session = placed[pick % Math.max(1, placed.length)]
  if (session === undefined) return
  const seated = seatedAt(before, session.startsAt)
  const kept = input.courses.filter((course) =>
    seated.some((one) => one.session.startsWith(`${course.key}/`)),
  )
  const added = other.courses.map((course, i) => ({ ...course, key: `added-${i}` }))
  const after = {
    ...input,
    courses: [...kept, ...added],
    now: '2026-01-01T00:00:00Z',
    inventory: { seated },
  }
  const compiled = compile(after)
  assert.deepEqual(referee(after, compiled), [])
  const now = new Map(
    seatedAt(compiled.blueprint, session.startsAt).map((one) => [
      `${one.session} ${one.node}`,
      one.seats,
    ]),
  )
  for (const one of seated) {
    const kept = now.get(`${one.session} ${one.node}`) ?? 0
    assert.ok(kept >= one.seats, `${one.session} on ${one.node}`)
  }
})

function seatedAt(blueprint: Blueprint, now: string): SeatedOnNode[] {
  return wantedAt(blueprint, now).sessions.flatMap((session) =>
    session.placements.map(({ node, seats }) => ({
      pool: session.pool,
      node,
      seats,
      session: session.key,
    })),
  )
}

holds('the slots proposed are the three nearest', 500, smallCampus, (input) => {
  const { notes } = compile(input)
  const note = notes.find((one) => Array.isArray(one.params['slots']))
  const course = input.courses.find((one) => one.key === note?.where.course)
  if (note === undefined || course === undefined) return
  const planned = (note.where.session ?? '').split('/')[1] ?? ''
  const isAlone =
    course.sessions.filter((plan) => plan.start.slice(11) === planned.slice(11)).length === 1
  if (!isAlone || !/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(planned)) return
  const slots = (note.params['slots'] as { wall: string }[]).map((slot) => slot.wall)
  assert.deepEqual(slots, slotsByTrial(input, course, planned, note) ?? slots)
})
