import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { type EstateDocument, exportEstate } from '../../stacks/rules/estate.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { inputOf } from './story.ts'

const files = ['networks-101', 'pools', 'policy', 'zone']
const examples = files.map((name) => readFileSync(`examples/${name}.yaml`, 'utf8')).join('\n---\n')

/** With the documents themselves, unless others are given. */
function estateOf(text: string, documents = documentsIn(text)): Map<string, string> {
  const input = inputOf(text, {})
  return exportEstate({ compiled: compile(input), pools: input.pools }, documents)
}

const documentsIn = (text: string): EstateDocument[] =>
  text.split('\n---\n').flatMap((part) =>
    parseDocuments(part, 'example').documents.map(({ kind, value }) => ({
      ...{ kind, key: 'key' in value ? value.key : 'policy', text: part },
    })),
  )

/** Lines that differ, counted as a review shows them: removed and added. */
function changedLines(before: string, after: string): { removed: number; added: number } {
  const [a, b] = [estateOf(before), estateOf(after)]
  let removed = 0
  let added = 0
  for (const path of new Set([...a.keys(), ...b.keys()])) {
    const [old, now] = [(a.get(path) ?? '').split('\n'), (b.get(path) ?? '').split('\n')]
    removed += old.filter((line) => !now.includes(line)).length
    added += now.filter((line) => !old.includes(line)).length
  }
  return { removed, added }
}

test('one seat more changes at most twelve lines of what goes to Git', () => {
  const { removed, added } = changedLines(
    examples,
    examples.replace('students: 30', 'students: 31'),
  )
  expect(added).toBeGreaterThan(0)
  expect(removed + added).toBeLessThanOrEqual(12)
})

test('moving one class of a series changes one line of the schedule, and its row for reviewers', () => {
  const moved = examples.replace(
    '2026-12-14T08:00: 2026-12-15T10:30',
    '2026-12-14T08:00: 2026-12-16T10:30',
  )
  // The third is the line that somebody wrote.
  expect(changedLines(examples, moved)).toEqual({ removed: 3, added: 3 })
})

test('documents stand as they were written, courses in their folders', () => {
  const text = 'kind: Course # mine\n'
  const files = estateOf(examples, [
    { kind: 'Course', key: 'networks-101', text },
    { kind: 'Pool', key: 'b', text: 'key: b' },
    { kind: 'Pool', key: 'a', text: 'key: a\n' },
  ])
  expect(files.get('courses/networks-101/course.yaml')).toBe(text)
  expect(files.get('pools.yaml')).toBe('key: a\n---\nkey: b\n')
})

test('what goes to Git reads as reviewed', async () => {
  const estate = estateOf(examples, [])
  const text = [...estate].map(([path, file]) => `== ${path}\n${file}`).join('\n')
  await expect(text).toMatchFileSnapshot('./expected/estate.txt')
})
