/**
 * The doctor on a healthy Labplan, and on one that is sick in one way at a time: it names the part, says what to do, and
 * names nothing else. Real are PostgreSQL, api, gateway, leader and files; the engine and the registry are played.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { one, sql } from '../../api/data/db.ts'
import { certificateLook } from '../../scripts/doctor-parts/machine.ts'
import { doctorScene, MINUTE_MS } from './doctor-scene.ts'
import { engineFaults } from './sick-engine.ts'
import { partFaults } from './sick-parts.ts'
import { recordFaults } from './sick-record.ts'

const scene = await doctorScene()
const { files, named, pool } = scene
afterAll(() => scene.close())
const faults = [...engineFaults(scene), ...partFaults(scene), ...recordFaults(scene)]

it('names nothing on a healthy Labplan', async () => {
  expect(await named()).toEqual([])
})

it.each(faults)('names %s, and what to do', async (_, part, says, fault) => {
  await fault.sicken?.()
  const found = await named(fault)
  await fault.heal?.()
  expect(found.map((one) => one.part)).toEqual([part])
  expect(found[0]?.says).toMatch(says)
  expect(found[0]?.todo).toMatch(/.{10}/)
})

it('knows far more than twenty, and names nothing once all are healed', async () => {
  expect(faults.length).toBeGreaterThan(30)
  expect(await named()).toEqual([])
})

it('names a certificate that is over, ends soon, or is for others', () => {
  const cert = files.certificate
  const make = (names: string) =>
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-days', '30', '-subj', '/CN=labplan', '-keyout', `${cert}.key`, '-out', cert],
        ...['-addext', `subjectAltName=${names}`],
      ],
      { stdio: 'ignore' },
    )
  const urls = { publicUrl: 'https://labplan.example.edu', seatUrl: 'https://seats.example.net' }
  const look = (days = 0) =>
    certificateLook(cert, urls, new Date(Date.now() + days * 24 * 60 * MINUTE_MS))
  make('DNS:labplan.example.edu,DNS:*.seats.example.net')
  expect(look()).toMatchObject({ state: 'good' })
  expect(look(20)).toMatchObject({ state: 'doubtful', says: expect.stringMatching(/^ends in 9 d/) })
  expect(look(31)).toMatchObject({ state: 'bad', says: expect.stringMatching(/^expired on/) })
  make('DNS:labplan.example.edu')
  expect(look()).toMatchObject({ state: 'bad', says: 'not for *.seats.example.net' })
  expect(certificateLook(`${cert}.none`, urls, new Date())).toMatchObject({ state: 'bad' })
})

it('looks for every key that a table is sealed with', async () => {
  const { n } = await one<{ n: number }>(
    pool,
    sql`select count(*)::int as n from information_schema.columns
        where table_schema = 'public' and column_name like '%key_id' and data_type = 'text'`,
  )
  // sealingKeys() in api/data/health.ts names them one by one.
  const source = readFileSync(join(import.meta.dirname, '../../api/data/health.ts'), 'utf8')
  expect(source.match(/select \w*key_id/g)).toHaveLength(n)
})
