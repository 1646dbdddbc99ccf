/** A course whose files are on one machine has no sessions on others: it is told before, and the gate says no. */
import { expect, it } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { sentence } from '../../stacks/rules/explain.ts'
import { networksDocument, poolDocument } from '../cast/documents.ts'
import { inputOf } from './story.ts'

const local = `${poolDocument}storage: { backend: local }\n`
const served = `${poolDocument}storage: { backend: nfs, server: 10.1.0.9 }\n`
const other = poolDocument.replace('key: local', 'key: hall')
const spread = networksDocument(2).replace(
  'headroom:',
  `  - { start: 2026-12-01T10:00, minutes: 60, pool: hall }
  - { start: 2026-12-02T10:00, minutes: 60, pool: hall }
headroom:`,
)
const data = 'data: { sizeMb: 8, version: 1 }\n'
const without = (text: string) => text.replace(/, volumeQuotaMb: \d+/, '')

const said = (pool: string, course: string) =>
  compile(inputOf(`${pool}---\n${other}---\n${course}`, {})).notes.filter(
    ({ code }) => code === 'files-elsewhere',
  )

it('says once for each other pool how many sessions cannot start there, and from when on', () => {
  const notes = said(local, spread)
  expect(notes).toMatchObject([
    {
      severity: 'error',
      where: {
        course: 'networks-101',
        pool: 'hall',
        session: expect.stringContaining('2026-12-01'),
      },
      params: { pool: 'hall', home: 'local', sessions: 2, wall: '2026-12-01T10:00' },
    },
  ])
  const [en, fr] = (['en', 'fr'] as const).map((language) =>
    sentence(notes[0]!, language, { timeZone: 'UTC' }),
  )
  expect(en).toContain('2 sessions on pool hall cannot start, from Tuesday 1 December at 10:00 on')
  expect(fr).toContain('2 séances ne pourront pas démarrer sur les machines hall')
})

it('is said of a course that has only data, and of none that has neither', () => {
  expect(said(local, without(spread))).toEqual([])
  expect(said(local, `${without(spread)}${data}`)).toHaveLength(1)
})

it('is not said where every machine reads the files, nor of sessions on the course’s own machines', () => {
  expect(said(served, spread)).toEqual([])
  expect(said(poolDocument, spread)).toEqual([])
  expect(said(local, networksDocument(2))).toEqual([])
})
