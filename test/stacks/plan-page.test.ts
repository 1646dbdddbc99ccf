/** PLAN.md: one screen for a reviewer. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { planPage, planSummaries } from '../../stacks/rules/plan-page.ts'
import { inputOf } from './story.ts'

const files = ['networks-101', 'pools', 'policy', 'zone', 'ml-lab']
const examples = files.map((name) => readFileSync(`examples/${name}.yaml`, 'utf8')).join('\n---\n')

const pagesOf = (text: string, before?: string) => {
  const input = inputOf(text, {})
  const parent = before === undefined ? undefined : compile(inputOf(before, {})).blueprint
  return planSummaries({ compiled: compile(input), pools: input.pools, parent })
}

test('reads as reviewed', async () => {
  const pages = [...pagesOf(examples).values()].map(planPage)
  await expect(pages.join('\n')).toMatchFileSnapshot('expected/plan-pages.md')
})

test('says what changes against what is approved', () => {
  const after = examples.replace('students: 30', 'students: 34')
  const page = planPage(pagesOf(after, examples).get('networks-101')!)
  expect(page).toContain('from 30 students')
  expect(page).toContain('to 34 students')
})

test('names rights that are not usual', () => {
  const pages = pagesOf(examples)
  const summary = pages.get('networks-101')!
  expect(summary.unusual.join()).not.toContain('Rights')
})

test('is at most 20 KB, whatever the size', () => {
  const sessions = Array.from({ length: 400 }, (_, i) => {
    const day = String(1 + (i % 28)).padStart(2, '0')
    const month = String(1 + (Math.floor(i / 28) % 12)).padStart(2, '0')
    return `  - { start: 2027-${month}-${day}T${String(7 + (i % 12)).padStart(2, '0')}:${i % 2 ? '15' : '45'}, minutes: ${60 + (i % 40)}, students: ${20 + (i % 9)} }`
  })
  const course = `---
apiVersion: labplan/v1
kind: Course
key: crowded
title: Crowded
environment: terminal
pool: cloud
seat: { cpu: 1, memoryMb: 2048 }
students: 30
sessions:
${sessions.join('\n')}
`
  const page = planPage(pagesOf(`${examples}\n${course}`).get('crowded')!)
  expect(Buffer.byteLength(page)).toBeLessThan(20_000)
  expect(page).toContain('rows more')
})
