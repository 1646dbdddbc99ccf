import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { exportEstate } from '../../stacks/rules/estate.ts'
import { inputOf } from './story.ts'

const files = ['networks-101', 'pools', 'policy', 'zone']
const examples = files.map((name) => readFileSync(`examples/${name}.yaml`, 'utf8')).join('\n---\n')

/** Lines that differ, counted as a review shows them: removed and added. */
function changedLines(before: string, after: string): { removed: number; added: number } {
  const [a, b] = [
    exportEstate(compile(inputOf(before, {}))),
    exportEstate(compile(inputOf(after, {}))),
  ]
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

test('moving one class of a series changes one line', () => {
  const moved = examples.replace(
    '2026-12-14T08:00: 2026-12-15T10:30',
    '2026-12-14T08:00: 2026-12-16T10:30',
  )
  expect(changedLines(examples, moved)).toEqual({ removed: 1, added: 1 })
})

test('what goes to Git reads as reviewed', async () => {
  const estate = exportEstate(compile(inputOf(examples, {})))
  const text = [...estate].map(([path, file]) => `== ${path}\n${file}`).join('\n')
  await expect(text).toMatchFileSnapshot('./expected/estate.txt')
})
