/** Volumes: which have no limit, whether the storage agent keeps the others, and whether the disk can. */
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import type { Pool } from '../../api/data/db.ts'
import { type ScratchTrouble, troubledHomes } from '../../api/data/seats/scratch-home.ts'
import { purgesNotThere } from '../../api/data/volumes/purge.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import { keptVolumes } from '../../api/data/volumes/volume.ts'
import { VERSION } from '../../api/config.ts'
import { type StorageAgent, storageAgent } from '../../api/storage/storage-agent.ts'
import { isPersonalName } from '../../stacks/parts/names.ts'
import type { Settings } from '../steps/settings.ts'
import { socketOf, whyNoCeph, whyNoLimits } from '../steps/storage.ts'
import { type Look, bad, doubtful, good, listed, reason } from './look.ts'

const MIB = 1024 * 1024
const GUIDE = 'docs/storage.md'
const SETUP = 'docs/storage-backends.md'
const TROUBLE = 'docs/storage-away.md'

const WHY: Record<ScratchTrouble, string> = {
  'node-away': 'its node does not answer',
  'no-room': 'no room on its disk',
  cannot: 'the copy failed',
}

export async function volumesLook(settings: Settings, pool: Pool): Promise<Look> {
  const [away] = await openOutages(pool)
  if (away)
    return bad(
      `their storage (${away.backend}) has not answered since ${stamp(away.since_at)}: ${away.reason}; what runs waits for it, nothing is started or stopped`,
      `Bring it back; all goes on by itself then: ${TROUBLE}.`,
    )
  const kept = await keptVolumes(pool)
  const wrong = kept.filter((volume) => volume.state === 'missing' || volume.state === 'damaged')
  const ofSeats = wrong.filter(({ name }) => !isPersonalName(name))
  if (wrong.length > 0 && ofSeats.length === 0)
    return bad(
      `${wrong.length === 1 ? 'one student’s own volume is' : `${wrong.length} students’ own volumes are`} missing or damaged: ${listed(wrong.map((volume) => volume.name))}; seats start without`,
      `Mount the disk it was on; one that is lost: labplan volume import --recreate NAME FILE, ${GUIDE}.`,
    )
  if (wrong.length > 0)
    return bad(
      `${listed(wrong.map((volume) => `${volume.name} is ${volume.state}`))}; its seat does not start`,
      `Mount the disk it was on; one that is lost: labplan volume import --recreate NAME FILE, ${GUIDE}. The log of the agent has more (.labplan/log/storage.log).`,
    )
  const unproved = await purgesNotThere(pool)
  if (unproved.length > 0)
    return bad(
      `${listed(unproved)} ${unproved.length === 1 ? 'is' : 'are'} to be deleted, and what kept ${unproved.length === 1 ? 'it' : 'them'} is not there: nothing counts as deleted`,
      `Mount the disk it was on; the purge goes on by itself: ${TROUBLE}.`,
    )
  const homes = await troubledHomes(pool)
  if (homes.length > 0)
    return doubtful(
      `files of scratch homes are not in their volumes yet: ${listed(homes.map(({ course, number, trouble }) => `${course} seat ${number} (${WHY[trouble]})`))}`,
      `They stay where they are, and it is tried again each time that the seat has stopped: ${TROUBLE}. The log of the worker has more.`,
    )
  const unlimited = await poolsWithoutLimit(pool)
  if (kept.length === 0 && unlimited.length === 0) return good('no course has any')
  const agent = kept.length > 0 ? await agentLook(settings, pool, kept) : undefined
  if (agent && agent.state !== 'good') return agent
  if (unlimited.length === 0) return agent ?? good('all have a limit')
  const why = whyNoLimits(settings)
  return doubtful(
    `those of ${unlimited.length === 1 ? 'pool' : 'pools'} ${listed(unlimited)} have no limit: one student can fill the disk`,
    why === undefined
      ? `Give the pool “storage: { backend: local }”: ${GUIDE}.`
      : `Not on this machine (${why}); what there is besides: ${GUIDE}.`,
  )
}

/** Pools whose courses give their students files, and that hold them to no limit. */
async function poolsWithoutLimit(pool: Pool): Promise<string[]> {
  const head = await currentBlueprint(pool)
  if (!head) return []
  const { courses, pools } = head.blueprint
  return pools
    .filter(
      ({ key, storage }) => !storage && courses.some((one) => one.pool === key && one.volumes),
    )
    .map(({ key }) => key)
}

async function agentLook(
  settings: Settings,
  pool: Pool,
  kept: { backend: string; limit_mb: number; used_bytes: number | null }[],
): Promise<Look> {
  try {
    const agent = storageAgent({ socket: socketOf(settings) })
    const { trouble, version } = await agent.look()
    if (trouble !== null)
      return bad(
        `nobody can read or write them (${trouble}): what runs waits`,
        `Bring their storage back; all goes on by itself then: ${TROUBLE}.`,
      )
    const { freeBytes, backend } = await agent.list()
    const older = await olderAgent(agent, version, pool)
    if (older?.state === 'bad') return older
    if (kept.some((volume) => volume.backend !== backend))
      return bad(
        `some are to be kept with another backend than the agent’s, ${backend}: their seats do not start`,
        `Start the agent with the one that their pool names (LABPLAN_STORAGE_BACKEND): ${SETUP}.`,
      )
    const promised = kept.reduce(
      (sum, volume) => sum + Math.max(0, volume.limit_mb * MIB - (volume.used_bytes ?? 0)),
      0,
    )
    if (promised <= freeBytes) return older ?? good(`${kept.length} with a limit, all there`)
    return doubtful(
      `${gb(promised)} GB are promised and not used yet, and the disk has ${gb(freeBytes)} GB free`,
      'Make room there, or lower limits: a full disk is full for everybody.',
    )
  } catch (error) {
    const lacking = whyNoCeph(settings)
    if (lacking !== undefined)
      return bad(
        `no storage agent runs, since ${lacking}: seats that stopped do not start`,
        `Install it, then scripts/up: ${SETUP}.`,
      )
    return bad(
      `the storage agent does not answer (${reason(error)}): seats that stopped do not start`,
      'Start it: scripts/up. If it starts and ends, its log says why (.labplan/log/storage.log).',
    )
  }
}

/** It is on another machine, perhaps, that was not upgraded with this one. */
async function olderAgent(
  agent: StorageAgent,
  version: string | undefined,
  pool: Pool,
): Promise<Look | undefined> {
  const blueprint = (await currentBlueprint(pool))?.blueprint
  const felt = blueprint?.courses.filter((course) => course.personal) ?? []
  const keepers = felt.map((course) => blueprint?.pools.find((one) => one.key === course.pool))
  const servers = keepers.flatMap((one) =>
    one?.storage && 'server' in one.storage ? [one.storage.server] : [],
  )
  const of = servers.length > 0 ? ` of ${listed([...new Set(servers)])}` : ''
  const todo = `Start it again${of && ' there'} with the version of this checkout (${VERSION}): ${SETUP}.`
  if (felt.length > 0 && (await agent.slots()) === undefined)
    return bad(
      `the storage agent${of} is of an earlier version, which brings no personal folders into seats: they start without`,
      todo,
    )
  if (version === VERSION) return undefined
  return doubtful(
    `the storage agent is of another version (${version ?? 'an earlier one, which tells none'}) than what else runs here`,
    todo,
  )
}

const stamp = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
const gb = (bytes: number): string => (bytes / 1e9).toFixed(1)
