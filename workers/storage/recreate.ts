/**
 * Volumes that were lost, made anew because an operator said so: empty, and missing for everybody until files came back into them, so
 * that no seat begins with an empty home meanwhile. That one is so far is on disk: whatever ends the agent, nobody sees it before.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Answer } from './answer.ts'
import type { Backend, Recreated, VolumePlace, VolumeSight } from './backend.ts'
import type { Imported } from './import.ts'

const wish = z.strictObject({ limitMb: z.int().min(1).max(1e9) })

export type Recreations = {
  /** As all others see it. */
  backend: Backend
  /** Made anew, and kept from everybody. Twice does no harm. */
  answer(name: string, body: unknown): Promise<Answer>
  /** Where files come back into, also of one that nobody else sees. */
  placeToFill(name: string): Promise<VolumePlace | undefined>
  /** Everybody's, once there are files in it. */
  filled(name: string, done: Imported): Promise<void>
}

export function recreationsIn(root: string, backend: Backend): Recreations {
  const folder = join(root, 'recreating')
  const mark = (name: string): string => join(folder, name)
  const marked = async (): Promise<Set<string>> => new Set(await readdir(folder).catch(() => []))
  const isMarked = async (name: string): Promise<boolean> => (await marked()).has(name)
  const unmark = (name: string): Promise<void> => rm(mark(name), { force: true })

  const recreate = async (name: string, limitMb: number): Promise<Recreated> => {
    const isBegun = await isMarked(name)
    // Not before it was looked at: one that is there after all would be nobody's, where its storage does not answer now.
    const begin = async (): Promise<void> => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(mark(name), '', { mode: 0o600, flush: true })
    }
    const done = await backend.recreate({ name, limitMb, isBegun, begin })
    if (!done.ok && !isBegun) await unmark(name)
    return done
  }
  return {
    backend: seenWithout(backend, marked, unmark),
    async answer(name, body) {
      const asked = wish.safeParse(body)
      if (!asked.success) return { status: 400, body: { error: z.prettifyError(asked.error) } }
      // All of it is lost, or its disk is not mounted: who runs it says which, by the mark (root-mark.ts).
      if (await backend.isUnused?.()) return { status: 409, body: { code: 'disk-away' } }
      const done = await recreate(name, asked.data.limitMb)
      return done.ok ? { status: 200, body: {} } : { status: 409, body: { code: done.code } }
    },
    placeToFill: (name) => backend.place(name),
    async filled(name, done) {
      // One with files in it is no lost one, whoever brought them.
      if (done.ok || done.code === 'not-empty' || done.code === 'was-cut') await unmark(name)
    },
  }
}

function seenWithout(
  backend: Backend,
  marked: () => Promise<Set<string>>,
  unmark: (name: string) => Promise<void>,
): Backend {
  return {
    ...backend,
    async list() {
      const hidden = await marked()
      return (await backend.list()).map((one) => (hidden.has(one.name) ? unseen(one.name) : one))
    },
    async ensure(asked) {
      if (!(await marked()).has(asked.name)) return backend.ensure(asked)
      return { ok: false, code: 'missing', volume: unseen(asked.name) }
    },
    place: async (name) => ((await marked()).has(name) ? undefined : backend.place(name)),
    async purge(name, how) {
      const purged = await backend.purge(name, how)
      if (purged.ok) await unmark(name)
      return purged
    },
  }
}

const unseen = (name: string): VolumeSight => ({
  ...{ name, state: 'missing', limitBytes: null, usedBytes: null },
})
