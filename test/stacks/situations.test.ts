import { expect, test } from 'vitest'
import { sentences } from '../../stacks/rules/explain.ts'
import { compile } from '../../stacks/compile.ts'
import { situations } from './situations.ts'
import { inputOf, story } from './story.ts'

for (const situation of situations) {
  test(`the story of ${situation.name}`, async () => {
    await expect(story(situation)).toMatchFileSnapshot(`./expected/${situation.name}.txt`)
  })
}

test('every note that situations raise has a sentence in both languages', () => {
  const codes = situations.flatMap((one) =>
    compile(inputOf(one.documents, one)).notes.map((note) => note.code),
  )
  for (const code of codes) expect(sentences).toHaveProperty([code, 'fr'])
  expect(new Set(codes).size).toBeGreaterThanOrEqual(12)
})
