/** Classes side by side on several beds: most of the time each waits for something. */
import type { Harm } from './harm.ts'
import { isFailure } from './record.ts'
import { type Line, chaosClass } from './run.ts'
import { type World, chaosWorld } from './world.ts'

type Options = {
  classes: Harm[][]
  beds: number
  seats: number
  say: (text: string) => void
  /** No class begins after it. */
  isOver?: () => boolean
  /** What each class led to. A harm that did not meet its victim is tried in one more class before it is told. */
  ended: (harms: Harm[], lines: Line[]) => void
}

type Waiting = { harms: Harm[]; isSecond: boolean }

/**
 * Each bed is used for one class after another; after a failure, a fresh one: what went wrong once must not spoil the
 * next class. Answers when all classes ended, or time is up and those under way did.
 */
export async function runOnBeds(options: Options): Promise<void> {
  const waiting = options.classes.map((harms): Waiting => ({ harms, isSecond: false }))
  await Promise.all(Array.from({ length: options.beds }, () => useBed(waiting, options)))
}

async function useBed(waiting: Waiting[], options: Options): Promise<void> {
  const { seats, say, isOver = () => false, ended } = options
  let world: World | undefined
  try {
    while (!isOver()) {
      const next = waiting.shift()
      if (!next) return
      world ??= await madeWorld(seats, say)
      const lines = await chaosClass(world, next.harms)
      const again = next.isSecond ? [] : missedOf(next.harms, lines)
      if (again.length > 0) waiting.push({ harms: again, isSecond: true })
      ended(
        next.harms.filter((harm) => !again.includes(harm)),
        lines.filter(({ seed }) => !again.some((harm) => harm.seed === seed)),
      )
      if (!lines.some(isFailure)) continue
      await world.close()
      world = undefined
    }
  } finally {
    await world?.close()
  }
}

/** Tried twice: on a machine with too much to do, a part may not answer in its first minute. */
async function madeWorld(...of: Parameters<typeof chaosWorld>): Promise<World> {
  try {
    return await chaosWorld(...of)
  } catch (error) {
    of[1](`A bed could not be made, and is tried again: ${String(error)}`)
    return await chaosWorld(...of)
  }
}

const missedOf = (harms: Harm[], lines: Line[]): Harm[] =>
  harms.filter(({ seed }) =>
    lines.some((line) => line.seed === seed && !isFailure(line) && !line.hit),
  )
