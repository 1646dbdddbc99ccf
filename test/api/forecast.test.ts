// What a term will take, as administrators, spreadsheets and the command line read it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { csv } from '../../api/csv.ts'
import { signIn } from '../cast/record.ts'
import { openWebsite } from './website.ts'
import { runCommand } from './command-line.ts'

const site = await openWebsite(new Date('2026-11-23T08:00:00Z'))
afterAll(() => site.close())
const administrator = await signIn(site.pool, { administrator: true, now: site.now() })
const read = async (path: string) => (await site.get(path, { who: administrator })).text

const forecast = async (...argv: string[]) => (await runCommand(site, ['forecast', ...argv])).text

it('says what to do while nothing is planned', async () => {
  expect(await read('/admin/forecast')).toContain('Nothing is planned')
  expect((await read('/admin/forecast.csv')).split('\r\n')).toHaveLength(2)
})

it('shows the same term on the page, as CSV and on the command line', async () => {
  const examples = ['environments', 'pools', 'networks-101'].map((name) => ({
    name: `${name}.yaml`,
    text: readFileSync(join(import.meta.dirname, `../../examples/${name}.yaml`), 'utf8'),
  }))
  const { body } = await site.api('/api/changes', { documents: examples })
  expect(body['state']).toBe('approved')
  const rows = (await read('/admin/forecast.csv')).trim().split('\r\n')
  expect(rows[0]).toMatch(/^pool,day,places,/)
  const busiest = Math.max(...rows.slice(1).map((row) => Number(row.split(',')[2])))
  expect(busiest).toBeGreaterThan(0)
  const text = await forecast()
  expect(text).toContain(`at most ${busiest} places at once`)
  const page = await read('/admin/forecast')
  expect(page).toContain(`At most ${busiest} places at once`)
  const pools = new Set(rows.slice(1).map((row) => row.split(',')[0]))
  expect(page.match(/class="forecast-chart"/g)).toHaveLength(pools.size)
  expect(await forecast('--pool', 'nowhere')).toContain('No pool "nowhere" among')
})

it('writes cells that a spreadsheet reads as they are, and runs none', () => {
  const reply = csv('x.csv', ['a'], [['=1+1'], ['said "so", he did'], [-3]])
  expect('text' in reply && reply.text).toBe(`a\r\n'=1+1\r\n"said ""so"", he did"\r\n-3\r\n`)
})
