/** Slots on the agent's interface: `GET /slots`, `PUT /slots/NAME { volume }`, `DELETE /slots/NAME`. */
import { z } from 'zod'
import { type Backend, isVolumeName } from './backend.ts'
import { servedSlots } from './nfs-slots.ts'
import { sharedSlots } from './shared-slots.ts'
import { isSlotName, type Slots, type SlotSet, slotsIn } from './slots.ts'

export type SlotAnswer = { status: number; body: unknown }

const wish = z.strictObject({ volume: z.string().refine(isVolumeName).nullable() })

/** @param body what was sent, as JSON */
export async function onSlots(
  slots: Slots,
  { method, name, body }: { method: string | undefined; name: string; body: unknown },
): Promise<SlotAnswer> {
  if (method === 'GET' && name === '') return { status: 200, body: { slots: await slots.list() } }
  if (!isSlotName(name)) return { status: 404, body: { error: 'That is no slot.' } }
  if (method === 'DELETE') return answerTo(await slots.remove(name))
  const asked = wish.safeParse(body)
  if (method !== 'PUT' || !asked.success) return { status: 400, body: { error: 'PUT { volume }' } }
  return answerTo(await slots.set(name, asked.data.volume))
}

const answerTo = (done: SlotSet): SlotAnswer =>
  done.ok ? { status: 200, body: {} } : { status: 409, body: { code: done.code } }

/** By what this agent has to do for its backend. */
export function slotsOf(
  backend: Backend,
  root: string,
): { slots: Slots; followSlots?: () => Promise<void> } {
  const homeOf = async (volume: string) => (await backend.place(volume))?.home
  if (backend.kind === 'nfs') {
    const slots = servedSlots(root, homeOf)
    return { slots, followSlots: () => slots.follow() }
  }
  const { board } = backend
  const own = slotsIn(root, homeOf)
  if (!board) return { slots: own }
  const keepOnly = async (shown: Set<string>) => backend.keepOnly?.(shown)
  const slots = sharedSlots({ root, own, board, keepOnly })
  return { slots, followSlots: () => slots.follow() }
}
