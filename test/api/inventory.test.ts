// What exists and what is off, as administrators and the command line read it.
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { type NewFinding, saveFindings } from '../../api/data/runs/finding.ts'
import { saveInventory } from '../../api/data/runs/inventory.ts'
import { signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'
import { runCommand } from './command-line.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 9, minute))
const site = await openWebsite(at(0))
afterAll(() => site.close())
const { pool } = site

const NAME = 'lp-test0000-netw0rks-s009'
const leaked: NewFinding = {
  ...{ kind: 'leaked', object: 'service', name: NAME, objectId: 'id', code: 'in-no-state' },
  ...{ stackKey: 'seats-networks-101-0', repair: 'run' },
}
const altered: NewFinding = {
  ...{ kind: 'altered', object: 'service', name: 'lp-test0000-netw0rks-s002', objectId: 'id' },
  ...{ code: 'differs', params: { what: 'image, limits' }, repair: 'wait' },
}

const look = (minute: number, ...findings: NewFinding[]) =>
  withTransaction(pool, async (tx) => {
    const counts = { service: { all: 3, on: 1 }, volume: { all: 30 } }
    await saveInventory(tx, { counts, now: at(minute) })
    await saveFindings(tx, { findings, now: at(minute) })
  })

const drift = async (...argv: string[]) =>
  `${(await runCommand(site, ['drift', ...argv])).marked}\n`

const administrator = await signIn(pool, { administrator: true, now: at(0) })
async function page(path: string, locale: string): Promise<string> {
  const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=${locale}`
  const text = textOf((await site.get(path, { headers: { cookie } })).text)
  return text.slice(text.search(/^(What is off|Ce qui cloche)$/m))
}

it('says when nobody has looked', async () => {
  const text = await page('/admin/inventory', 'en')
  expect(text).toContain('Nobody has looked yet')
  // That is not the same as that all is well.
  expect(text).not.toContain('what exists is what should')
  expect(await drift()).toMatch(/^Nobody has looked yet/)
})

it('shows what is off, since when, and what is done', async () => {
  await look(0, leaked, altered)
  await look(1, leaked, altered)
  await look(2, altered)
  await look(3, leaked, altered)
  await look(4, leaked, altered)
  site.setNow(at(5))
  for (const locale of ['en', 'fr'])
    await expect(await page('/admin/inventory', locale)).toMatchFileSnapshot(
      `expected/admin-inventory.${locale}.txt`,
    )
  await expect(await drift()).toMatchFileSnapshot('../scripts/expected/labplan-drift.txt')
  const [line = ''] = (await drift('--json')).split('\n')
  expect(JSON.parse(line)).toMatchObject({
    counts: { service: { all: 3, on: 1 } },
    findings: [
      { name: altered.name, repair: 'wait', says: 'Not what was applied: image, limits.' },
      { name: NAME, kind: 'leaked' },
    ],
  })
  const overview = await site.get('/admin', { who: administrator })
  expect(overview.text).toContain('2 things are not as they should be')
})

it('says when the worker stopped looking, and when all is well', async () => {
  site.setNow(at(10))
  expect(await page('/admin/inventory', 'en')).toContain('Is it running?')
  await look(10)
  expect(await page('/admin/inventory', 'fr')).toContain('Rien : ce qui existe')
  expect(await drift()).toBe(
    'Looked at 2026-11-24 09:10: 3 services (1 on), 30 volumes.\nNothing is off.\nexit 0\n',
  )
})
