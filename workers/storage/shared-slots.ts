/**
 * Slots where seats run on many machines. What the worker asks of one agent is written on the board first, and every agent does it
 * on its machine: a seat finds its holder's volume wherever it runs, and whoever is started again goes on.
 */
import {
  ownId,
  readWanted,
  reportReader,
  type Shown,
  wantedMark,
  writeReport,
  writeWanted,
} from './slot-board.ts'
import type { Slots, SlotSet, SlotSight } from './slots.ts'

/** How often an agent does again what could not be done, and says that it is there. */
const AGAIN_MS = 5_000
/** A volume that was never mounted on this machine takes its client half a second. */
const AT_ONCE = 4

export type SharedSlots = Slots & {
  /** Brings this machine to what the board says. Cheap while nothing changed. */
  follow(): Promise<void>
}

type Means = {
  root: string
  /** Of this machine. */
  own: Slots
  /** Where the board is; undefined while there is none. `make`: there is one from now on. */
  board(make: boolean): Promise<string | undefined>
  /** Lets go of persons' volumes that no slot of this machine shows. */
  keepOnly(shown: Set<string>): Promise<void>
  elapsedMs?: () => number
}

export function sharedSlots(means: Means): SharedSlots {
  const { own } = means
  const { reports, write, follow } = boardOf(means)
  /** One after the other: none loses what another wrote, or does what is no longer wanted. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
  return {
    async start() {
      await own.start()
      await inTurn(follow)
    },
    follow: () => inTurn(follow),
    async list() {
      const [sights, said] = await Promise.all([own.list(), reports()])
      return sights.map((sight) => withOthers(sight, said))
    },
    async isShown(volume) {
      const said = await reports()
      return (await own.isShown(volume)) || said.some((one) => Object.values(one).includes(volume))
    },
    set: (name, volume) =>
      inTurn(async () => {
        await write((wanted) => (wanted[name] = volume))
        const done = await own.set(name, volume)
        return done.ok ? elsewhere(await reports(), name, volume) : done
      }),
    remove: (name) =>
      inTurn(async () => {
        await write((wanted) => delete wanted[name])
        return own.remove(name)
      }),
  }
}

function boardOf({ root, own, board, keepOnly, elapsedMs = now }: Means) {
  const self = selfIn(root, elapsedMs)
  const bringHere = follower({ own, keepOnly, elapsedMs })
  return {
    /** What the others show. */
    async reports(): Promise<Shown[]> {
      const at = await board(false)
      return at === undefined ? [] : (await self()).others(at)
    },
    async write(change: (wanted: Shown) => void): Promise<void> {
      const at = (await board(true))!
      const wanted = (await readWanted(at)) ?? {}
      const before = JSON.stringify(wanted)
      change(wanted)
      if (JSON.stringify(wanted) !== before) await writeWanted(at, wanted)
    },
    async follow(): Promise<void> {
      const at = await board(false)
      if (at !== undefined) await bringHere(at, (await self()).id)
    },
  }
}

/** Who this agent is among the others; known once there are any. */
function selfIn(root: string, elapsedMs: () => number) {
  let known: { id: string; others: (board: string) => Promise<Shown[]> } | undefined
  return async () => {
    const id = known?.id ?? (await ownId(root))
    known ??= { id, others: reportReader(id, elapsedMs) }
    return known
  }
}

const now = (): number => performance.now()

const withOthers = (sight: SlotSight, said: Shown[]): SlotSight => ({
  ...sight,
  isEverywhere: said.every((shown) => shown[sight.name] === sight.volume),
})

const elsewhere = (said: Shown[], name: string, volume: string | null): SlotSet =>
  said.every((shown) => shown[name] === volume) ? { ok: true } : { ok: false, code: 'spreading' }

function follower(
  of: Pick<Means, 'own' | 'keepOnly'> & { elapsedMs: () => number },
): (board: string, id: string) => Promise<void> {
  let [mark, said] = ['', '']
  let lastMs = -AGAIN_MS
  return async (board, id) => {
    const seen = await wantedMark(board)
    const isDue = of.elapsedMs() - lastMs >= AGAIN_MS
    if (seen === mark && !isDue) return
    lastMs = of.elapsedMs()
    const wanted = await readWanted(board)
    // Where nobody wrote yet, nothing is taken out of a seat.
    const failures = wanted ? await bringTo(of.own, wanted) : []
    mark = seen
    const sights = await of.own.list()
    await of.keepOnly(new Set(sights.flatMap(({ volume }) => volume ?? [])))
    const shown = Object.fromEntries(sights.map(({ name, volume }) => [name, volume]))
    if (JSON.stringify(shown) !== said || isDue) {
      // Another at each writing, also of an agent that was started again.
      await writeReport(board, { id, beat: Date.now(), shown })
      said = JSON.stringify(shown)
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** What goes out comes first. What cannot be done now is found again at the next look, and keeps no other seat waiting. */
async function bringTo(own: Slots, wanted: Shown): Promise<unknown[]> {
  const there = new Map((await own.list()).map(({ name, volume }) => [name, volume]))
  const gone = [...there.keys()].filter((name) => !(name in wanted))
  const others = Object.entries(wanted).filter(([name, volume]) => there.get(name) !== volume)
  const out = others.filter(([, volume]) => volume === null)
  const into = others.filter(([, volume]) => volume !== null)
  const failures: unknown[] = []
  const each = <T>(all: T[], act: (one: T) => Promise<unknown>) =>
    Promise.all(
      handsOf(all, (one) => act(one).catch((error: unknown) => void failures.push(error))),
    )
  await each(gone, (name) => own.remove(name))
  await each(out, ([name]) => own.set(name, null))
  await each(into, ([name, volume]) => own.set(name, volume))
  return failures
}

/** So many at once. */
function handsOf<T>(all: T[], act: (one: T) => Promise<unknown>): Promise<void>[] {
  const queue = all.values()
  return Array.from({ length: AT_ONCE }, async () => {
    for (const one of queue) await act(one)
  })
}
