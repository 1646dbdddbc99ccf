/** Snapshots: who says how many, where there can be any, and that who reviews the plan reads it. */
import { expect, it } from 'vitest'
import { canonicalJson, canonicalText } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import { diff } from '../../stacks/rules/diff.ts'
import { diffText } from '../../stacks/rules/diff-text.ts'
import { exportEstate } from '../../stacks/rules/estate.ts'
import { sentence } from '../../stacks/rules/explain.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { networksDocument, poolDocument } from '../cast/documents.ts'
import { inputOf } from './story.ts'

const ceph = `${poolDocument}storage: { backend: cephfs }\n`
const policyOf = (keep: number) =>
  `apiVersion: labplan/v1\nkind: Policy\nsnapshots: { keep: ${keep} }\n`
const course = networksDocument(2)
const compiled = (...documents: string[]) => compile(inputOf(documents.join('---\n'), {}))
const keptOf = (...documents: string[]) => compiled(...documents).blueprint.courses[0]?.snapshots

it('are as many as the policy says, unless the course says otherwise', () => {
  expect(keptOf(ceph, course)).toBeUndefined()
  expect(keptOf(ceph, course, policyOf(7))).toBe(7)
  expect(keptOf(ceph, `${course}snapshots: { keep: 3 }\n`, policyOf(7))).toBe(3)
  expect(keptOf(ceph, `${course}snapshots: { keep: 0 }\n`, policyOf(7))).toBeUndefined()
  expect(keptOf(ceph, `${course}snapshots: { keep: 2 }\n`)).toBe(2)
})

it('are bounded, since a folder of Ceph has a hundred at most', () => {
  const { errors } = parseDocuments(policyOf(31), 'policy.yaml')
  expect(errors[0]?.allowed).toBe('a whole number from 0 (none) to 30')
})

it('are in the blueprint, whose bytes are canonical, and in what is reviewed', () => {
  const [before, after] = [compiled(ceph, course), compiled(ceph, course, policyOf(7))]
  const { blueprint } = after
  expect(canonicalJson(JSON.parse(canonicalText(blueprint)))).toBe(canonicalJson(blueprint))
  expect(canonicalText(before.blueprint)).not.toContain('snapshots')
  const words = diffText(diff(before.blueprint, blueprint, []), 'en', { timeZone: 'UTC' })
  expect(words.join('\n')).toContain('snapshots kept of each disk')
  const input = inputOf([ceph, course, policyOf(7)].join('---\n'), {})
  const files = exportEstate({ ...input, compiled: after })
  expect(files.get('courses/networks-101/numbers.txt')).toContain('snapshots 7 of each volume\n')
})

it('are said not to be where storage has none, to a course that asks; a policy asks of all that can', () => {
  const others = [
    '',
    'storage: { backend: local }\n',
    'storage: { backend: nfs, server: 10.1.0.9 }\n',
  ]
  for (const storage of others) {
    const asking = compiled(`${poolDocument}${storage}`, `${course}snapshots: { keep: 3 }\n`)
    expect(asking.blueprint.courses[0]).not.toHaveProperty('snapshots')
    const note = asking.notes.find((one) => one.code === 'no-snapshots')
    expect(note).toMatchObject({ severity: 'warning' })
    expect(sentence(note!, 'en', { timeZone: 'UTC' })).toContain('“cephfs” storage')
    const usual = compiled(`${poolDocument}${storage}`, course, policyOf(7))
    expect(usual.blueprint.courses[0]).not.toHaveProperty('snapshots')
    expect(usual.notes.map((one) => one.code)).not.toContain('no-snapshots')
  }
})
