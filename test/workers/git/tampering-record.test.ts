/**
 * Who can write rows of the database, but has not the key ring, gets nothing approved and nothing applied. Each case
 * alters one thing and says what refuses it; real PostgreSQL.
 */
import pino from 'pino'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { approveChange } from '../../../api/data/changes/approval.ts'
import { latestChanges, proposeChange } from '../../../api/data/changes/change.ts'
import { many, sql, withTransaction } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { putInTeam } from '../../../api/data/changes/reviewer.ts'
import { AlteredRecord, approvedBlueprint, sealReviewers } from '../../../api/data/changes/seal.ts'
import { canonicalText, parseBlueprint } from '../../../stacks/blueprint.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { realPace } from '../../../workers/pace.ts'
import { networksDocument } from '../../cast/documents.ts'
import { importDocuments, launch, signIn, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
/** Forty minutes before the first class: its stacks are due. */
const DUE = new Date('2026-11-24T08:25:00Z')
const ring = testRing()
const opened: TestDatabase[] = []
let database: TestDatabase
const run = (text: string, values: unknown[] = []) => database.pool.query(text, values)
afterAll(() => Promise.all(opened.map((one) => one.drop())))

const operator = { name: 'operator', role: 'operator' } as const
const propose = (text: string, now = NOW) =>
  proposeChange(database.pool, { sources: [{ name: 'n.yaml', text }], actor: operator, ring, now })
const newest = async () => (await latestChanges(database.pool, 1))[0]!

async function alterBlueprint(change: (text: string) => string) {
  const { rows } = await run(
    'select digest, bytes from blueprint join blueprint_head using (digest)',
  )
  const { digest, bytes } = rows[0] as { digest: string; bytes: Buffer }
  const altered = change(canonicalText(parseBlueprint(bytes)))
  expect(altered).not.toBe(bytes.toString())
  await run('update blueprint set bytes = $1 where digest = $2', [Buffer.from(altered), digest])
}

/** What the worker does with a stack that is due; answers what it asked Terraform for, and what infra were told. */
async function applyDue(now = DUE) {
  const { pool } = database
  const place = {
    installation: database.installation,
    registry: '127.0.0.1:5000',
    storageRoot: '/srv/labplan',
  }
  const asked: string[] = []
  const say = async (what: string) => {
    asked.push(what)
    return { ok: false as const, reason: 'busy' as const, message: '', retry: true }
  }
  const means = {
    ...{ pool, ring, place, now: () => now, pace: realPace, log: pino({ level: 'silent' }) },
    ...{
      engine: undefined as never,
      terraform: { apply: () => say('apply'), destroy: () => say('destroy') },
    },
  }
  const sent: string[] = []
  const boss = {
    send: async (_queue: string, data: { stackKey: string }) => void sent.push(data.stackKey),
  }
  const budget = { memoryMb: 8192, cores: 4 }
  await reconciler({ pool, boss: boss as never, place, now: () => now, budget })
    .reconcile()
    .catch(() => {})
  const keys = await many<{ key: string }>(pool, sql`select key from stack order by key`)
  for (const { key } of keys) await applyStackNow(means, key, new AbortController().signal)
  const told = (await latestNotices(pool, { limit: 5 })).filter(
    (one) => one.code === 'notice.run-held',
  )
  return { asked, told: told.map((one) => String(one.params['message'])) }
}

async function person() {
  const { personId: id } = await signIn(database.pool, { now: NOW })
  const { rows } = await run('select pseudonym from person where id = $1', [id])
  return { id, pseudonym: (rows[0] as { pseudonym: string }).pseudonym }
}
const putIn = (pseudonym: string) =>
  withTransaction(database.pool, (tx) =>
    putInTeam(tx, { pseudonym, team: 'net', isIn: true, actor: operator, ring, now: NOW }),
  )

describe('the approved plan', () => {
  beforeEach(async () => {
    opened.push((database = await testDatabase()))
    await importDocuments(database.pool, ring, NOW)
  })

  it('is acted on while nobody touched it', async () => {
    expect((await applyDue()).asked).toEqual(['apply', 'apply'])
  })

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'more seats',
      () => alterBlueprint((text) => text.replace('"seats":"1-30"', '"seats":"1-90"')),
      /changed in the database/,
    ],
    [
      'another image',
      () => alterBlueprint((text) => text.replace('sha256:0', 'sha256:1')),
      /changed in the database/,
    ],
    [
      'a right',
      () =>
        alterBlueprint((text) => text.replace('"capabilities":[]', '"capabilities":["SYS_ADMIN"]')),
      /changed in the database/,
    ],
    [
      'an earlier lead',
      () =>
        alterBlueprint((text) =>
          text.replace('"leadStartsAt":"2026-11-24T08:15', '"leadStartsAt":"2026-11-24T01:15'),
        ),
      /changed in the database/,
    ],
    [
      'the head, to a plan nobody approved',
      async () => {
        await propose(networksDocument(150, 30))
        await run(
          'update blueprint_head set digest = (select blueprint_digest from change where state = $1)',
          ['proposed'],
        )
      },
      /digest was changed/,
    ],
    [
      'the head, back to an older plan',
      async () => {
        const [{ digest }] = (await run('select digest from blueprint_head')).rows as [
          { digest: string },
        ]
        await propose(networksDocument(20))
        await run('update blueprint_head set digest = $1', [digest])
      },
      /digest was changed/,
    ],
    [
      'its version',
      () => run('update blueprint_head set version = version + 1'),
      /seal that is not ours/,
    ],
    ['its seal, taken off', () => run('update blueprint_head set seal = null'), /carries no seal/],
    [
      'its seal, made under another key',
      async () => {
        const { bytes } = testRing().seal('{}', 'head/1')
        await run('update blueprint_head set seal = $1', [bytes])
      },
      /seal that is not ours/,
    ],
    [
      'its seal, of an earlier version',
      async () => {
        const [{ seal }] = (await run('select seal from blueprint_head')).rows as [{ seal: Buffer }]
        await propose(networksDocument(20))
        await run('update blueprint_head set seal = $1', [seal])
      },
      /seal that is not ours/,
    ],
  ])('altered in %s, is not acted on, and infra hear why', async (_what, alter, why) => {
    await alter()
    // The stacks are known already: what is wanted was written down while all was well.
    const wanted = await many(database.pool, sql`select 1 from stack`)
    if (wanted.length === 0)
      await run(
        `insert into stack (id, key, kind, pool_id, course_id, state, state_at, wanted_digest)
         select $1, 'seats-networks-101-0', 'seats', pool.id, course.id, 'absent', $2, repeat('0', 64)
         from pool, course where course.key = 'networks-101'`,
        [newId(), NOW],
      )
    const { asked, told } = await applyDue()
    expect(asked).toEqual([])
    expect(told[0]).toMatch(why)
    await expect(approvedBlueprint(database.pool, ring)).rejects.toThrow(AlteredRecord)
  })

  it.each<[string, () => Promise<unknown>]>([
    [
      'a course',
      () =>
        run(
          `update course set document = replace(document, 'students: 30', 'students: 90') where key = 'networks-101'`,
        ),
    ],
    [
      'a pool',
      () =>
        run(`update document set text = replace(text, 'cpu: 64', 'cpu: 640') where kind = 'Pool'`),
    ],
    [
      'an environment',
      () =>
        run(
          `update document set text = replace(text, 'sha256:0', 'sha256:1') where kind = 'Environment'`,
        ),
    ],
    [
      'a zone',
      () => run(`update document set text = replace(text, 'Paris', 'Tokyo') where kind = 'Zone'`),
    ],
    [
      'a policy that was not there',
      () =>
        run(
          `insert into document (id, zone_id, kind, key, text, updated_at)
       select $1, id, 'Policy', 'policy', E'apiVersion: labplan/v1\\nkind: Policy\\ngate: { rules: [] }', $2 from zone`,
          [newId(), NOW],
        ),
    ],
    ['a document that goes', () => run(`delete from document where kind = 'Environment'`)],
    [
      'what a review granted',
      () => run(`update course set granted = '{"seats": 9000}' where key = 'networks-101'`),
    ],
  ])('is followed by no other once somebody wrote %s into the record', async (_what, alter) => {
    const version = async () =>
      ((await run('select version from blueprint_head')).rows[0] as { version: number }).version
    const before = await version()
    await alter()
    await expect(propose(networksDocument(29))).rejects.toThrow(
      /changed in the database, and not by an approved/,
    )
    expect(await version()).toBe(before)
  })

  it.each<[string, (id: string) => Promise<unknown>, object]>([
    [
      'its documents',
      (id) =>
        run(
          `update change set documents = jsonb_set(documents, '{0,text}', to_jsonb(replace(documents->0->>'text', '150', '250'))) where id = $1`,
          [id],
        ),
      { outcome: 'changed' },
    ],
    [
      'the digest it is read under',
      (id) =>
        run(
          'update change set blueprint_digest = (select digest from blueprint_head) where id = $1',
          [id],
        ),
      { outcome: 'changed' },
    ],
    [
      'the rules it waits for',
      (id) => run(`update change set rules = '[]', lane = 'automatic' where id = $1`, [id]),
      { outcome: 'not-asked' },
    ],
    [
      'who proposed it',
      (id) =>
        run(`update change set author = 'p-somebody', author_role = 'operator' where id = $1`, [
          id,
        ]),
      { outcome: 'not-asked' },
    ],
    [
      'its facts',
      (id) => run(`update change set facts = '{}' where id = $1`, [id]),
      { outcome: 'not-asked' },
    ],
  ])('is not moved by a change of which somebody altered %s', async (_what, alter, outcome) => {
    await propose(networksDocument(150, 30))
    const { id, blueprint_digest: digest } = await newest()
    await alter(id)
    const [{ digest: now }] = (
      await run('select blueprint_digest as digest from change where id = $1', [id])
    ).rows as [{ digest: string }]
    const stranger = { name: 'p-stranger', role: 'administrator' } as const
    const request = { id, digest: now === digest ? digest : now, actor: stranger, ring, now: NOW }
    expect(await approveChange(database.pool, request)).toMatchObject(outcome)
  })

  it.each<[string, (id: string) => Promise<unknown>]>([
    [
      'written into the table',
      (id) =>
        run(
          `insert into approval (change_id, actor, digest, actor_role, teams, is_solo, created_at)
       select $1, 'p-forged', digest, 'administrator', '{administrators}', false, created_at from approval where change_id = $1`,
          [id],
        ),
    ],
    [
      'copied with its seal under another name',
      (id) =>
        run(
          `insert into approval select change_id, 'p-forged', digest, installation_id, actor_role, teams, is_solo, created_at, seal, seal_key
       from approval where change_id = $1`,
          [id],
        ),
    ],
  ])('counts no approval %s', async (_what, forge) => {
    await propose(`apiVersion: labplan/v1
kind: Policy
gate:
  rules: [{ key: two, title: Two, lane: review, when: { students: 40 }, approvals: 2 }]`)
    await propose(networksDocument(50))
    const { id, blueprint_digest: digest } = await newest()
    const git = { name: 'git:1', role: 'reviewer' } as const
    const approve = () => approveChange(database.pool, { id, digest, actor: git, ring, now: NOW })
    expect(await approve()).toMatchObject({ outcome: 'counted', missing: [{ count: 1 }] })
    await forge(id)
    expect(await approve()).toMatchObject({ outcome: 'counted', missing: [{ count: 1 }] })
  })

  const TEAM = `apiVersion: labplan/v1
kind: Policy
gate:
  solo: alone
  rules: [{ key: net, title: Net, lane: review, when: { students: 40 }, by: [net] }]`

  it.each<[string, (ids: { author: string; other: string }) => Promise<unknown>]>([
    [
      'put themself into a team',
      ({ author }) =>
        run(`insert into reviewer (person_id, team, created_at) values ($1, 'net', $2)`, [
          author,
          NOW,
        ]),
    ],
    [
      'took everybody else out of it',
      ({ other }) => run('delete from reviewer where person_id = $1', [other]),
    ],
    [
      'took somebody’s place in it',
      ({ author, other }) =>
        run('update reviewer set person_id = $1 where person_id = $2', [author, other]),
    ],
  ])('is approved by nobody who %s in the database', async (_what, alter) => {
    const [author, other] = [await person(), await person()]
    await propose(TEAM)
    await putIn(other.pseudonym)
    await propose(networksDocument(50))
    const { id, blueprint_digest: digest } = await newest()
    await alter({ author: author.id, other: other.id })
    const actor = { name: author.pseudonym, role: 'administrator' } as const
    await expect(
      approveChange(database.pool, { id, digest, actor, ring, now: NOW }),
    ).rejects.toThrow(/Who may approve was changed in the database/)
    // Neither is it made good by the command that writes teams.
    await expect(putIn(author.pseudonym)).rejects.toThrow(AlteredRecord)
  })

  it('lets who was put into a team by us approve, also after a seal of before there were any', async () => {
    const member = await person()
    await propose(TEAM)
    const { rows } = await run('select version, seal, seal_key from blueprint_head')
    const [head] = rows as [{ version: number; seal: Buffer; seal_key: string }]
    const context = `head/${head.version}`
    const sealed = JSON.parse(
      ring.open({ keyId: head.seal_key, bytes: head.seal }, context).toString(),
    ) as Record<string, string>
    delete sealed['reviewers']
    await run('update blueprint_head set seal = $1', [
      ring.seal(JSON.stringify(sealed), context).bytes,
    ])
    await expect(putIn(member.pseudonym)).rejects.toThrow(AlteredRecord)
    await withTransaction(database.pool, (tx) => sealReviewers(tx, ring))
    await putIn(member.pseudonym)
    await propose(networksDocument(50))
    const { id, blueprint_digest: digest } = await newest()
    const actor = { name: member.pseudonym, role: 'administrator' } as const
    const request = { id, digest, actor, ring, now: NOW }
    expect(await approveChange(database.pool, request)).toMatchObject({ outcome: 'approved' })
  })

  it('has no seat beyond its numbers, whoever is written into one', async () => {
    const { personId } = await signIn(database.pool, { now: DUE })
    await launch(database.pool, {
      personId,
      courseKey: 'networks-101',
      now: new Date('2026-11-24T09:05:00Z'),
    })
    await run('update seat set number = 950 where taken')
    await run(`update workspace set state = 'starting'`)
    const { asked, told } = await applyDue(new Date('2026-11-24T09:06:00Z'))
    expect(told.join()).toMatch(/Seats 950 are wanted, and the approved plan has 100/)
    expect(asked.filter((one) => one === 'destroy')).toEqual([])
  })
})
