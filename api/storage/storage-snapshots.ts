/** What the storage agent says and does about snapshots of a volume, as api and workers see it. */
import { z } from 'zod'
import { LONG_MS, type Sent, SOON_MS, unexpected } from './storage-call.ts'

/** `id` is sent back to mean it; `at` is an instant. */
const snapshot = z.object({ id: z.string(), at: z.iso.datetime() })
const kept = z.object({ snapshots: z.array(snapshot).nullable() })
const nothing = { folder: z.null(), name: z.null() }
const restore = z.discriminatedUnion('state', [
  z.object({ state: z.literal('done'), folder: z.string(), name: z.string() }),
  z.object({ state: z.enum(['going', 'full', 'failed']), ...nothing }),
])
const looked = z.object({ ...kept.shape, restore: restore.nullable() })

export type AgentSnapshot = z.infer<typeof snapshot>
/** going: it takes longer than one waits; full: there was no room for it, and nothing of it is there. */
export type AgentRestore = z.infer<typeof restore>

export type SnapshotCalls = {
  /**
   * A volume's, oldest first, null where its backend has none, and what is being brought back or was a short while ago; undefined
   * when it is not ready.
   */
  snapshots(
    volume: string,
  ): Promise<{ snapshots: AgentSnapshot[] | null; restore: AgentRestore | null } | undefined>
  /** Takes one, unless nothing was changed, and lets go of all but the newest `keep`; undefined when it is not ready or has none. */
  keepSnapshots(
    volume: string,
    wish: { keep: number; take: Date | null },
  ): Promise<AgentSnapshot[] | undefined>
  /**
   * Brings back a file or folder, from a snapshot or from a volume that the same seat had before, without writing over any; `label`
   * becomes part of its name.
   */
  bringBack(
    volume: string,
    from: ({ snapshot: string } | { volume: string }) & { path: string; label: string },
  ): Promise<AgentRestore | 'busy' | 'not-there'>
}

type Call = (
  method: string,
  path: string,
  sent?: Sent,
) => Promise<{ status: number; body: unknown }>

/** `2026-11-26T14:30:00.123Z` → `20261126T143000Z` */
export const snapshotIdOf = (at: Date): string =>
  `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`

export function snapshotCalls(call: Call): SnapshotCalls {
  const at = (volume: string) => `/volumes/${volume}/snapshots`
  return {
    async snapshots(volume) {
      const { status, body } = await call('GET', at(volume), { limitMs: SOON_MS })
      if (status === 409) return undefined
      if (status !== 200) throw unexpected(status, body)
      return looked.parse(body)
    },
    async keepSnapshots(volume, { keep, take }) {
      const wish = { keep, take: take && snapshotIdOf(take) }
      const { status, body } = await call('PUT', at(volume), { body: wish, limitMs: LONG_MS })
      if (status === 409) return undefined
      if (status !== 200) throw unexpected(status, body)
      return kept.parse(body).snapshots ?? undefined
    },
    async bringBack(volume, from) {
      const { status, body } = await call('POST', at(volume), { body: from, limitMs: SOON_MS })
      if (status === 409) return 'busy'
      if (status === 404) return 'not-there'
      if (status !== 200) throw unexpected(status, body)
      return looked.pick({ restore: true }).parse(body).restore ?? 'not-there'
    },
  }
}
