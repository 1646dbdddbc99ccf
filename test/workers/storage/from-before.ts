/** How a seat's volume in a Ceph was before: kept by the worker, and brought back from a student's page. */
import { readdirSync } from 'node:fs'
import { expect } from 'vitest'
import { execute, notify, sql } from '../../../api/data/db.ts'
import { textOf } from '../../api/page-text.ts'
import { type PracticeClass, until } from '../../practice-class.ts'
import { formsOf, type Visitor } from '../../visitor.ts'

async function snapshotsOf(practice: PracticeClass, volume: string): Promise<string[]> {
  const said = await practice.inst.labplan('volume', 'snapshots', volume, '--json')
  const { snapshots } = JSON.parse(said) as { snapshots: { id: string }[] }
  return snapshots.map(({ id }) => id)
}

/**
 * Has the worker take one now, as if this volume were older than the class. One of before the class changed its plan may be there.
 * Answers the instant's id.
 */
export async function snapshotNow(practice: PracticeClass, volume: string): Promise<string> {
  const before = await snapshotsOf(practice, volume)
  await execute(
    practice.inst.pool,
    sql`update volume set created_at = created_at - interval '1 day', snapshots_at = null where name = ${volume}`,
  )
  await notify(practice.inst.pool, 'storage')
  let taken: string | undefined
  await until(
    async () => {
      taken = (await snapshotsOf(practice, volume)).find((id) => !before.includes(id))
      return taken !== undefined
    },
    60_000,
    () => `a snapshot:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  return taken!
}

/** `essay` as it was, from the page of the student's files, while nothing runs. `root`: where their volume is mounted. */
export async function bringBack(
  visitor: Visitor,
  files: string,
  { asOf, root }: { asOf: string; root: string },
): Promise<void> {
  const now = await visitor.get(files)
  expect(textOf(now.text)).toMatch(/As it was before|Comme c’était avant/)
  const essays = () =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(^|\/)essay[^/]*$/.test(file),
    )
  const [essay = ''] = essays()
  const folder = essay.split('/').slice(0, -1).join('/')
  const asked = new URLSearchParams({ path: folder, asOf })
  const then = await visitor.get(`${files}?${asked}`)
  const back = formsOf(then).find(({ fields }) => fields['path'] === essay)
  if (!back) throw new Error(`Nothing brings ${essay} back:\n${textOf(then.text)}`)
  await visitor.post(back.action, back.fields)
  await expect.poll(() => essays().length, { timeout: 20_000 }).toBe(2)
}
