/** Where else is there room while a pool is closed? Asked for the course somebody is at work on, however many wait with it. */
import { expect, it } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { slotsForNotes } from '../../stacks/rules/fit.ts'
import { inputOf } from './story.ts'

const pool = (key: string, rest: string) => `---
apiVersion: labplan/v1
kind: Pool
key: ${key}
title: ${key}
${rest}
`
const course = (key: string) => `---
apiVersion: labplan/v1
kind: Course
key: ${key}
title: ${key}
environment: terminal
pool: own
seat: { cpu: 0.5, memoryMb: 2048 }
students: 4
sessions: [{ start: 2026-11-23T08:00, minutes: 120 }]
`
const keys = Array.from({ length: 12 }, (_, i) => `course-${i}`)
const documents =
  pool('own', 'nodes: [{ key: pc-1, cpu: 64, memoryMb: 262144 }]') +
  pool('other', 'nodes: [{ key: pc-2, cpu: 64, memoryMb: 262144 }]') +
  pool('also', 'nodes: [{ key: pc-3, cpu: 64, memoryMb: 262144 }]') +
  keys.map(course).join('')
const closed = { own: '2026-09-01T07:30:00Z', also: '2026-09-01T07:30:00Z' }
const input = inputOf(documents, { inventory: { closed }, now: '2026-09-01T08:00:00Z' })
const elsewhere = ({ params }: { params: Record<string, unknown> }) => params['elsewhere']

it('tries other pools for a few courses of many', () => {
  const tried = compile(input).notes.map(elsewhere)
  expect(tried).toEqual(keys.map((_, i) => (i < 8 ? ['other'] : null)))
})

it('tries none for who asks about one course, and then for that course, whichever it is', () => {
  const compiled = compile({ ...input, hasNoSlots: true })
  expect(compiled.notes.map(elsewhere)).toEqual(keys.map(() => null))
  const known = { policy: input.policy, closed, now: Date.parse(input.now) }
  for (const key of keys) {
    const own = compiled.notes.filter(({ where }) => where.course === key)
    expect(slotsForNotes(own, compiled, known).map(elsewhere)).toEqual([['other']])
  }
})

it('tries other pools for the first courses of a change that touches many', () => {
  const compiled = compile({ ...input, hasNoSlots: true })
  const known = { policy: input.policy, closed, now: Date.parse(input.now) }
  const tried = slotsForNotes(compiled.notes, compiled, known).map(elsewhere)
  expect(tried).toEqual(keys.map((_, i) => (i < 8 ? ['other'] : null)))
})
