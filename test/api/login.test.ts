import { afterAll, describe, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import {
  findLogin,
  inviteIsOpen,
  issueInvite,
  redeemInvite,
  redeemLoginCode,
} from '../../api/data/people/login.ts'
import { purgeLti, spendNonce } from '../../api/data/lms/lti-store.ts'
import { issueRegistrationLink } from '../../api/data/lms/registration-link.ts'
import { testDatabase } from '../postgres.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database
const actor = { name: 'operator', role: 'operator' } as const
const at = (hours: number) => new Date(Date.parse('2026-11-23T08:00:00Z') + hours * 3_600_000)

const invite = (personId?: string) =>
  withTransaction(pool, (tx) =>
    issueInvite(tx, { ...(personId && { personId }), actor, now: at(0) }),
  )
const redeem = (token: string, hours = 1) =>
  withTransaction(pool, (tx) => redeemInvite(tx, { token, locale: 'fr', now: at(hours) }))

describe('an invite', () => {
  it('makes an administrator, who is in no LMS, and signs them in', async () => {
    const { token } = await invite()
    const opened = await redeem(token)
    const login = await findLogin(pool, opened?.token ?? '', at(2))
    expect(login).toMatchObject({
      ...{ person_id: opened?.personId, administrator: true, platform_id: null, role: null },
      ...{ locale: 'fr', lms_context_id: null, edits_plans: false },
    })
    expect(login?.pseudonym).toMatch(/^p-[a-z2-7]{10}$/)
  })

  it('works once, also when eight try at the same moment', async () => {
    const { token } = await invite()
    const opened = await Promise.all(Array.from({ length: 8 }, () => redeem(token)))
    expect(opened.filter(Boolean)).toHaveLength(1)
    expect(await redeem(token)).toBeUndefined()
  })

  it('works for a day, and looking at it does not use it up', async () => {
    const { token } = await invite()
    expect(await inviteIsOpen(pool, token, at(23))).toBe(true)
    expect(await inviteIsOpen(pool, token, at(24))).toBe(false)
    expect(await redeem(token, 24)).toBeUndefined()
    expect(await redeem(token, 23)).toBeDefined()
    expect(await inviteIsOpen(pool, token, at(23))).toBe(false)
  })

  it('for somebody who exists makes nobody new', async () => {
    const first = await redeem((await invite()).token)
    const again = await redeem((await invite(first?.personId)).token)
    expect(again?.personId).toBe(first?.personId)
  })

  it('is not a launch: its token opens nothing there', async () => {
    const { token } = await invite()
    const opened = await withTransaction(pool, (tx) =>
      redeemLoginCode(tx, { code: token, browser: '', now: at(1) }),
    )
    expect(opened).toBeUndefined()
  })

  it('is kept as a hash, like every token', async () => {
    const { token } = await invite()
    const opened = await redeem(token)
    const rows = await many(
      pool,
      sql`select login::text as row from login union all select login_code::text from login_code`,
    )
    const hex = (text: string) => Buffer.from(text).toString('hex')
    for (const secret of [token, opened?.token ?? ''])
      expect(JSON.stringify(rows)).not.toMatch(new RegExp(`${secret}|${hex(secret)}`))
  })
})

describe('a login', () => {
  it('ends when its time is over, and when its person was erased', async () => {
    const tokens = await Promise.all(
      [1, 2].map(async () => (await redeem((await invite()).token))?.token ?? ''),
    )
    const [old = '', erased = ''] = tokens
    expect(await findLogin(pool, old, at(12.9))).toBeDefined()
    expect(await findLogin(pool, old, at(13.1))).toBeUndefined()
    const { person_id: id } = (await findLogin(pool, erased, at(2))) ?? { person_id: '' }
    await pool.query('update person set erased_at = $1 where id = $2', [at(2), id])
    expect(await findLogin(pool, erased, at(2))).toBeUndefined()
  })
})

it('the purge deletes what is over, and nothing else', async () => {
  await pool.query('delete from login')
  await pool.query('delete from login_code')
  await redeem((await invite()).token)
  await invite()
  await spendNonce(pool, { value: 'n', expiresAt: at(1) })
  await withTransaction(pool, (tx) => issueRegistrationLink(tx, { name: 'x', actor, now: at(0) }))
  const left = async () =>
    one<Record<string, number>>(
      pool,
      sql`select (select count(*) from login) as logins, (select count(*) from login_code) as codes,
            (select count(*) from lti_nonce) as nonces, (select count(*) from registration_link) as links`,
    )
  expect(await purgeLti(pool, at(0.9))).toBe(0)
  expect(await left()).toEqual({ logins: 1, codes: 2, nonces: 1, links: 1 })
  await purgeLti(pool, at(1))
  expect(await spendNonce(pool, { value: 'n', expiresAt: at(2) })).toBe(true)
  await purgeLti(pool, at(14))
  expect(await left()).toEqual({ logins: 0, codes: 2, nonces: 0, links: 1 })
  await purgeLti(pool, at(72))
  expect(await left()).toEqual({ logins: 0, codes: 0, nonces: 0, links: 0 })
})
