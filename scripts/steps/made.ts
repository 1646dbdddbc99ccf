/**
 * What scripts/up made on this machine outside LABPLAN_HOME, remembered in LABPLAN_HOME/made.json: --wipe takes away that, and
 * leaves what was there before.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeJson } from './settings.ts'

const made = z.object({ engine: z.boolean().default(false), swarm: z.boolean().default(false) })
export type Made = z.infer<typeof made>

const file = (home: string): string => join(home, 'made.json')

export function readMade(home: string): Made {
  return made.parse(readJson(file(home)) ?? {})
}

export function rememberMade(home: string, what: Partial<Made>): void {
  writeJson(file(home), { ...readMade(home), ...what })
}
