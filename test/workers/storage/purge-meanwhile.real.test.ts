/**
 * A purge that is ordered while volumes are looked at, made and sized, on a real agent and a real PostgreSQL: what the keeper saw
 * before writes over nothing, and nothing that went is made again.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { StorageAgent } from '../../../api/storage/storage-agent.ts'
import { many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { orderErasure } from '../../../api/data/people/erasure.ts'
import { ledgerFile } from '../../../api/data/people/erasure-ledger.ts'
import {
  type Gone,
  openPurges,
  purgeReceipts,
  recordPurge,
} from '../../../api/data/volumes/purge.ts'
import { markCold } from '../../../api/data/seats/seat-life.ts'
import { recordVolumes } from '../../../api/data/volumes/volume.ts'
import { stopWorkspace } from '../../../api/data/workspaces/workspace-act.ts'
import { volumeName } from '../../../stacks/parts/names.ts'
import { endWhatIsDue } from '../../../workers/jobs/end-what-is-due.ts'
import { erasureKeeper } from '../../../workers/jobs/keep-erasures.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { volumeKeeper } from '../../../workers/jobs/keep-volumes.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'
import { openWebsite } from '../../api/website.ts'
import {
  addLmsCourse,
  IN_CLASS,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../../cast/record.ts'
import { agentScene, silent } from './storage-scene.ts'

const site = await openWebsite(IN_CLASS)
const { pool, ring, now } = site
const { installation } = site.config
const scene = await agentScene(site.config.storage.socket)
const inTurn = turnsFor((name) => name)

/** The real agent, and what happens just before it is asked, or once it has answered. */
const meanwhile: {
  listed?: () => Promise<void>
  beforeEnsure?: () => Promise<void>
  purged?: () => Promise<void>
} = {}
let asked: string[] = []
const agent: StorageAgent = {
  ...scene.agent,
  async list() {
    const answer = await scene.agent.list()
    await meanwhile.listed?.()
    return answer
  },
  async ensure(wish) {
    asked.push('ensure')
    await meanwhile.beforeEnsure?.()
    const answer = await scene.agent.ensure(wish)
    asked.push('ensured')
    return answer
  },
  async purge(name, how) {
    asked.push('purge')
    const gone = await scene.agent.purge(name, how)
    await meanwhile.purged?.()
    return gone
  },
}
const common = { pool, agent, inTurn, log: silent, now }
const volumes = volumeKeeper(common)
const retention = retentionKeeper({
  ...{ ...common, installation },
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const erasures = erasureKeeper({ ...common, ring, installation, file: ledgerFile(site.config) })

let contextId: string
let student: { personId: string; seat: string; name: string; generation: number }
let count = 0

beforeAll(async () => {
  await importDocuments(pool, ring, IN_CLASS)
  contextId = await addLmsCourse(pool, {
    courseKey: 'networks-101',
    contextId: '2',
    now: IN_CLASS,
  })
})
afterAll(async () => {
  await scene.end()
  await site.close()
})

/** Somebody whose seat is cold again, and whose volume the record wants. */
beforeEach(async () => {
  delete meanwhile.listed
  delete meanwhile.beforeEnsure
  count++
  const who = await signIn(pool, { name: `Student ${count}`, contextId, now: IN_CLASS })
  const { id } = await launch(pool, {
    ...{ personId: who.personId, courseKey: 'networks-101', now: IN_CLASS },
  })
  await seatReady(pool, id, IN_CLASS)
  const actor = { name: 'test', role: 'student' } as const
  await withTransaction(pool, (tx) =>
    stopWorkspace(tx, { workspaceId: id, actor, now: IN_CLASS, reason: 'asked' }),
  )
  const seat = await one<{ id: string; number: number; code: string; generation: number }>(
    pool,
    sql`select seat.id, number, seat.generation, course.code from workspace join seat on seat.id = seat_id
          join course on course.id = seat.course_id where workspace.id = ${id}`,
  )
  await withTransaction(pool, (tx) => markCold(tx, { ids: [seat.id], now: IN_CLASS }))
  const { number, generation } = seat
  const name = volumeName({ installation, course8: seat.code, number, generation })
  student = { personId: who.personId, seat: seat.id, name, generation }
  await sized(8)
  asked = []
})

const sized = (limitMb: number) =>
  withTransaction(pool, (tx) =>
    recordVolumes(tx, {
      volumes: [
        {
          ...{ seatId: student.seat, generation: student.generation, name: student.name },
          limit: { backend: 'local', limitMb },
        },
      ],
      now: IN_CLASS,
    }),
  )
const erase = async () => {
  const actor = { name: 'test', role: 'administrator' } as const
  await withTransaction(pool, (tx) =>
    orderErasure(tx, {
      ...{ personId: student.personId, by: 'administrator', actor, ring, now: IN_CLASS },
    }),
  )
}
const state = async () =>
  (await one<{ state: string }>(pool, sql`select state from volume where name = ${student.name}`))
    .state
const isTaken = async () =>
  (await one<{ taken: boolean }>(pool, sql`select taken from seat where id = ${student.seat}`))
    .taken
const isOnDisk = () => existsSync(join(scene.root, 'images', `${student.name}.ext4`))
const pass = () => endWhatIsDue({ pool, erasures, retention, now: site.now })

it('leaves a purge ordered that was ordered after the volume was looked at', async () => {
  meanwhile.beforeEnsure = erase
  await volumes.keep()
  expect(await state()).toBe('purging')
  // Nobody gets the seat while files are in it.
  await erasures.finish()
  expect(await isTaken()).toBe(true)
  expect(isOnDisk()).toBe(true)
  expect(await pass()).toBe(false)
  expect([await state(), isOnDisk(), await isTaken()]).toEqual(['purged', false, false])
})

it('does not make again what was purged between the look and the making', async () => {
  meanwhile.listed = async () => {
    delete meanwhile.listed
    await erase()
    await pass()
  }
  await volumes.keep()
  expect(asked).toEqual(['purge'])
  expect([await state(), isOnDisk()]).toEqual(['purged', false])
})

it('does not say of a volume that was proved gone that it is missing', async () => {
  await volumes.keep()
  await sized(12)
  // Another process purges it, one that was leading a moment ago.
  meanwhile.beforeEnsure = async () => {
    await erase()
    const [purge] = (await openPurges(pool)).filter(({ name }) => name === student.name)
    const gone = (await scene.agent.purge(student.name)) as Gone
    await withTransaction(pool, (tx) =>
      recordPurge(tx, {
        ...{ purge: purge!, gone, toldAt: undefined, installation, now: IN_CLASS },
      }),
    )
  }
  await volumes.keep()
  expect([await state(), isOnDisk()]).toEqual(['purged', false])
})

it('waits with a purge while the same volume is sized', async () => {
  await volumes.keep()
  await sized(12)
  asked = []
  let purged: Promise<void> | undefined
  meanwhile.beforeEnsure = async () => {
    await erase()
    purged = retention.keep()
    await sleep(300)
  }
  await volumes.keep()
  await purged
  expect(asked).toEqual(['ensure', 'ensured', 'purge'])
  expect([await state(), isOnDisk()]).toEqual(['purged', false])
  const rows = await many(pool, sql`select 1 from purge where done_at is null`)
  expect(rows).toEqual([])
})

it('proves what it saw go, though the answer was lost', async () => {
  await volumes.keep()
  await erase()
  meanwhile.purged = () => Promise.reject(new Error('the answer was lost'))
  await pass()
  expect([await state(), isOnDisk()]).toEqual(['purging', false])
  delete meanwhile.purged
  expect(await pass()).toBe(false)
  expect(await state()).toBe('purged')
  const receipt = (await purgeReceipts(pool)).at(-1)!
  expect(JSON.parse(receipt.body)).toMatchObject({
    volume: { name: student.name },
    times: { foundAt: IN_CLASS.toISOString() },
    before: null,
  })
})
