import { mountsBelow } from '../../../scripts/steps/mounts.ts'
/** Slots on real loop devices: what is shown where, what nobody can write to, and what is found after a kill. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { random as seeded } from '../../campus/random.ts'
import { storageProcess } from './storage-process.ts'
import { storageScene } from './storage-scene.ts'

const KILLS = Number(process.env['LABPLAN_SEEDS'] ?? 4)
const scene = storageScene()
const { agent, disk, start, kill } = storageProcess(scene.root)
const volume = (number: number): string =>
  `lp-test0000-personal-s${String(number).padStart(3, '0')}-g1`
const slot = (number: number): string => `lp-test0000-c0urse00-s${String(number).padStart(3, '0')}`
const folder = (number: number): string => join(disk, 'slots', slot(number))
const shown = (number: number): string | undefined => {
  const file = join(folder(number), 'whose')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

beforeAll(async () => {
  // As systemd has it on most machines.
  mkdirSync(disk)
  execFileSync('mount', ['--bind', disk, disk])
  execFileSync('mount', ['--make-shared', disk])
  await start()
  for (const number of [1, 2]) {
    await agent.ensure({ name: volume(number), limitMb: 12, isNew: true })
    writeFileSync(join(disk, 'mounts', volume(number), 'home', 'whose'), `of ${number}`)
  }
}, 60_000)
afterAll(async () => {
  await kill()
  scene.end()
})

it('mounts nothing for slots where there is none', () => {
  expect(mountsBelow(disk)).not.toContain(join(disk, 'slots'))
})

it('is an empty folder in which not even root can write', async () => {
  expect(await agent.setSlot(slot(1), null)).toBeUndefined()
  expect(await agent.slots()).toEqual([{ name: slot(1), volume: null, isEverywhere: true }])
  expect(() => writeFileSync(join(folder(1), 'lost'), 'x')).toThrow('EROFS')
})

it('shows a volume, to who has the folder open already too, and the student may write in it', async () => {
  // As a seat's container that was started before its student came: a copy of the mount in a namespace of its own.
  const target = join(scene.root, 'seat')
  mkdirSync(target)
  const script = `mount --rbind ${folder(1)} ${target} && mount --make-rslave ${target} && echo up && read go && cat ${target}/whose`
  const [program, ...args] = ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', script]
  const seat = spawn(program!, args)
  await once(seat.stdout, 'data')
  expect(await agent.setSlot(slot(1), volume(1))).toBeUndefined()
  seat.stdin.end('go\n')
  const [said] = (await once(seat.stdout, 'data')) as [Buffer]
  expect(said.toString()).toBe('of 1')
  expect(shown(1)).toBe('of 1')
  expect(statSync(folder(1))).toMatchObject({ uid: 1000, gid: 1000 })
  expect(await agent.slots()).toEqual([{ name: slot(1), volume: volume(1), isEverywhere: true }])
})

it('shows one volume in two slots, and is not purged meanwhile', async () => {
  await agent.setSlot(slot(2), volume(1))
  writeFileSync(join(folder(2), 'new'), 'by 2')
  expect(readFileSync(join(folder(1), 'new'), 'utf8')).toBe('by 2')
  expect(await agent.purge(volume(1))).toBeUndefined()
  expect(shown(1)).toBe('of 1')
})

it('says when a program has it open, and lets go afterwards', async () => {
  const program = spawn('sleep', ['60'], { cwd: folder(2) })
  await once(program, 'spawn')
  expect(await agent.setSlot(slot(2), null)).toBe('in-use')
  expect(shown(2)).toBe('of 1')
  const ended = once(program, 'exit')
  program.kill('SIGKILL')
  await ended
  await expect.poll(() => agent.setSlot(slot(2), null)).toBeUndefined()
  expect(shown(2)).toBeUndefined()
  expect(await agent.setSlot(slot(2), 'remove')).toBeUndefined()
  expect(existsSync(folder(2))).toBe(false)
})

it('shows nothing of what is not there, and has names that name nothing else', async () => {
  expect(await agent.setSlot(slot(3), volume(9))).toBe('not-ready')
  expect(shown(3)).toBeUndefined()
  await expect(agent.setSlot('..', null)).rejects.toThrow('404')
  await expect(agent.setSlot(`${slot(1)}%2f..`, null)).rejects.toThrow('404')
  await expect(agent.setSlot(slot(1), '../x')).rejects.toThrow('400')
})

it(
  'loses none, doubles none and swaps none, killed at any moment',
  { timeout: 120_000 },
  async () => {
    const { next: random } = seeded(1)
    for (let kills = 0; kills < KILLS; kills++) {
      const wishes = [1, 2, 3].map((number) => ({ number, of: Math.floor(random() * 3) }))
      const setAll = () =>
        Promise.allSettled(
          wishes.map(({ number, of }) => agent.setSlot(slot(number), of === 0 ? null : volume(of))),
        )
      const setting = setAll()
      await sleep(random() * 60)
      await kill()
      await setting
      await start()
      for (const done of await setAll())
        expect(done).toEqual({ status: 'fulfilled', value: undefined })
      for (const { number, of } of wishes)
        expect([kills, number, shown(number)]).toEqual([
          kills,
          number,
          of === 0 ? undefined : `of ${of}`,
        ])
      const there = mountsBelow(disk).filter((at) => at.startsWith(`${disk}/slot`))
      expect(there.length).toBe(new Set(there).size)
      expect(there.length).toBe(1 + wishes.filter(({ of }) => of !== 0).length)
      expect(mountsBelow(disk)).not.toContain(join(disk, 'slot-view'))
    }
  },
)

it('is made again after a restart of the machine', async () => {
  await kill()
  for (const at of mountsBelow(disk).toReversed()) execFileSync('umount', [at])
  await start()
  expect(await agent.setSlot(slot(1), volume(2))).toBeUndefined()
  expect(shown(1)).toBe('of 2')
  expect(() => writeFileSync(join(folder(2), 'lost'), 'x')).toThrow('EROFS')
})
