/** Programs in seats that write line after line, each on disk before it is said to be kept. */
import { setTimeout as sleep } from 'node:timers/promises'
import { one, sql } from '../../api/data/db.ts'
import { WEB_PORT } from '../beds/machines/small-image.ts'
import { openWebShell, type WebShell } from '../beds/web-shell.ts'
import { untilDone, type World } from './world.ts'

/** By volume and file: the last line that a program in the seat said was kept. */
export type Files = Map<string, Map<string, number>>

export type Writers = { stop(): void }

const LOOK_MS = 400
/** A seat may be on its way to another node. */
const OPEN_MS = 240_000

/** One in each seat, into a file of its own whose name begins so. */
export async function startWriters(world: World, files: Files, prefix: string): Promise<Writers> {
  const shells: WebShell[] = []
  const stopping = new AbortController()
  const numbers = [1, 2]
  await Promise.all(
    numbers.map(async (number) => {
      let attempt = 0
      await untilDone(`a program in seat ${number}`, OPEN_MS, async () => {
        const { host, volume } = await doorOf(world, number)
        const shell = await openWebShell(host)
        shells.push(shell)
        // Whose first words were lost may have begun all the same: never two into one file.
        const file = `${prefix}-${number}-${++attempt}`
        const of = files.get(volume) ?? new Map<string, number>()
        files.set(volume, of.set(file, 0))
        await shell.run(LOOP.replaceAll('FILE', file))
        if ((await saidBy(shell, file)) === 0) throw new Error('it said no line yet')
        void follow(shell, file, stopping.signal, (last) =>
          of.set(file, Math.max(last, of.get(file) ?? 0)),
        )
      })
    }),
  )
  return {
    stop() {
      stopping.abort()
      for (const shell of shells) shell.cut()
    },
  }
}

/** @throws while it does not run */
const doorOf = ({ practice }: World, number: number) =>
  one<{ host: string; volume: string }>(
    practice.inst.pool,
    sql`select node_address || ':' || published_port as host, volume.name as volume
        from seat join seat_port on seat_port.seat_id = seat.id
          join volume on volume.seat_id = seat.id and volume.generation = seat.generation
        where container_port = ${WEB_PORT} and seat.state = 'ready' and seat.number = ${number}`,
  )

/** What it says is where no volume is, and where a student may write whatever the image's /tmp is. */
const LOOP =
  '(i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i >> $HOME/FILE && sync $HOME/FILE && echo $i > /dev/shm/FILE; sleep 0.2; done) >/dev/null 2>&1 & echo begun'

/** The last line that is kept; 0 before the first, which may take a while on a busy machine. */
async function saidBy(shell: WebShell, file: string): Promise<number> {
  const wait = `i=0; until [ -s /dev/shm/${file} ] || [ $i -ge 50 ]; do i=$((i+1)); sleep 0.2; done`
  return Number(await shell.run(`${wait}; cat /dev/shm/${file} 2>/dev/null`))
}

/** Until the seat answers no more. */
async function follow(
  shell: WebShell,
  file: string,
  signal: AbortSignal,
  heard: (last: number) => void,
): Promise<void> {
  try {
    while (!signal.aborted) {
      const last = Number(await shell.run(`cat /dev/shm/${file} 2>/dev/null`))
      if (Number.isInteger(last) && !signal.aborted) heard(last)
      await sleep(LOOK_MS)
    }
  } catch {
    // It was killed, or its machine.
  }
}
