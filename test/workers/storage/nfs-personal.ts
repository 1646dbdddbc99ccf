/**
 * A student's own folder where a server keeps volumes, in seats on machines that have nothing of Labplan's: it comes into the seat
 * that runs when its student does, with its limit, into that of their other course, into nobody else's; and goes out again.
 */
import { describe, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { startWorkspace, stopWorkspace } from '../../../api/data/workspaces/workspace-act.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { ROOT } from '../../beds/machines/storage.ts'
import { WEB_PORT } from '../../beds/machines/small-image.ts'
import { openWebShell, type WebShell } from '../../beds/web-shell.ts'
import { launch, signIn } from '../../cast/record.ts'
import { IS_LONG, type NodesScene, OTHER_COURSE, PERSONAL_MB } from './real-nodes-scene.ts'

const MIB = 2 ** 20
const FILES = '/personal/files'
const APPEARS_MS = 90_000

type Means = {
  scene: NodesScene
  now: () => Date
  /** Students may come. */
  openClass(): void
  until(what: string, limitSeconds: number, is: () => Promise<boolean>): Promise<void>
}
type Row = { id: string; state: string; host: string; shown: string | null }

const actor = { name: 'test', role: 'operator' } as const
const figures: Record<string, number> = {}
/** Workspaces by whose they are, and in which course. */
const ids = new Map<string, string>()
const people = new Map<string, string>()

async function launched({ scene, now }: Means, who: string, courseKey: string): Promise<void> {
  const { pool } = scene.database
  if (!people.has(who)) people.set(who, (await signIn(pool, { name: who, now: now() })).personId)
  const { id } = await launch(pool, { personId: people.get(who)!, courseKey, now: now() })
  ids.set(`${who} ${courseKey}`, id)
}

const seatOf = ({ scene }: Means, who: string, courseKey: string): Promise<Row> =>
  one<Row>(
    scene.database.pool,
    sql`select workspace.id, seat.state, seat.node_address || ':' || published_port as host, volume.name as shown
        from workspace join seat on seat.id = workspace.seat_id left join volume on volume.id = seat.slot_volume_id
          left join seat_port on seat_port.seat_id = seat.id and container_port = ${WEB_PORT}
        where workspace.id = ${ids.get(`${who} ${courseKey}`) ?? null}`,
  )

/** Of a seat that runs, before anybody has it. */
async function shellIn({ scene }: Means, courseKey: string, number: number): Promise<WebShell> {
  const { host } = await one<{ host: string }>(
    scene.database.pool,
    sql`select node_address || ':' || published_port as host from seat join course on course.id = course_id
          join seat_port on seat_id = seat.id and container_port = ${WEB_PORT}
        where course.key = ${courseKey} and number = ${number}`,
  )
  return openWebShell(host)
}

/** Milliseconds from the launch until the student's shell can write into the folder. */
async function appearsIn(shell: WebShell, act: () => Promise<void>): Promise<number> {
  const isThere = () => shell.run(`[ -w ${FILES}/. ] && echo there`)
  // Looked for before: their machine knows that there is nothing.
  expect(await isThere()).toBe('')
  const began = performance.now()
  await act()
  await expect.poll(isThere, { timeout: APPEARS_MS, interval: 50 }).toBe('there')
  return Math.round(performance.now() - began)
}

export function testPersonalFolders(means: () => Means): void {
  describe('a student’s own folder', () => {
    const shells: Record<string, WebShell> = {}

    it('is an empty place in every seat, in which nobody can write', async () => {
      const { scene, until, openClass } = means()
      const ready = sql`select from seat join course on course.id = course_id where key = ${OTHER_COURSE} and seat.state = 'ready'`
      await until('a seat of another course', 180, async () => {
        return (await many(scene.database.pool, ready)).length === 1
      })
      shells['own'] = await shellIn(means(), 'networks', 1)
      shells['theirs'] = await shellIn(means(), 'networks', 2)
      shells['other'] = await shellIn(means(), OTHER_COURSE, 1)
      const tried = 'ls -A /personal; (echo x > /personal/x) 2>/dev/null || echo refused'
      for (const shell of Object.values(shells)) expect(await shell.run(tried)).toBe('refused')
      openClass()
    })

    it('comes into the seat that runs already, with its limit', async () => {
      const { own } = shells
      figures['first launch'] = await appearsIn(own!, () =>
        launched(means(), 'student1', 'networks'),
      )
      const size = `df -k ${FILES}/. | tail -1 | tr -s ' ' | cut -d' ' -f2`
      expect(Number(await own!.run(size))).toBe(PERSONAL_MB * 1024)
      const full = `dd if=/dev/zero of=${FILES}/full bs=256k count=200 conv=fsync >/dev/null 2>&1; stat -c %b ${FILES}/full`
      const blocks = Number(await own!.run(full))
      expect(Math.abs(PERSONAL_MB * MIB - blocks * 512)).toBeLessThanOrEqual(MIB)
      await own!.run(`: > ${FILES}/full; echo by student1 > ${FILES}/essay`)
    })

    it('is the same in the seat of their other course, at the same time', async () => {
      const { own, other } = shells
      figures['second launch'] = await appearsIn(other!, () =>
        launched(means(), 'student1', OTHER_COURSE),
      )
      expect(await other!.run(`cat ${FILES}/essay; echo more > ${FILES}/second`)).toBe(
        'by student1',
      )
      await expect.poll(() => own!.run(`cat ${FILES}/second`)).toBe('more')
    })

    it('is never in the seat of another, and no name of a volume is in any', async () => {
      const { own, theirs } = shells
      await appearsIn(theirs!, () => launched(means(), 'student2', 'networks'))
      expect(await theirs!.run(`ls -A ${FILES}`)).toBe('')
      await theirs!.run(`echo by student2 > ${FILES}/essay`)
      expect(await own!.run(`cat ${FILES}/essay`)).toBe('by student1')
      for (const shell of [own, theirs])
        expect(await shell!.run('cat /proc/mounts')).not.toContain('personal-s')
      const around = `ls -d /personal/../slots /personal/files/../../volumes ${FILES}/../../slots 2>/dev/null`
      expect(await theirs!.run(around)).toBe('')
    })

    it('goes out of a seat that stops', async () => {
      const { scene, until, now } = means()
      const { pool } = scene.database
      const seat = () => seatOf(means(), 'student1', OTHER_COURSE)
      const { id: workspaceId } = await seat()
      await withTransaction(pool, (tx) => stopWorkspace(tx, { workspaceId, actor, now: now() }))
      await until('a seat that stopped, and an empty slot', 90, async () => {
        const { state, shown } = await seat()
        return state === 'cold' && shown === null
      })
      const shown = (await storageAgent({ socket: scene.socket }).slots())!
      expect(shown.filter(({ volume }) => volume !== null)).toHaveLength(2)
      const exported = `grep -c '^${ROOT}/volumes/slots/.*/files' /var/lib/nfs/etab`
      expect(await scene.storage.sh(exported)).toBe('2')
      for (const one of Object.values(shells)) one.cut()
      console.log(`personal folder of a server, milliseconds: ${JSON.stringify(figures)}`)
    })

    it('is there again at the next launch', async ({ skip }) => {
      skip(!IS_LONG, 'takes up to a minute: LABPLAN_LONG=1 runs it')
      const { scene, until, now } = means()
      const { pool } = scene.database
      const seat = () => seatOf(means(), 'student1', OTHER_COURSE)
      const { id: workspaceId } = await seat()
      const began = performance.now()
      await withTransaction(pool, (tx) => startWorkspace(tx, { workspaceId, actor, now: now() }))
      await until('a seat with its files', 90, async () => {
        const row = await seat()
        return row.state === 'ready' && row.shown !== null
      })
      const shell = await shellIn(means(), OTHER_COURSE, 1)
      await expect
        .poll(() => shell.run(`cat ${FILES}/second`), { timeout: APPEARS_MS, interval: 50 })
        .toBe('more')
      console.log(`of a seat that had stopped: ${Math.round(performance.now() - began)} ms`)
      shell.cut()
    })
  })
}
