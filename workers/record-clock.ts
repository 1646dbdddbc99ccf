/**
 * PostgreSQL's clock, as this process knows it: the one that workers of several machines have in common. Leases are dated by it, so that
 * nobody who lives is taken for dead, and nobody who died for alive, because two machines keep time differently.
 */
import type { Pool } from '../api/data/db.ts'
import { serverFacts } from '../api/data/health.ts'
import { realPace } from './pace.ts'

export type RecordClock = {
  now(): Date
  /** Compares once more. What it knew it still knows where PostgreSQL does not answer. */
  look(): Promise<void>
}

/** More than clocks of one machine go apart between two looks. */
const JUMP_MS = 1000

/**
 * `elapsedMs` only ever grows, so that setting the machine's own clock does not matter. But it stands still while the machine sleeps,
 * which its own clock, `own`, does not: when the two went apart, PostgreSQL is asked at once.
 */
export async function recordClock(
  pool: Pool,
  own: () => Date,
  elapsedMs: () => number = realPace.elapsedMs,
): Promise<RecordClock> {
  const compare = async (): Promise<{ least: number; most: number }> => {
    const asked = elapsedMs()
    const { clock } = await serverFacts(pool)
    return { least: clock.getTime() - elapsedMs(), most: clock.getTime() - asked }
  }
  const apartMs = () => own().getTime() - elapsedMs()
  let apart = apartMs()
  const first = await compare()
  let aheadMs = (first.least + first.most) / 2
  const look = async () => {
    apart = apartMs()
    const { least, most } = await compare()
    // An answer that took long says little, and then changes little.
    aheadMs = Math.min(Math.max(aheadMs, least), most)
  }
  return {
    now() {
      // Whatever it says, or fails with, the next regular look finds, too.
      if (Math.abs(apartMs() - apart) > JUMP_MS) look().catch(() => {})
      return new Date(elapsedMs() + aheadMs)
    },
    look,
  }
}
