/** Where a change is on the forge, and what keeps the forge from being told: on its page, over the API. */
import { afterAll, expect, it } from 'vitest'
import { latestChanges } from '../../api/data/changes/change.ts'
import {
  forgeIsHeld,
  forgeIsWell,
  requestIs,
  requestIsRefused,
} from '../../api/data/changes/forge.ts'
import { BEFORE_CLASS, importDocuments, signIn } from '../cast/record.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const PAGE = 'https://git.example.edu/infra/estate/pulls/7'
const site = await openWebsite(BEFORE_CLASS, {
  ...{ LABPLAN_ESTATE: 'https://git.example.edu/infra/estate.git', LABPLAN_FORGE: 'forgejo' },
  ...{ LABPLAN_FORGE_URL: 'https://git.example.edu/infra/estate', LABPLAN_FORGE_TOKEN_FILE: '/x' },
})
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const text = networksDocument(150, 30)
await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'networks.yaml', text }])
const { id } = (await latestChanges(pool, 1))[0]!
const administrator = await signIn(pool, { administrator: true, now: BEFORE_CLASS })

const page = async () => (await site.get(`/admin/changes/${id}`, { who: administrator })).text
const onForge = async () => (await site.api(`/api/changes/${id}`)).body['forge']
const now = BEFORE_CLASS
const retryAt = new Date('2026-11-24T09:05:00Z')

it('says that its request is not opened yet, and why it was refused', async () => {
  expect(textOf(await page())).toContain('Its merge request is not opened yet.')
  const message = 'git.example.edu answered 422 to POST /pulls: No branch'
  await requestIsRefused(pool, { changeId: id, message, retryAt, now })
  expect(textOf(await page())).toMatch(/could not be told: .*422.*told again at .*10:05/)
  expect(await onForge()).toMatchObject({ state: 'unsaid', message, address: null })
})

it('leads to the request, in both languages', async () => {
  const open = { state: 'open', number: 7, address: PAGE, commit: '1'.repeat(40) } as const
  await requestIs(pool, { ...open, changeId: id, now })
  expect(await page()).toContain(`href="${PAGE}"`)
  const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=fr`
  const { text: french } = await site.get(`/admin/changes/${id}`, { headers: { cookie } })
  expect(textOf(french)).toContain('Sur la forge : demande de fusion 7')
  expect(await onForge()).toMatchObject({ state: 'open', number: 7, address: PAGE, message: null })
})

it('says that the forge is away, and since it is not, no more', async () => {
  await forgeIsHeld(pool, { message: 'git.example.edu did not answer.', retryAt, now })
  expect(textOf(await page())).toContain('git.example.edu did not answer.')
  const { body } = await site.api('/api/estate')
  expect(body['forge']).toMatchObject({ state: 'held', kind: 'forgejo' })
  await forgeIsWell(pool, now)
  expect(textOf(await page())).not.toContain('did not answer')
})
