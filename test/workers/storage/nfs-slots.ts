/**
 * Slots on an NFS server, asked of its agent and looked at by a client that has them mounted all the time, as a seat has: what
 * appears in them, what is out of reach once it is taken out whoever has it open, and what is found after a kill. The client is
 * the server's own, so that nothing has to be started anew for it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { storageAgent, type StorageAgent } from '../../../api/storage/storage-agent.ts'
import { ROOT, type StorageMachine } from '../../beds/machines/storage.ts'
import { random as seeded } from '../../campus/random.ts'

const KILLS = Number(process.env['LABPLAN_SEEDS'] ?? 1)
const IS_LONG = process.env['LABPLAN_LONG'] !== undefined
const LIMIT_MS = 60_000
const LIMIT_MB = 12
const NUMBERS = [1, 2, 3]

const three = (number: number): string => String(number).padStart(3, '0')
const volume = (number: number): string => `lp-test0000-personal-s${three(number)}-g1`
const slot = (number: number): string => `lp-test0000-c0urse00-s${three(number)}`
const seat = (number: number): string => `/mnt/seat${number}`
const home = (number: number): string => `${ROOT}/volumes/${volume(number)}/home`
const mounted = (number: number): string =>
  `mkdir -p ${seat(number)} && mount -i -t nfs4 -o addr=127.0.0.1,vers=4.2,hard,acdirmin=1,acdirmax=1 127.0.0.1:/slots/${slot(number)} ${seat(number)}`

type Means = {
  storage: StorageMachine
  socket: string
  /** It would take away slots of which the record knows no seat. */
  stopWorker(): Promise<void>
}

export function testServedSlots(means: () => Means): void {
  describe('slots of a server', { timeout: 120_000 }, () => {
    let agent: StorageAgent
    const sh = (...lines: string[]) => means().storage.sh(lines.join('\n'))
    const shown = async (number: number): Promise<string> =>
      sh(`cat ${seat(number)}/files/whose 2>/dev/null || true`)
    const becomes = (number: number, wanted: string) =>
      expect.poll(() => shown(number), { timeout: LIMIT_MS, interval: 100 }).toBe(wanted)
    /** Until the agent answers, and says that it is so. */
    const isSet = async (number: number, wanted: number | null): Promise<void> => {
      const name = wanted === null ? null : volume(wanted)
      await expect
        .poll(() => agent.setSlot(slot(number), name).catch(String), { timeout: LIMIT_MS })
        .toBeUndefined()
      const sights = await agent.slots()
      expect(sights?.find((one) => one.name === slot(number))?.volume).toBe(name)
    }

    it('are empty folders, in which root of a seat cannot write', async () => {
      await means().stopWorker()
      agent = storageAgent({ socket: means().socket })
      for (const number of [1, 2]) {
        await agent.ensure({ name: volume(number), limitMb: LIMIT_MB, isNew: true })
        await sh(`echo of ${number} >${home(number)}/whose`)
      }
      for (const number of NUMBERS) await isSet(number, null)
      await sh('modprobe nfsv4', ...NUMBERS.map(mounted))
      const tried = `ls -A ${seat(1)}; (echo x >${seat(1)}/x) 2>/dev/null || echo refused`
      expect(await sh(tried)).toBe('refused')
      // Looked for before it was there: nobody has to know when it comes.
      expect(await shown(1)).toBe('')
    })

    it('show a volume to who has them mounted already, as the student’s, with its limit', async () => {
      await isSet(1, 1)
      await becomes(1, 'of 1')
      const files = `${seat(1)}/files`
      const seen = await sh(`stat -c '%u:%g' ${files}/.; df -k --output=size ${files}/. | tail -1`)
      expect(seen.split(/\s+/)).toEqual(['1000:1000', `${LIMIT_MB * 1024}`])
      const script = `dd if=/dev/zero of=${files}/full bs=256k conv=fsync 2>/dev/null || true; stat -c %b ${files}/full; rm ${files}/full`
      const blocks = Number(await sh(script))
      expect(Math.abs(LIMIT_MB * 2 ** 20 - blocks * 512)).toBeLessThanOrEqual(2 ** 20)
    })

    it('show one volume in two seats, and it is not purged meanwhile', async () => {
      await isSet(2, 1)
      await becomes(2, 'of 1')
      await sh(`echo by the second >${seat(2)}/files/new`)
      expect(await sh(`cat ${seat(1)}/files/new`)).toBe('by the second')
      expect(await agent.purge(volume(1))).toBeUndefined()
    })

    it('take it out of the hands of who has it open, and show the next one theirs alone', async () => {
      const writer = `cd ${seat(1)}/files && exec 3>>log 4<whose && while echo line >&3; do sleep 0.1; done`
      await sh(`(setsid sh -c '${writer}' >/dev/null 2>&1 </dev/null &) ; sleep 1`)
      await isSet(1, null)
      const size = `stat -c %s ${home(1)}/log`
      const before = await sh(size)
      expect(Number(before)).toBeGreaterThan(0)
      expect(await sh(`ls ${seat(1)}/files ${seat(1)}/files/log 2>/dev/null || true`)).toBe('')
      await isSet(1, 2)
      await becomes(1, 'of 2')
      expect(await sh(`ls ${seat(1)}/files`, size)).toBe(`whose\n${before}`)
      // Another seat of the same person goes on.
      expect(await shown(2)).toBe('of 1')
    })

    it('are exported again when somebody takes the exports away, and open files stay open', async () => {
      const path = `${ROOT}/volumes/slots/${slot(2)}/files`
      const script = `exec 3<${seat(2)}/files/whose; exportfs -u '*:${path}'; for i in $(seq 100); do grep -q '${path}' /var/lib/nfs/etab && break; sleep 0.1; done; cat <&3; cat ${seat(2)}/files/new`
      expect(await sh(script)).toBe('of 1\nby the second')
    })

    it(
      'lose none, double none and swap none, whoever is killed at any moment',
      { timeout: 60_000 + KILLS * 2 * LIMIT_MS },
      async () => {
        const { next: random } = seeded(1)
        for (let kills = 0; kills < KILLS; kills++) {
          const wishes = NUMBERS.map((number) => ({ number, of: Math.floor(random() * 3) }))
          const setting = Promise.allSettled(
            wishes.map(({ number, of }) =>
              agent.setSlot(slot(number), of === 0 ? null : volume(of)),
            ),
          )
          await sleep(random() * 1_500)
          await means().storage.killAgent()
          expect(await setting).toHaveLength(wishes.length)
          for (const { number, of } of wishes) await isSet(number, of === 0 ? null : of)
          for (const { number, of } of wishes) await becomes(number, of === 0 ? '' : `of ${of}`)
          await isAsNoted(wishes)
        }
      },
    )

    /** Mounts and exports of each slot once, and of no other. */
    async function isAsNoted(wishes: { number: number; of: number }[]): Promise<void> {
      const wanted = wishes
        .filter(({ of }) => of !== 0)
        .map(({ number }) => `${ROOT}/volumes/slots/${slot(number)}/files`)
      const place = `${ROOT}/volumes/slots/lp-test0000[^\\t ]*`
      const text = await sh(
        `grep -oP ' ${place} ' /proc/self/mountinfo; echo; grep -oP '^${place}' /var/lib/nfs/etab || true`,
      )
      const [mounts = '', exports = ''] = text.split(/^$/m)
      for (const one of [mounts, exports])
        expect(
          one
            .split('\n')
            .map((line) => line.trim())
            .filter(Boolean)
            .toSorted(),
        ).toEqual(wanted)
    }

    it('are as they were after the server lost its power', async ({ skip }) => {
      skip(!IS_LONG, 'takes a minute: LABPLAN_LONG=1 runs it')
      await isSet(1, 1)
      await isSet(2, null)
      const { storage } = means()
      await storage.cutPower()
      await storage.startAgain()
      const sights = await agent.slots()
      expect(sights?.map(({ volume: name }) => name).slice(0, 2)).toEqual([volume(1), null])
      await sh('modprobe nfsv4', ...NUMBERS.map(mounted))
      await becomes(1, 'of 1')
      expect(await shown(2)).toBe('')
    })

    it('go with their seats, and leave nothing of anybody on the server', async () => {
      for (const number of NUMBERS) await isSet(number, null)
      await sh(...NUMBERS.map((number) => `umount -l ${seat(number)}`))
      for (const number of NUMBERS)
        expect(await agent.setSlot(slot(number), 'remove')).toBeUndefined()
      for (const number of [1, 2])
        expect(await agent.purge(volume(number))).toMatchObject({
          after: { file: false, mounted: false, listed: false },
        })
      const left = `find ${ROOT} -name '*test0000*'; grep test0000 /proc/self/mountinfo /var/lib/nfs/etab /etc/exports.d/*`
      expect(await sh(`${left} || true`)).toBe('')
    })
  })
}
