import { mountsBelow } from '../../../scripts/steps/mounts.ts'
/**
 * Slots on two machines of a Ceph, each with a storage agent of its own: what one is told is in the seats of both, whoever is
 * killed meanwhile, and a machine keeps neither mount nor key of what none of its seats shows.
 */
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { CephBed } from '../../beds/ceph.ts'
import { processesOf } from '../../beds/cluster/place.ts'
import { random as seeded } from '../../campus/random.ts'
import { type StorageProcess, storageProcess } from './storage-process.ts'

const KILLS = Number(process.env['LABPLAN_SEEDS'] ?? 1)
/** Ceph waits a minute for a client that ended without a word, before others have what it had. */
const IS_LONG = process.env['LABPLAN_LONG'] !== undefined
const LIMIT_MS = IS_LONG ? 100_000 : 30_000
const three = (number: number): string => String(number).padStart(3, '0')
const volume = (number: number): string => `lp-test0000-personal-s${three(number)}-g1`
const slot = (number: number): string => `lp-test0000-c0urse00-s${three(number)}`

/** The path of a slot of a machine, and whose volume it shows. */
const folder = ({ disk }: StorageProcess, number: number): string =>
  join(disk, 'slots', slot(number))
function shown(machine: StorageProcess, number: number): string | undefined {
  const file = join(folder(machine, number), 'whose')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

export function testSlots(means: () => { ceph: CephBed; root: string }): void {
  describe('slots', () => {
    let [first, second]: StorageProcess[] = []
    const both = () => [first!, second!]
    afterAll(async () => {
      for (const one of both()) await one?.kill()
    })
    /** Until every machine shows this, and the first says so. */
    const isSet = async (number: number, wanted: number | null): Promise<void> => {
      const name = wanted === null ? null : volume(wanted)
      await expect
        .poll(() => first!.agent.setSlot(slot(number), name), { timeout: LIMIT_MS, interval: 50 })
        .toBeUndefined()
      const sights = await first!.agent.slots()
      expect(sights?.find((one) => one.name === slot(number))).toEqual({
        ...{ name: slot(number), volume: name, isEverywhere: true },
      })
      for (const machine of both())
        expect(shown(machine, number)).toBe(wanted === null ? undefined : `of ${wanted}`)
    }

    it('are empty on every machine, and nobody can write in them', async () => {
      const { ceph, root } = means()
      first = storageProcess(join(root, 'first'), ceph.env)
      second = storageProcess(join(root, 'second'), {
        ...ceph.env,
        LABPLAN_CEPH_CLIENT: 'labplan-node',
      })
      await first.start()
      for (const number of [1, 2]) {
        const { agent, disk } = first
        await agent.ensure({ name: volume(number), limitMb: 16, isNew: true })
        writeFileSync(join(disk, 'mounts', volume(number), 'home', 'whose'), `of ${number}`)
      }
      expect(await first.agent.setSlot(slot(1), null)).toBeUndefined()
      // A machine that joins later, and is told nothing.
      await second.start()
      await expect.poll(() => existsSync(folder(second!, 1)), { timeout: LIMIT_MS }).toBe(true)
      await isSet(1, null)
      for (const machine of both())
        expect(() => writeFileSync(join(folder(machine, 1), 'lost'), 'x')).toThrow('EROFS')
      expect(mountsBelow(second.disk).join(' ')).not.toContain('personal')
    }, 60_000)

    it('show a volume on every machine, in which many write', async () => {
      const begun = performance.now()
      await isSet(1, 1)
      const firstMs = Math.round(performance.now() - begun)
      expect(statSync(folder(second!, 1))).toMatchObject({ uid: 1000, gid: 1000 })
      writeFileSync(join(folder(second!, 1), 'new'), 'by the second')
      expect(readFileSync(join(folder(first!, 1), 'new'), 'utf8')).toBe('by the second')
      expect(await first!.agent.purge(volume(1))).toBeUndefined()
      await isSet(1, null)
      const again = performance.now()
      await isSet(1, 1)
      const secondMs = Math.round(performance.now() - again)
      console.log(`a volume in a slot of two machines: ${firstMs} ms, again ${secondMs} ms`)
    })

    it('leave neither mount nor key on a machine that shows it no more', async () => {
      await isSet(1, null)
      await isSet(2, 2)
      const kept = () => [
        ...mountsBelow(second!.disk).filter((at) => at.includes('/mounts/')),
        ...readdirSync(join(second!.disk, 'keys')),
      ]
      await expect.poll(() => kept().join(' '), { timeout: LIMIT_MS }).not.toContain(volume(1))
      expect(kept().join(' ')).toContain(volume(2))
      expect(await first!.agent.setSlot(slot(2), '../x').catch(String)).toContain('400')
    })

    it(
      'lose none, double none and swap none, whoever is killed at any moment',
      { timeout: 60_000 + KILLS * LIMIT_MS },
      async () => {
        const { next: random } = seeded(1)
        for (let kills = 0; kills < KILLS; kills++) {
          const wishes = [1, 2, 3].map((number) => ({ number, of: Math.floor(random() * 3) }))
          const setting = Promise.allSettled(
            wishes.map(({ number, of }) =>
              first!.agent.setSlot(slot(number), of === 0 ? null : volume(of)),
            ),
          )
          await sleep(random() * 900)
          const victim = both()[Math.floor(random() * 2)]!
          if (IS_LONG && kills % 2 === 1) killClients(means().ceph, victim)
          else {
            await victim.kill()
            await victim.start()
          }
          await setting
          for (const { number, of } of wishes) await isSet(number, of === 0 ? null : of)
          for (const { disk } of both()) {
            const slots = mountsBelow(disk).filter((at) => at.startsWith(`${disk}/slot`))
            expect(slots.length).toBe(new Set(slots).size)
            expect(slots).toHaveLength(1 + wishes.filter(({ of }) => of !== 0).length)
          }
        }
      },
    )

    it('let nobody out of them: not by a link, nor in an archive of it', async () => {
      const { agent, disk } = first!
      // As the worker asks: from then on it has all mounted.
      await agent.list()
      const home = join(disk, 'mounts', volume(1), 'home')
      const secret = `secret of ${volume(2)}`
      writeFileSync(join(disk, 'mounts', volume(2), 'home', 'secret'), secret)
      symlinkSync(`../../${volume(2)}/home`, join(home, 'other'))
      symlinkSync(join(disk, 'keys'), join(home, 'keys'))
      mkdirSync(join(home, 'work'))
      symlinkSync(`../../../${volume(2)}/home/secret`, join(home, 'work', 'secret'))
      for (const path of ['other', 'other/secret', 'keys', 'work/secret', '../uploads', '../..']) {
        for (const what of ['content', 'archive'] as const)
          expect([path, await agent.read(volume(1), what, { path })]).toEqual([path, undefined])
        const handedIn = agent.keep(randomUUID(), { volume: volume(1), path })
        expect([path, await handedIn]).toEqual([path, 'no-folder'])
      }
      const kept = (await agent.read(volume(1), 'archive', { path: '' }))!
      const parts: Buffer[] = []
      for await (const part of kept.stream) parts.push(part as Buffer)
      const archive = Buffer.concat(parts).toString('latin1')
      expect(archive).toContain('whose')
      expect(archive).toContain('_left-out.txt')
      expect(archive).not.toContain(secret)
    })

    it('go with their seats', async () => {
      for (const number of [1, 2, 3]) await isSet(number, null)
      for (const number of [1, 2, 3]) await first!.agent.setSlot(slot(number), 'remove')
      for (const machine of both())
        await expect.poll(() => existsSync(folder(machine, 1)), { timeout: LIMIT_MS }).toBe(false)
      for (const number of [1, 2])
        await expect
          .poll(() => first!.agent.purge(volume(number)), { timeout: LIMIT_MS })
          .toMatchObject({ after: { file: false, mounted: false, listed: false } })
      expect(await means().ceph.kept()).toEqual({ subvolumes: [], users: [] })
    })
  })
}

/** Those that keep volumes of this machine mounted; never another test's. */
function killClients({ folder: place }: CephBed, { disk }: StorageProcess): void {
  for (const pid of processesOf(place, 'ceph-fuse'))
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(disk)) process.kill(pid, 'SIGKILL')
}
