/** A class on machines with kernels of their own, whose files are on an NFS server; while it is away, its wire is out. */
import { many, sql } from '../../api/data/db.ts'
import { type NfsPool, nfsPool } from '../beds/machines/nfs-pool.ts'
import { smallEnvironment, smallImage, WEB_PORT } from '../beds/machines/small-image.ts'
import { ROOT } from '../beds/machines/storage.ts'
import { openWebShell, type WebShell } from '../beds/web-shell.ts'
import { type PracticeClass, practiceClass } from '../practice-class.ts'
import type { AwayMeans, AwayScene } from './storage-away.ts'

export async function nfsAway({ plan, ...means }: AwayMeans): Promise<AwayScene> {
  let pool: NfsPool | undefined
  try {
    const practice = await practiceClass(plan, {
      ...{ ...means, parts: ['api', 'gateway', 'worker'] },
      async furnish(site) {
        const environments = smallEnvironment(await smallImage(site.bed))
        pool = await nfsPool(site)
        return { environments, pools: pool.document }
      },
    })
    return sceneOf(pool!, practice)
  } catch (error) {
    await pool?.end()
    throw error
  }
}

function sceneOf(pool: NfsPool, practice: PracticeClass): AwayScene {
  const { storage, engine } = pool
  const shells: WebShell[] = []
  return {
    practice,
    freeze: () => storage.machine.cutWire(),
    thaw: () => storage.machine.mendWire(),
    async startPrograms() {
      for (const { door } of await doors(practice)) shells.push(await openWebShell(door))
      // Not waited for: on a busy machine the shell itself may take longer than it is given.
      for (const shell of shells) shell.type(`${COUNTING}\n`)
      return shells.map((shell) => ({
        counted: async () => Number(await shell.run('cat /dev/shm/n')),
      }))
    },
    /** Their engines answer nobody but themselves: as the Swarm is told by them. */
    async running() {
      const filters = { name: [`lp-${practice.inst.id}-`] }
      const tasks = (await engine.call('GET', '/tasks', { query: { filters } })) as Task[]
      return tasks.filter(({ Status }) => Status.State === 'running').map((one) => one.ServiceID)
    },
    async countOf(volume) {
      const file = `${ROOT}/volumes/${volume}/home/*/count`
      return (await storage.sh(`[ ! -e ${file} ] || cat ${file}`)) || undefined
    },
    async close() {
      for (const shell of shells) shell.cut()
      await practice.close()
      await pool.end()
    },
  }
}

type Task = { ServiceID: string; Status: { State: string } }

const doors = ({ inst }: PracticeClass) =>
  many<{ door: string }>(
    inst.pool,
    sql`select node_address || ':' || published_port as door from seat
          join seat_port on seat_port.seat_id = seat.id
        where container_port = ${WEB_PORT} and state = 'ready' order by number`,
  )

/** A file that is closed is on the server; what was written last is also where no storage is needed to read it. */
const COUNTING =
  '(i=0; while :; do i=$((i+1)); echo $i >> $HOME/count; echo $i > /dev/shm/n; sleep 0.5; done) >/dev/null 2>&1 & echo begun'
