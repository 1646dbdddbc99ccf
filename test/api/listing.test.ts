// Every list of the administrator: narrowed, searched and ordered by its address, and the same rows as a file.
import { afterAll, describe, expect, it } from 'vitest'
import { arrange, listAddress, readListing } from '../../api/listing.ts'
import { withTransaction } from '../../api/data/db.ts'
import { type NewFinding, saveFindings } from '../../api/data/runs/finding.ts'
import { BEFORE_CLASS, IN_CLASS, importDocuments, signIn } from '../cast/record.ts'
import { after, SEATS_STACK, applyingRun, want } from '../cast/runs.ts'
import { openWebsite } from './website.ts'

const site = await openWebsite(IN_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS)
const who = await signIn(pool, { administrator: true, now: IN_CLASS })

const rules = {
  filters: ['all', 'good'],
  sorts: ['at', 'name'],
  isDescending: true,
} as const

describe('an address', () => {
  const read = (text: string) => readListing(new URLSearchParams(text), rules)

  it('says nothing of what is as usual, and nothing unknown counts', () => {
    const usual = { filter: 'all', sort: 'at', isDescending: true, contains: '' }
    expect(read('')).toEqual(usual)
    expect(read('state=bad&sort=size&order=sideways&contains=%20')).toEqual(usual)
    expect(Object.values(listAddress(read(''), rules)).filter(Boolean)).toEqual([])
  })

  it.each(['state=good', 'sort=name&order=up', 'contains=net', 'state=good&contains=a&order=up'])(
    'says all of a view: %s',
    (text) => {
      const address = Object.entries(listAddress(read(text), rules)).filter(([, value]) => value)
      expect(read(new URLSearchParams(address as [string, string][]).toString())).toEqual(
        read(text),
      )
    },
  )

  it('puts rows without a value last, whichever way round', () => {
    const rows = [{ at: 2 }, { at: null }, { at: 1 }]
    const order = (isDescending: boolean) =>
      arrange(
        rows,
        { filter: 'all', sort: 'at', isDescending, contains: '' },
        { isIn: () => true, textOf: () => '', valueOf: { at: (row) => row.at } },
      ).map(({ at }) => at)
    expect(order(false)).toEqual([1, 2, null])
    expect(order(true)).toEqual([2, 1, null])
  })
})

/** Rows of a list as a file, without its heads. */
async function rowsOf(path: string): Promise<string[][]> {
  const { text, headers, status } = await site.get(path, { who })
  expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8'])
  return text
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(','))
}
const page = async (path: string) => (await site.get(path, { who })).text

it('lists courses', async () => {
  const keys = async (query: string) =>
    (await rowsOf(`/admin/courses.csv${query}`)).map(([key]) => key)
  const all = await keys('')
  expect(all).toEqual(all.toSorted())
  expect(all.length).toBeGreaterThan(1)
  expect(await keys('?order=down')).toEqual(all.toReversed())
  expect(await keys('?contains=NETWORKS')).toEqual(['networks-101'])
  expect(await keys('?state=draft')).toEqual([])
  expect(await page('/admin/courses?state=draft')).toContain('Nothing here is like that.')
  expect(await page('/admin/courses?contains=networks&sort=seats')).toContain(
    '/admin/courses.csv?contains=networks&amp;sort=seats',
  )
})

it('lists pools', async () => {
  expect((await rowsOf('/admin/pools.csv'))[0]).toEqual(['local', '0', '0', '0'])
  expect(await rowsOf('/admin/pools.csv?state=trouble')).toEqual([])
  expect(await page('/admin/pools?state=trouble')).toContain('Nothing here is like that.')
})

it('lists runs, those of one stack too', async () => {
  const began = after(IN_CLASS, -40)
  await want(pool, began, { [SEATS_STACK]: 'two-seats' })
  await applyingRun(pool, 'two-seats', began)
  const stacks = async (query: string) =>
    (await rowsOf(`/admin/runs.csv${query}`)).map(([, stack]) => stack)
  for (const query of ['', '?state=under-way', '?sort=took', `?stack=${SEATS_STACK}`])
    expect(await stacks(query)).toEqual([SEATS_STACK])
  for (const query of ['?state=trouble', '?stack=another', '?contains=nothing-like-it'])
    expect(await stacks(query)).toEqual([])
  // A search keeps to the stack, and so do the heads.
  const history = await page(`/admin/runs?stack=${SEATS_STACK}`)
  expect(history).toContain(`name="stack" value="${SEATS_STACK}"`)
  expect(history).toContain(`/admin/runs?sort=stack&amp;stack=${SEATS_STACK}`)
})

it('lists what is off', async () => {
  const finding = (kind: NewFinding['kind'], name: string): NewFinding => ({
    ...{ kind, name, object: 'service', objectId: name, code: 'in-no-state' },
    ...{ stackKey: SEATS_STACK, repair: 'run' },
  })
  const findings = [finding('leaked', 'lp-two'), finding('strange', 'lp-one')]
  for (const minute of [0, 1])
    await withTransaction(pool, (tx) =>
      saveFindings(tx, { findings, now: new Date(IN_CLASS.getTime() + minute * 60_000) }),
    )
  const names = async (query: string) =>
    (await rowsOf(`/admin/inventory.csv${query}`)).map(([, , name]) => name)
  expect(await names('?sort=what')).toEqual(['lp-one', 'lp-two'])
  expect(await names('?sort=what&order=down')).toEqual(['lp-two', 'lp-one'])
  expect(await names('?state=leaked')).toEqual(['lp-two'])
  expect(await page('/admin/inventory?state=missing')).toContain('Nothing here is like that.')
})

it('lists receipts, of which there are none yet', async () => {
  expect(await rowsOf('/admin/receipts.csv?sort=session')).toEqual([])
  expect(await page('/admin/receipts?contains=networks')).toContain('Nothing here is like that.')
})
