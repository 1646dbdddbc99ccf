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
} from '../../api/data/personal-volume.ts'
import type { AgentSlot, StorageAgent } from '../../api/storage-agent.ts'

type Means = { pool: Pool; agent: StorageAgent; log: Pick<Logger, 'info' | 'warn'> }

export type SlotStep = { slot: string; show: string | null | 'remove' }

export type SlotKeeper = { keep(): Promise<void> }

export function slotKeeper(means: Means): SlotKeeper {
  /** Nothing is wanted, and nothing was there when it was looked at last. */
  let isIdle = false
  let isSilent = false
  return {
    async keep() {
      const wishes = await slotWishes(means.pool)
      if (wishes.length === 0 && isIdle) return
      const there = await means.agent.slots().catch((error: unknown) => {
        // Said once for each time it goes away, not at each look.
        if (!isSilent) means.log.warn({ err: error }, 'the storage agent does not answer')
        isSilent = true
      })
      if (!there) return
      isSilent = false
      await withTransaction(means.pool, (tx) => limitPersonalVolumes(tx))
      for (const step of slotSteps(wishes, there)) await take(means, step, wishes)
      await writeDown(means, wishes, there)
      isIdle = wishes.length === 0 && there.length === 0
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
): Promise<void> {
  const { slot, show } = step
  const refused = await agent.setSlot(slot, show)
  if (refused) return void log.warn({ slot, refused }, 'a slot is not as wanted; it is tried again')
  const wish = wishes.find((one) => one.slot === slot)
  if (!wish) return
  const volumeId = wish.volume?.id ?? null
  await withTransaction(pool, (tx) => recordSlot(tx, { seatId: wish.seatId, volumeId }))
}

/** What was done and not written down, since somebody ended between. */
async function writeDown({ pool }: Means, wishes: SlotWish[], there: AgentSlot[]): Promise<void> {
  const now = new Map(there.map(({ name, volume }) => [name, volume]))
  await withTransaction(pool, async (tx) => {
    for (const { seatId, slot, volume, isMade, shownId } of wishes) {
      if (now.get(slot) !== (volume?.name ?? null)) continue
      if (isMade && shownId === (volume?.id ?? null)) continue
      await recordSlot(tx, { seatId, volumeId: volume?.id ?? null })
    }
    await forgetSlots(
      tx,
      wishes.map((wish) => wish.seatId),
    )
  })
}
