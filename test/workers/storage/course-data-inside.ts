/** Data of a class's course: published as its teacher does, and read from within its seats. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { many, sql } from '../../../api/data/db.ts'
import { type PracticeClass, until } from '../../practice-class.ts'
import type { SeatsInside } from '../swarm/seats-inside.ts'

/** Fills a version with one file, `subject.txt`, and puts it in force; answers what the command said. */
export function publish({ inst }: PracticeClass, text: string): Promise<string> {
  const folder = join(inst.home, 'data')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'subject.txt'), text, { mode: 0o600 })
  return inst.labplan('volume', 'data', 'networks-101', folder, '--size-mb', '8')
}

export const versionsOf = ({ inst }: PracticeClass) =>
  many<{ version: number; name: string; state: string }>(
    inst.pool,
    sql`select version, name, state from course_data order by version`,
  )

/** Until this seat is ready with that version. */
export const comesWith = (
  { inst }: PracticeClass,
  { number, version, withinMs = 90_000 }: { number: number; version: number; withinMs?: number },
): Promise<void> =>
  until(
    async () => {
      const has = sql`select 1 from seat join seat_template on digest = template_digest
        where number = ${number} and state = 'ready' and (body -> 'data' ->> 'version')::int = ${version}`
      return (await many(inst.pool, has)).length > 0
    },
    withinMs,
    () => `seat ${number} with version ${version}:\n${inst.log('worker').slice(-3000)}`,
  )

/** What a seat reads of it, and that nobody in it writes there, root included. */
export function readData({ inSeat, asRoot }: SeatsInside, number: number): string {
  expect(inSeat(number, 'touch /data/mine 2>/dev/null || echo refused')).toBe('refused')
  const attempt = 'rm /data/* 2>&1; mount -o remount,rw /data 2>&1; touch /data/x 2>&1; true'
  expect(asRoot(number, attempt)).toContain('Read-only file system')
  expect(inSeat(number, 'ls -a /data')).toBe('.\n..\nsubject.txt')
  return inSeat(number, 'cat /data/subject.txt')
}
