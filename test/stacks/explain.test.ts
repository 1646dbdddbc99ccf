import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sentences } from '../../stacks/rules/explain.ts'

const sources = [
  'stacks/compile.ts',
  ...readdirSync('stacks/rules').map((name) => `stacks/rules/${name}`),
]
const text = sources.map((file) => readFileSync(file, 'utf8')).join('\n')

test('every code the compiler can say has a sentence in both languages, and no sentence is orphaned', () => {
  const states = ['course-draft', 'course-archived']
  for (const [code, { fr, en }] of Object.entries(sentences)) {
    const isRaised = states.includes(code) || text.split(`'${code}'`).length > 2
    expect(isRaised, `${code} is raised somewhere`).toBe(true)
    expect(placeholders(fr), code).toEqual(placeholders(en))
  }
  const raised = [...text.matchAll(/code: '([a-z-]+)'/g)].map((found) => found[1] ?? '')
  const codes = raised.filter((code) => !problems.includes(code))
  expect(codes.length).toBeGreaterThan(5)
  for (const code of codes) expect(sentences).toHaveProperty([code, 'fr'])
})

/** Codes of the calendar import are not notes. */
const problems = ['not-a-calendar', 'not-understood']

function placeholders(sentence: string): string[] {
  return [...sentence.matchAll(/\{(\w+)/g)].map((found) => found[1] ?? '').toSorted()
}
