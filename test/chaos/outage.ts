/**
 * A class at work while everything of ours but the gateway, and the LMS, is away for minutes: who is in stays in, and
 * who comes back with their pass is in their own seat.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { many, sql } from '../../api/data/db.ts'
import { openWebShell, type WebShell } from '../beds/web-shell.ts'
import { type PracticeClass, practiceClass, seatsReady } from '../practice-class.ts'
import { freePort } from '../free-port.ts'
import { type KillableDatabase, killableDatabase } from './database.ts'
import { type Way, enter, headersOf } from './way.ts'
import { type Wire, wire } from './wire.ts'

export type OutageResult = {
  sockets: number
  /** Of these, how many broke, or did not answer what was typed, before all was back. */
  cut: number
  /** Who came back with their pass while everything was away, and how many of them to their own seat. */
  cameBack: number
  own: number
  /** The same after the gateway itself was killed and started, with everything still away. */
  cameBackToFresh: number
  ownAfterFresh: number
  /** Seats whose task is another than before, once all runs again. */
  replaced: number
}

type Options = { seats: number; sockets: number; minutes: number; say: (text: string) => void }

const TYPED_EVERY_MS = 20_000
const SETTLE_MS = 30_000

export async function outage(options: Options): Promise<OutageResult> {
  const database = await killableDatabase()
  let practice: PracticeClass | undefined
  let lms: Wire | undefined
  try {
    await database.start()
    practice = await practiceClass(
      { students: options.seats, cpu: 0.02, memoryMb: 160 },
      {
        databaseUrl: `postgres://labplan:test@127.0.0.1:${database.port}/postgres`,
        say: options.say,
        beforeLms: async (port) => {
          const behind = await freePort()
          lms = await wire({ port }, () => ({ port: behind }))
          return behind
        },
      },
    )
    await seatsReady(practice.inst, options.seats)
    return await throughOutage(practice, { database, lms: lms! }, options)
  } finally {
    await practice?.close()
    await lms?.close()
    await database.remove()
  }
}

async function throughOutage(
  practice: PracticeClass,
  { database, lms }: { database: KillableDatabase; lms: Wire },
  { seats, sockets, minutes, say }: Options,
): Promise<OutageResult> {
  const { inst } = practice
  const people = Array.from({ length: seats }, (_, i) => `student${i + 1}`)
  const ways = await Promise.all(people.map((person) => enter(practice, person)))
  const open = await Promise.all(
    Array.from({ length: sockets }, (_, i) => sit(ways[i % seats]!, i)),
  )
  for (const [i, way] of ways.entries())
    await open[i]?.shell.run(`echo ${way.person} > $HOME/whose`)
  const before = await tasks(practice)
  say(`${open.length} terminals are open in ${seats} seats`)

  await Promise.all((['api', 'worker'] as const).map((part) => inst.stop(part, 'SIGKILL')))
  lms.cut()
  await database.kill()
  say('api, worker, PostgreSQL and the LMS are away')
  const end = performance.now() + minutes * 60_000
  while (performance.now() < end) {
    await sleep(Math.min(TYPED_EVERY_MS, Math.max(0, end - performance.now())))
    await Promise.all(open.map(typeInto))
  }
  const back = await comeBack(open)
  await inst.stop('gateway', 'SIGKILL')
  await inst.start('gateway')
  const fresh = await comeBack(open.slice(0, seats))

  lms.mend()
  await database.start()
  await Promise.all((['api', 'worker'] as const).map((part) => inst.start(part)))
  say('all is back')
  await sleep(SETTLE_MS)
  const after = await tasks(practice)
  return {
    sockets: open.length,
    cut: open.filter((one) => one.isCut).length,
    ...{ cameBack: open.length, own: back },
    ...{ cameBackToFresh: seats, ownAfterFresh: fresh },
    replaced: [...before].filter(([number, task]) => after.get(number) !== task).length,
  }
}

type Sitting = { way: Way; tag: string; shell: WebShell; isCut: boolean }

async function sit(way: Way, i: number): Promise<Sitting> {
  const shell = await openWebShell(way.gateway, { headers: headersOf(way) })
  const sitting = { way, tag: `tag${i}`, shell, isCut: false }
  await shell.run(`tag=${sitting.tag}`)
  return sitting
}

/** It must answer from the shell of before. */
async function typeInto(sitting: Sitting): Promise<void> {
  const answer = await sitting.shell.run('echo $tag').catch(() => '')
  if (answer !== sitting.tag) sitting.isCut = true
}

/** Each closes the laptop and opens it again; answers how many are in their own seat, in the shell they left. */
async function comeBack(sittings: Sitting[]): Promise<number> {
  const found = await Promise.all(
    sittings.map(async ({ way, tag, shell }) => {
      shell.cut()
      try {
        const again = await openWebShell(way.gateway, { shell: shell.id, headers: headersOf(way) })
        const answer = await again.run('echo $tag $(cat $HOME/whose)')
        again.cut()
        return answer === `${tag} ${way.person}`
      } catch {
        return false
      }
    }),
  )
  return found.filter(Boolean).length
}

async function tasks({ inst }: PracticeClass): Promise<Map<number, string | null>> {
  const rows = await many<{ number: number; task_id: string | null }>(
    inst.pool,
    sql`select number, task_id from seat where state = 'ready'`,
  )
  return new Map(rows.map((row) => [row.number, row.task_id]))
}
