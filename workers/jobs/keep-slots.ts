/**
 * Brings each student's own volume into the seats they have, and takes it out when a seat stops. Level-triggered: what the record
 * wants and what the storage agent has mounted are compared each time, and only the difference is asked for.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  forgetSlots,
  limitPersonalVolumes,
  recordSlot,
  type SlotWish,
  slotWishes,
} from '../../api/data/volumes/personal-volume.ts'
import { openLack } from '../../api/data/seats/slot-lack.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import type { AgentSlot, StorageAgent } from '../../api/storage/storage-agent.ts'
import { lackWatch } from './watch-slots.ts'

type Means = {
  pool: Pool
  agent: StorageAgent
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** A machine that cannot do it at all is not waited for like this. */
const SOON = 40

export type SlotStep = { slot: string; show: string | null | 'remove' }

/** Answers whether machines are still about to do what they were told: it is as well to look again soon. */
export type SlotKeeper = { keep(): Promise<boolean> }

export function slotKeeper(means: Means): SlotKeeper {
  /** Nothing is wanted, and nothing was there when it was looked at last. */
  let isIdle = false
  let isSilent = false
  let spreads = 0
  const lack = lackWatch(means)
  return {
    async keep() {
      const wishes = await slotWishes(means.pool)
      const lacking = await openLack(means.pool)
      if (wishes.length === 0 && isIdle && !lacking) return false
      // Who runs is left as it is, and who stopped: nobody could reach files meanwhile.
      if ((await openOutages(means.pool)).length > 0) return false
      const answer = await means.agent.slots().then(
        (slots) => ({ slots }),
        (error: unknown) => {
          // Said once for each time it goes away, not at each look.
          if (!isSilent) means.log.warn({ err: error }, 'the storage agent does not answer')
          isSilent = true
        },
      )
      if (!answer) return false
      isSilent = false
      const there = answer.slots
      await lack.saw(there !== undefined, lacking)
      if (!there) return false
      await withTransaction(means.pool, (tx) => limitPersonalVolumes(tx))
      let isSpreading = there.some((slot) => !slot.isEverywhere)
      for (const step of slotSteps(wishes, there))
        if ((await take(means, step, wishes)) === 'spreading') isSpreading = true
      await writeDown(means, wishes, there)
      isIdle = wishes.length === 0 && there.length === 0
      spreads = isSpreading ? spreads + 1 : 0
      return isSpreading && spreads < SOON
    },
  }
}

/** What is taken out comes before what is put in. Pure. */
export function slotSteps(wishes: SlotWish[], there: AgentSlot[]): SlotStep[] {
  const wanted = new Set(wishes.map((wish) => wish.slot))
  const now = new Map(there.map(({ name, volume }) => [name, volume]))
  const gone = there.filter(({ name }) => !wanted.has(name))
  const others = wishes.filter(({ slot, volume }) => now.get(slot) !== (volume?.name ?? null))
  return [
    ...gone.map(({ name }): SlotStep => ({ slot: name, show: 'remove' })),
    ...others.map(({ slot, volume }): SlotStep => ({ slot, show: volume?.name ?? null })),
  ].toSorted((a, b) => Number(isPutIn(a)) - Number(isPutIn(b)))
}

const isPutIn = ({ show }: SlotStep): boolean => show !== null && show !== 'remove'

async function take(
  { pool, agent, log }: Means,
  step: SlotStep,
  wishes: SlotWish[],
): Promise<'spreading' | undefined> {
  const { slot, show } = step
  const refused = await agent.setSlot(slot, show).catch(failedAlone)
  const isSpreading = refused === 'spreading'
  if (refused && !isSpreading)
    return void log.warn({ slot, refused }, 'a slot is not as wanted; it is tried again')
  const wish = wishes.find((one) => one.slot === slot)
  const said = wish && toRecord(wish, { volume: show === 'remove' ? null : show, isSpreading })
  if (said) await withTransaction(pool, (tx) => recordSlot(tx, said))
  return isSpreading ? 'spreading' : undefined
}

/** What the agent could not do for one seat keeps no other waiting; an agent that does not answer would not for them either. */
function failedAlone(error: unknown): string {
  if (!(error instanceof Error) || 'code' in error) throw error
  return error.message
}

/**
 * Undefined when the record says it already. A machine that has no such slot yet refuses its seat, which Swarm starts again: nobody
 * waits for that. What a slot shows is said when every machine does. Pure.
 */
export function toRecord(
  { seatId, isMade, shownId, volume: wanted }: SlotWish,
  { volume, isSpreading }: { volume: string | null; isSpreading: boolean },
): { seatId: string; volumeId: string | null } | undefined {
  const isAsWanted = !isSpreading && volume === (wanted?.name ?? null)
  const volumeId = isAsWanted ? (wanted?.id ?? null) : shownId
  return isMade && shownId === volumeId ? undefined : { seatId, volumeId }
}

/** What was done and not written down, since somebody ended between, or it took other machines a moment. */
async function writeDown({ pool }: Means, wishes: SlotWish[], there: AgentSlot[]): Promise<void> {
  const now = new Map(there.map((sight) => [sight.name, sight]))
  await withTransaction(pool, async (tx) => {
    for (const wish of wishes) {
      const sight = now.get(wish.slot)
      const said = sight && toRecord(wish, { ...sight, isSpreading: !sight.isEverywhere })
      // What was done in this pass is newer than this look.
      if (said && sight.volume === (wish.volume?.name ?? null)) await recordSlot(tx, said)
    }
    await forgetSlots(
      tx,
      wishes.map((wish) => wish.seatId),
    )
  })
}
