/**
 * A thousand made-up people in every field that people can fill: none of them reaches a document in force, a commit, a
 * note, a label, what Terraform keeps, a notice or the audit log. Real Git, real PostgreSQL.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { proposeChange } from '../../../api/data/changes/change.ts'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, sql } from '../../../api/data/db.ts'
import { findEstate } from '../../../api/data/changes/estate.ts'
import { newId } from '../../../api/data/ids.ts'
import { renderStack } from '../../../stacks/render.ts'
import { contentsAt } from '../../../stacks/rules/contents.ts'
import { estateKeeper } from '../../../workers/git/keep-estate.ts'
import { random } from '../../campus/random.ts'
import {
  allDocuments,
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const ring = testRing()
let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await testDatabase()
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-nobody-'))
  await importDocuments(database.pool, ring, NOW)
})
afterAll(async () => {
  await database?.drop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const dice = random(7)
const syllables = ['ba', 'dré', 'kel', 'mo', 'nü', 'pri', 'so', 'ti', 'vau', 'zen', 'cha', 'gor']
const word = () => Array.from({ length: 3 }, () => dice.pick(syllables)).join('')
const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1)
type Person = { name: string; email: string; sub: string }
const people: Person[] = Array.from({ length: 1000 }, (_, i) => {
  const [first, last] = [capital(word()), capital(word())]
  const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const email = `${plain(first)}.${plain(last)}@example.edu`
  return {
    name: `${first} ${last}`,
    email,
    sub: i % 2 === 0 ? String(40_000_000 + i * 7919) : newId(),
  }
})

/** How people are written down. */
const written: ((one: Person) => string)[] = [
  ({ name }) => name,
  ({ name }) => name.toUpperCase(),
  ({ name }) => name.split(' ').toReversed().join(', '),
  ({ name }) => name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replace(' ', '-'),
  ({ email }) => email,
  ({ email }) => email.split('@')[0]!.replace('.', '_'),
  ({ email }) => email.split('@')[0]!.replace('.', ''),
  ({ sub }) => sub,
]
const course = networksDocument()
const quoted = (text: string) => JSON.stringify(text)

/** Fields that hold a text of one's own: a document with somebody in it. */
const fields: [string, (who: string) => string][] = [
  ['title of a course', (who) => course.replace(/title: .*/, `title: ${quoted(`Lab of ${who}`)}`)],
  [
    'title in French',
    (who) => course.replace(/title: .*/, `title: { en: Lab, fr: ${quoted(who)} }`),
  ],
  ['comment', (who) => `# ask ${who} first\n${course}`],
  [
    'comment at the end of a line',
    (who) => course.replace('minutes: 120', `minutes: 120 # ${who}`),
  ],
  [
    'title of a class',
    (who) => course.replace('minutes: 120', `minutes: 120\n    title: ${quoted(who)}`),
  ],
  [
    'identity of a class',
    (who) => course.replace('minutes: 120', `minutes: 120\n    uid: ${quoted(who)}`),
  ],
  ['environment', (who) => `${environmentDocument}env: { OWNER: ${quoted(who)} }\n`],
  ['name of a variable', (who) => `${environmentDocument}env: { ${quoted(who)}: '1' }\n`],
  ['command', (who) => `${environmentDocument}command: [run, ${quoted(`--for=${who}`)}]\n`],
  ['mount path', (who) => `${environmentDocument}mountPath: ${quoted(`/home/${who}`)}\n`],
  [
    'title of an environment',
    (who) => environmentDocument.replace(/title: \{ en: Terminal.*/, `title: ${quoted(who)}`),
  ],
  [
    'title of a port',
    (who) => environmentDocument.replace('{ en: SSH, fr: SSH }', quoted(`SSH of ${who}`)),
  ],
  [
    'title of a pool',
    (who) => poolDocument.replace(/title: .*/, `title: ${quoted(`Machine of ${who}`)}`),
  ],
  ['currency', (who) => `${poolDocument}currency: ${quoted(who)}\n`],
  ['title of an institution', (who) => zoneDocument.replace(/title: .*/, `title: ${quoted(who)}`)],
  [
    'holiday',
    (who) =>
      `${zoneDocument}holidays: [{ title: ${quoted(who)}, from: 2026-12-20, to: 2026-12-31 }]\n`,
  ],
  [
    'rule of the policy',
    (who) =>
      `apiVersion: labplan/v1\nkind: Policy\ngate:\n  rules: [{ key: a, title: ${quoted(who)}, lane: review, when: { gpus: 1 } }]\n`,
  ],
  ['team of the policy', (who) => `apiVersion: labplan/v1\nkind: Policy\n# team of ${who}\n`],
]

const keep = () =>
  estateKeeper({
    ...{ pool: database.pool, ring, now: () => NOW },
    repository: {
      folder: join(folder, 'estate.git'),
      installation: database.installation,
      searchPath: process.env.PATH ?? '',
    },
  }).keep()
const inGit = () =>
  execFileSync('git', ['-C', join(folder, 'estate.git'), 'log', '--all', '-p', '--format=fuller'], {
    encoding: 'utf8',
  })

async function know(some: Person[]): Promise<void> {
  const platform = newId()
  await execute(
    database.pool,
    sql`insert into platform (id, zone_id, issuer, client_id, name, state, state_at, created_at)
        select ${platform}, id, ${`https://${platform}.example`}, 'labplan', 'LMS', 'active', ${NOW}, ${NOW} from zone`,
  )
  for (const { name, email, sub } of some)
    await execute(
      database.pool,
      sql`insert into person (id, zone_id, platform_id, sub, pseudonym, display_name, email, created_at, seen_at)
          select ${newId()}, id, ${platform}, ${sub}, ${`p-${newId()}`}, ${name}, ${email}, ${NOW}, ${NOW} from zone`,
    )
}

/** Whatever of these people stands in the text, in any way they are written. */
const whoIsIn = (text: string, some: Person[]): string[] => {
  const low = text.toLowerCase()
  return some.flatMap((one) =>
    written.map((how) => how(one).toLowerCase()).filter((how) => low.includes(how)),
  )
}

it('takes none of a thousand people into force, whatever the field and however they are written', async () => {
  await know(people)
  const taken: string[] = []
  for (let from = 0; from < people.length; from += fields.length) {
    const some = people.slice(from, from + fields.length).map((one, i) => {
      const [field, document] = fields[i]!
      const who = written[(from / fields.length + i) % written.length]!(one)
      return { name: `${field} of ${from + i}`, text: document(who), who }
    })
    const outcome = await proposeChange(database.pool, {
      sources: some.map(({ name, text }) => ({ name, text })),
      ...{ actor: { name: 'operator', role: 'operator' }, ring, now: NOW },
    })
    const errors = outcome.outcome === 'wrong' ? outcome.errors : []
    const named = new Set(
      errors.filter((one) => one.message === 'it names a person').map((one) => one.file),
    )
    taken.push(
      ...some.filter(({ name }) => !named.has(name)).map(({ name, who }) => `${name}: ${who}`),
    )
    expect(whoIsIn(JSON.stringify(errors), people.slice(from, from + fields.length))).toEqual([])
  }
  expect(taken).toEqual([])
  await keep()
  const { blueprint } = (await currentBlueprint(database.pool))!
  const { installation } = database
  const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/var/lib/labplan' }
  const rendered = contentsAt(blueprint, '2026-11-24T09:00:00Z', place).map(renderStack).join('\n')
  const { rows } = await database.pool.query(
    `select coalesce(string_agg(t, ' '), '') as said from (select change::text t from change union all select audit::text from audit
       union all select notice::text from notice union all select document::text from document union all select course::text from course) all_rows`,
  )
  for (const text of [inGit(), rendered, (rows[0] as { said: string }).said])
    expect(whoIsIn(text, people)).toEqual([])
})

it('writes nothing to Git that names somebody who became known after it was approved', async () => {
  const [late] = [
    { name: 'Wrenna Oldcastle', email: 'wrenna.oldcastle@example.edu', sub: 'wrenna-77' },
  ]
  await importDocuments(database.pool, ring, NOW, [
    { name: 'n.yaml', text: `# Wrenna Oldcastle teaches this\n${networksDocument(28)}` },
  ])
  await know([late!])
  await keep()
  expect(await findEstate(database.pool)).toMatchObject({
    state: 'held',
    message: expect.stringMatching(/course\.yaml:1 names a person/),
  })
  expect(whoIsIn(inGit(), [late!])).toEqual([])
  await importDocuments(database.pool, ring, NOW, allDocuments())
  await keep()
  expect(await findEstate(database.pool)).toMatchObject({ state: 'current' })
  expect(whoIsIn(inGit(), [late!])).toEqual([])
})
