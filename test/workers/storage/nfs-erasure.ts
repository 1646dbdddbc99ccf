/**
 * A student who is erased while they are at work, where a server keeps volumes: their seat stops first, then home, own folder and what
 * they handed in are gone from the server, with a receipt; what is others' stays, and the number begins anew.
 */
import { expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../../api/data/db.ts'
import { openErasures, orderErasure } from '../../../api/data/people/erasure.ts'
import { erasureReceipts } from '../../../api/data/people/erasure-view.ts'
import { firstBroken, purgeReceipts } from '../../../api/data/volumes/purge.ts'
import { handIn } from '../../../api/data/volumes/submission.ts'
import { ROOT } from '../../beds/machines/storage.ts'
import { WEB_PORT } from '../../beds/machines/small-image.ts'
import { openWebShell } from '../../beds/web-shell.ts'
import { IS_LONG, type NodesScene } from './real-nodes-scene.ts'

type Means = {
  scene: NodesScene
  now: () => Date
  until(what: string, limitSeconds: number, is: () => Promise<boolean>): Promise<void>
}
type Theirs = {
  id: string
  workspace: string
  seat: number
  door: string
  home: string
  own: string
}

const actor = { name: 'test', role: 'operator' } as const
/** One who has a seat of the course and their own folder in it (nfs-personal.ts). */
const ERASED = 'student2'
const WRITING =
  '(while :; do echo line >> $HOME/log; echo line >> /personal/files/log; sleep 0.2; done) >/dev/null 2>&1 & echo begun'

const theirsIn = ({ database: { pool } }: NodesScene): Promise<Theirs> =>
  one<Theirs>(
    pool,
    sql`select person.id, workspace.id as workspace, seat.number as seat, home.name as home, own.name as own,
          node_address || ':' || published_port as door
        from person join workspace on person_id = person.id join course on course.id = workspace.course_id
          join seat on seat.id = workspace.seat_id join volume home on home.seat_id = seat.id
          join volume own on own.person_id = person.id
          join seat_port on seat_port.seat_id = seat.id and container_port = ${WEB_PORT}
        where display_name = ${ERASED} and course.key = 'networks'`,
  )

/** Lines of the server that name one of these: folders and notes, mounts, exports. */
async function namedOn({ storage }: NodesScene, names: string[]): Promise<string[]> {
  const pattern = names.join('\\|')
  const text = await storage.sh(
    `find ${ROOT} -regex '.*\\(${pattern}\\).*'; grep -rhs '${pattern}' ${ROOT}/slot-notes; grep -h '${pattern}' /proc/self/mountinfo /var/lib/nfs/etab /etc/exports.d/* || true`,
  )
  return text.split('\n').filter(Boolean)
}

async function handedIn({ scene, now, until }: Means, workspaceId: string): Promise<string> {
  const { pool } = scene.database
  // As the worker does it once the API has died at it.
  const clicked = new Date(now().getTime() - 60_000)
  const made = await withTransaction(pool, (tx) =>
    handIn(tx, { workspaceId, path: '', actor, now: clicked }),
  )
  if (!made || 'refused' in made) throw new Error('Nothing was handed in.')
  await until('what they handed in', 60, async () => {
    const row = sql`select state from submission where id = ${made.id}`
    return (await one<{ state: string }>(pool, row)).state === 'kept'
  })
  return made.id
}

/** Behind LABPLAN_LONG; whoever is erased then has nothing left in the tests that follow. */
export function testErasure(means: () => Means): void {
  it('erases a student who is at work, from the server too, and leaves what is others’', async ({
    skip,
  }) => {
    skip(!IS_LONG, 'takes a minute: LABPLAN_LONG=1 runs it; on a local disk it is in each run')
    const { scene, now, until } = means()
    const { pool } = scene.database
    const { id: personId, workspace, door, home, own } = await theirsIn(scene)
    const shell = await openWebShell(door)
    await shell.run(WRITING)
    const submission = await handedIn(means(), workspace)
    const names = [home, own, submission]
    for (const name of names) expect(await namedOn(scene, [name])).not.toEqual([])
    const others = `cd ${ROOT}; ls -d volumes/*-s* | grep -v -e ${home} -e ${own}; cat volumes/*-s001-g1/home/*/mine`
    const before = await scene.storage.sh(others)

    const began = performance.now()
    await withTransaction(pool, (tx) =>
      orderErasure(tx, { personId, by: 'operator', actor, ring: scene.ring, now: now() }),
    )
    await until('an erasure', 180, async () => (await openErasures(pool)) === 0)
    console.log(`erased with their seat: ${Math.round(performance.now() - began)} ms`)
    shell.cut()
    expect(await namedOn(scene, names)).toEqual([])
    const [receipt] = await erasureReceipts(pool)
    expect(JSON.parse(receipt!.body)).toMatchObject({
      ...{ kind: 'ErasureReceipt', orderedBy: 'operator', kept: [] },
      left: {
        name: false,
        address: false,
        lmsIdentity: false,
        logins: 0,
        memberships: 0,
        seats: 0,
      },
    })
    const { gone } = JSON.parse(receipt!.body) as { gone: { kind: string; name: string }[] }
    expect(gone.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual(
      [`submission ${submission}`, `volume ${home}`, `volume ${own}`].toSorted(),
    )
    expect(firstBroken(await purgeReceipts(pool))).toBeUndefined()

    // Whoever comes next has another home, with nothing of before in it.
    const next = home.replace(/1$/, '2')
    await until('a home of the next generation', 180, async () => {
      return (await scene.storage.sh(`ls ${ROOT}/volumes`)).includes(next)
    })
    expect(await scene.storage.sh(`find ${ROOT}/volumes/${next} -name log -o -name mine`)).toBe('')
    const after = await scene.storage.sh(others)
    expect(after.split('\n').filter((line) => !line.includes(next))).toEqual(before.split('\n'))
  })
}
