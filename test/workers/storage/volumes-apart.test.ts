/** Volumes that the storage agent can do nothing with: all the others are made, and these once they can be. On a real disk. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { execute, many, sql } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { keptVolumes } from '../../../api/data/volumes/volume.ts'
import { atOnceOf, volumeKeeper } from '../../../workers/jobs/keep-volumes.ts'
import { keepFiles } from '../../../workers/passes.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'
import { at, plannedCourse } from '../../api/class-scene.ts'
import { testDatabase } from '../../postgres.ts'
import { agentScene, silent, storageScene } from './storage-scene.ts'

const { pool, drop } = await testDatabase()
const sockets = storageScene()
const scene = await agentScene(join(sockets.root, 'agent.sock'))
afterAll(async () => {
  await scene.end()
  sockets.end()
  await drop()
})
const AT_ONCE = atOnceOf('local')
const said: { volume?: string }[] = []
const log = { ...silent, warn: (about: object) => void said.push(about) }
/** Some are at work side by side, and any may be first. */
const saidOf = () => said.map(({ volume }) => volume).toSorted()
const { keep } = volumeKeeper({
  ...{ pool, agent: scene.agent, inTurn: turnsFor((name) => name), log },
  now: () => at(0),
})

const states = async () =>
  (await many<{ state: string }>(pool, sql`select state from volume order by name`)).map(
    ({ state }) => state,
  )

it('are said, and keep no other from being made', async () => {
  const seats = AT_ONCE + 1
  await plannedCourse(pool, { seats, atOnce: seats, ready: seats })
  for (const { id, number } of await livingSeats(pool))
    await execute(
      pool,
      sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
          values (${newId()}, ${id}, 1, ${`lp-test0000-c0urse00-s00${number}-g1`}, 'local', 8, 'wanted', ${at(0)}, ${at(0)})`,
    )
  // Purges that were cut, of which a database that was brought back knows nothing: as many as are made side by side, and the first.
  const broken = (await keptVolumes(pool)).slice(0, AT_ONCE).map(({ name }) => name)
  const left = broken.map((name) => join(scene.root, 'images', `${name}.purging`))
  for (const one of left) writeFileSync(one, '')
  await keep()
  expect((await states()).toSorted()).toEqual(['ready', ...broken.map(() => 'wanted')])
  expect(saidOf()).toEqual(broken.toSorted())
  for (const one of left) rmSync(one)
  await keep()
  expect(await states()).toEqual(Array.from({ length: seats }, () => 'ready'))
})

it('keep no other waiting when they take longer than anybody waits, while the agent answers', async () => {
  await pool.query(`update volume set limit_mb = 12`)
  said.length = 0
  const slow = (await keptVolumes(pool)).slice(0, AT_ONCE).map(({ name }) => name)
  const late = async (wish: Parameters<typeof scene.agent.ensure>[0]) => {
    if (!slow.includes(wish.name)) return scene.agent.ensure(wish)
    throw Object.assign(new Error('The storage agent took too long.'), { code: 'ETIMEDOUT' })
  }
  const by = (agent: typeof scene.agent) =>
    volumeKeeper({ pool, agent, inTurn: turnsFor((name) => name), log, now: () => at(0) })
  const limits = async () =>
    (await keptVolumes(pool)).map(({ limit_bytes: bytes }) => Math.floor(Number(bytes) / 2 ** 20))
  // One that others' copies of its mount still hold grows at a later look.
  const after = async (work: () => Promise<void>) => {
    said.length = 0
    await work()
    return (await limits()).toSorted((a, b) => a - b)
  }
  const { keep: keepLate } = by({ ...scene.agent, ensure: late })
  await expect.poll(() => after(keepLate)).toEqual([...slow.map(() => 8), 12])
  expect(saidOf()).toEqual(slow.toSorted())
  // Who says nothing of anything is not asked for each.
  said.length = 0
  const look = () => Promise.reject(new Error('The storage agent took too long.'))
  const kept = by({ ...scene.agent, ensure: late, look }).keep()
  await expect(kept).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect(said).toEqual([])
  await expect.poll(() => after(keep)).toEqual([...slow, ''].map(() => 12))
})

it('are told when they are lost, although what the agent says cannot be noted', async () => {
  await pool.query(`update volume set state = 'missing'`)
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      raise exception 'nothing is written here';
    end $$;
    create trigger refuse before update on volume for each row execute function refuse()`)
  for (const minutes of [0, 2]) {
    const kept = keepFiles({ pool, log, now: () => at(minutes), volumes: { keep } })
    await expect(kept).rejects.toThrow('Volumes could not be kept.')
  }
  await pool.query('drop function refuse cascade')
  expect((await latestNotices(pool, { limit: 5 })).map(({ code }) => code)).toEqual([
    'notice.volumes-lost',
  ])
  await keep()
})

it('are not asked for one by one where the agent answers nobody', async () => {
  await pool.query(`update volume set limit_mb = 16`)
  said.length = 0
  const away = { ...scene.agent, ensure: goneFirst }
  const keeper = volumeKeeper({
    ...{ pool, agent: away, inTurn: turnsFor((name) => name), log, now: () => at(0) },
  })
  await expect(keeper.keep()).rejects.toMatchObject({ code: expect.any(String) })
  expect(said).toEqual([])
  await scene.comeBack()
})

/** It ends after it has said what there is. */
async function goneFirst(wish: Parameters<typeof scene.agent.ensure>[0]) {
  leaving ??= scene.goAway()
  await leaving
  return scene.agent.ensure(wish)
}
let leaving: Promise<void> | undefined
