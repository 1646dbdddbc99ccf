/** What a cloud's refusal means: texts as they were said, each read as its cause, and told in both languages. */
import { expect, it } from 'vitest'
import { hasMessage, say } from '../../api/locale.ts'
import { readCloudTrouble } from '../../stacks/rules/cloud-trouble.ts'
import { refusals } from './cloud-refusals.ts'
import { cloud } from './machines-content.ts'

it.each(refusals)('$what', ({ text, trouble }) => {
  expect(readCloudTrouble(text, cloud)).toEqual(trouble)
})

it('says each cause and its remedy with every parameter filled in', () => {
  for (const { code, params } of refusals.map(({ trouble }) => trouble))
    for (const one of [`cloud.trouble.${code}`, `cloud.trouble.${code}.do`]) {
      expect(hasMessage(one), one).toBe(true)
      for (const locale of ['en', 'fr'] as const)
        expect(say(locale, one, params)).not.toMatch(/[{}]/)
    }
})

it.each([
  'Terraform could not apply: the plan is stale',
  'Held: the guard refused m-large-1 (node_is_in_use).',
  'A machine is made anew.',
  'Cancelled during apply; the state was saved.',
  null,
])('leaves alone what is no refusal of a cloud: %s', (text) => {
  expect(readCloudTrouble(text, cloud)).toBeUndefined()
})
