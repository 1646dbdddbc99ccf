/** Volumes that an engine keeps itself: taken away when somebody is erased, and looked at whether they are gone. */
import { z } from 'zod'
import type { Gone } from '../../api/data/volumes/purge.ts'
import type { Engine } from './engine.ts'
import { listNodes } from './node.ts'

const containers = z.array(z.object({ Id: z.string(), State: z.string() }))
const volume = z.object({ Labels: z.record(z.string(), z.string()).nullable() })
const usage = z.object({
  Volumes: z
    .array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() }))
    .nullable(),
})

/**
 * Undefined while something runs with it. Throws where the Swarm has other machines: one of them may have a volume of the same
 * name, and nobody could say that it is gone.
 */
export async function removeEngineVolume(
  engine: Engine,
  of: { name: string; installation: string },
): Promise<Gone | undefined> {
  const path = `/volumes/${of.name}`
  const found = await engine.ask('GET', path)
  if ((await listNodes(engine)).length > 1)
    throw new Error(
      `${of.name} may be on several machines: remove it on each with "docker volume rm", in a pool with storage this is done by itself.`,
    )
  if (found.status === 404) return { before: null, after: NOTHING }
  if (volume.parse(found.body).Labels?.['labplan.installation'] !== of.installation)
    throw new Error(`${of.name} is not labelled as a volume of ours.`)
  const query = { all: 1, filters: { volume: [of.name] } }
  const users = containers.parse(await engine.call('GET', '/containers/json', { query }))
  if (users.some(({ State }) => State === 'running' || State === 'paused')) return undefined
  const { Volumes } = usage.parse(await engine.call('GET', '/system/df'))
  const bytes = Volumes?.find(({ Name }) => Name === of.name)?.UsageData?.Size ?? 0
  // What Swarm keeps of tasks that ended holds the volume.
  for (const { Id } of users) await engine.ask('DELETE', `/containers/${Id}`)
  await engine.call('DELETE', path)
  if ((await engine.ask('GET', path)).status !== 404) return undefined
  return { before: { bytes, diskBytes: bytes }, after: NOTHING }
}

const NOTHING = { file: false, mounted: false, listed: false } as const
