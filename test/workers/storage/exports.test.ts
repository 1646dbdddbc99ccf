/** What nfs-utils write down of exports, and what the storage agent makes of it for slots. Lines are of nfs-utils 2.6.2. */
import { expect, it } from 'vitest'
import {
  exportBelow,
  isSameExport,
  isSameNumber,
  offerCommand,
  parseExports,
} from '../../../workers/storage/exports.ts'

const OPTIONS =
  'rw,sync,wdelay,hide,nocrossmnt,secure,no_root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,fsid=0,anonuid=65534,anongid=65534,sec=sys,rw,secure,no_root_squash,no_all_squash'
const ROOT = '/srv/labplan/volumes'
const table = `${ROOT}\t10.64.0.0/20(${OPTIONS})\n${ROOT}\t2001:db8::/64(${OPTIONS})\n/srv/a\\040b\t*(ro)\n`
const [first, second, other] = parseExports(table)
const files = { path: `${ROOT}/slots/one/files`, number: 1280312297, isReadOnly: false }

it('are read as they are written', () => {
  expect(first).toEqual({ path: ROOT, client: '10.64.0.0/20', options: OPTIONS })
  expect(second?.client).toBe('2001:db8::/64')
  expect(other).toEqual({ path: '/srv/a b', client: '*', options: 'ro' })
  expect(parseExports('')).toEqual([])
})

it('are to the machines of the whole, with its options, by a number of their own', () => {
  const below = exportBelow(first!, files)
  expect(below).toMatchObject({ path: files.path, client: first!.client })
  expect(below.options.split(',').toSorted()).toEqual(
    OPTIONS.replace('fsid=0', 'fsid=1280312297').split(',').toSorted(),
  )
  expect(exportBelow(first!, { ...files, isReadOnly: true }).options.split(',')).not.toContain('rw')
})

it('are the same in any order, and others by another number', () => {
  const below = exportBelow(first!, files)
  const written = { ...below, options: OPTIONS.replace('fsid=0', 'fsid=1280312297') }
  expect(isSameExport(below, written)).toBe(true)
  expect(isSameExport(exportBelow(first!, { ...files, number: 1280312298 }), written)).toBe(false)
  expect(isSameExport(exportBelow(second!, files), written)).toBe(false)
  const faster = { ...written, options: written.options.replace('sync,', 'async,') }
  expect([isSameExport(below, faster), isSameNumber(below, faster)]).toEqual([false, true])
  expect(isSameNumber(exportBelow(first!, { ...files, number: 7 }), written)).toBe(false)
})

it('are offered as exportfs wants them', () => {
  expect(offerCommand({ ...other!, path: '/srv/x' })).toEqual(['exportfs', '-o', 'ro', '*:/srv/x'])
  expect(offerCommand(second!).at(-1)).toBe(`[2001:db8::/64]:${ROOT}`)
})
