/**
 * Shares of a cloud's Manila (OpenStack's Shared File Systems API v2) that hold seats' volumes: what there is of an installation,
 * told by name and metadata, what lets somebody in, and what takes one away.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { VolumesContent } from '../../stacks/content.ts'
import type { Found } from '../terraform/survey.ts'
import { type Cloud, CloudError } from './client.ts'

/** Rules with their keys are there since 2.45 (Pike). */
const MICROVERSION = '2.45'
/** As many as the API lists at once, unless it was told otherwise. */
const PAGE = 500
const STEP_MS = 500
const GONE_LIMIT_MS = 60_000

const share = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  status: z.string(),
  /** GiB. */
  size: z.number(),
  created_at: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).default({}),
})
export type Share = z.infer<typeof share>

const rule = z.looseObject({
  id: z.string(),
  access_to: z.string(),
  access_type: z.string(),
  state: z.string(),
  access_key: z.string().nullish(),
})
export type AccessRule = z.infer<typeof rule>

export type Shares = {
  /** Of this installation; of two of one name the one that was asked for last comes first. */
  list(): Promise<Share[]>
  find(name: string): Promise<Share | undefined>
  create(wish: {
    name: string
    sizeGib: number
    shareType: string | undefined
    labels: Record<string, string>
  }): Promise<void>
  /** Where it is mounted from, e.g. `10.0.0.2:6789,10.0.0.3:6789:/volumes/_nogroup/…`; undefined before it was made. */
  location(id: string): Promise<string | undefined>
  rules(id: string): Promise<AccessRule[]>
  /** Twice does no harm: agents of several machines ask at once. */
  allow(id: string, user: string): Promise<void>
  deny(id: string, rule: string): Promise<void>
  resize(from: Share, toGib: number): Promise<void>
  /** GiB that the project may still ask for; undefined where nothing holds it to any. */
  gibLeft(): Promise<number | undefined>
  /** Answers once it is gone. @throws LeftBehind when Manila does not bring that about */
  remove(id: string): Promise<void>
}

/** Manila tried to remove it and gave up: nobody but its operator can have that done once more. */
class LeftBehind extends Error {}

export function sharesOf(
  cloud: Cloud,
  { region, installation }: { region: string; installation: string },
): Shares {
  const call = (method: string, path: string, more: { body?: object; query?: Query } = {}) =>
    cloud.call('shared-file-system', method, path, {
      ...{ region, microversion: MICROVERSION, ...more },
    })
  const act = async (id: string, body: object) =>
    void (await call('POST', `/shares/${id}/action`, { body }))
  const listBy = (query: Query) => listAll(call, { ...query, ...labelled(installation) })
  const location = async (id: string) => {
    const { export_locations } = z
      .looseObject({ export_locations: z.array(z.looseObject({ path: z.string() })) })
      .parse(await call('GET', `/shares/${id}/export_locations`))
    return export_locations[0]?.path
  }
  return {
    list: () => listBy({}),
    async find(name) {
      const there = (await listBy({ name })).filter(({ status }) => status !== 'deleting')
      // The oldest: one of its name that came later was asked for by a run that had died.
      for (const one of there.toReversed()) if (!(await isRemnant({ location }, one))) return one
      return undefined
    },
    async create({ name, sizeGib: size, shareType, labels: metadata }) {
      const wish = { share_proto: 'CEPHFS', size, name, metadata }
      await call('POST', '/shares', {
        body: { share: { ...wish, ...(shareType !== undefined && { share_type: shareType }) } },
      })
    },
    location,
    async rules(id) {
      const answer = await call('GET', '/share-access-rules', { query: { share_id: id } })
      return z.looseObject({ access_list: z.array(rule) }).parse(answer).access_list
    },
    async allow(id, user) {
      const wish = { access_level: 'rw', access_type: 'cephx', access_to: user }
      await act(id, { allow_access: wish }).catch((error: unknown) => {
        if (!isAllowed(error)) throw error
      })
    },
    deny: (id, access_id) => act(id, { deny_access: { access_id } }),
    resize: ({ id, size }, new_size) =>
      act(id, new_size > size ? { extend: { new_size } } : { shrink: { new_size } }),
    async gibLeft() {
      const { absolute } = limits.parse(await call('GET', '/limits')).limits
      const { maxTotalShareGigabytes: most, totalShareGigabytesUsed: used } = absolute
      return most < 0 ? undefined : Math.max(0, most - used)
    },
    async remove(id) {
      await unlessGone(call('DELETE', `/shares/${id}`))
      await untilGone(() => call('GET', `/shares/${id}`))
    },
  }
}

/**
 * Manila could neither make it nor take it away, such as while its Ceph did not answer: it has no place and nothing in it, and stays
 * until an operator removes it.
 */
const isRemnant = async ({ location }: Pick<Shares, 'location'>, { id, status }: Share) =>
  status === 'error_deleting' && (await location(id)) === undefined

const limits = z.looseObject({
  limits: z.looseObject({
    absolute: z.looseObject({
      maxTotalShareGigabytes: z.number(),
      totalShareGigabytesUsed: z.number(),
    }),
  }),
})

type Query = Record<string, string>

/** As the API takes it: a dictionary of Python's. */
const labelled = (installation: string): Query => ({
  metadata: `{'labplan.installation': '${installation}'}`,
})

async function listAll(
  call: (method: string, path: string, more: { query: Query }) => Promise<unknown>,
  query: Query,
): Promise<Share[]> {
  const all: Share[] = []
  for (;;) {
    const page = { limit: String(PAGE), offset: String(all.length) }
    const order = { sort_key: 'created_at', sort_dir: 'desc' }
    const answer = await call('GET', '/shares/detail', { query: { ...query, ...order, ...page } })
    const { shares } = z.looseObject({ shares: z.array(share) }).parse(answer)
    all.push(...shares)
    if (shares.length < PAGE) return all
  }
}

/** "Share access cephx:… exists." */
const isAllowed = (error: unknown): boolean =>
  error instanceof CloudError && error.status === 400 && /access \S+ exists/.test(error.message)

async function unlessGone(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof CloudError && error.status === 404) return undefined
    throw error
  }
}

const oneShare = z.looseObject({ share })

async function untilGone(look: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + GONE_LIMIT_MS
  for (;;) {
    const there = await unlessGone(look())
    if (there === undefined) return
    if (oneShare.parse(there).share.status === 'error_deleting')
      throw new LeftBehind('Manila could not remove a share: its operator has to.')
    if (Date.now() > end) throw new Error('A share that was removed is still there after a minute.')
    await sleep(STEP_MS)
  }
}

/** What a stack of volumes has in a cloud. */
export const shareName = (name: string): string => `share ${name}`

/** Those of the stack, as its survey has them: one that cannot be used is none. */
export async function listStackShares(cloud: Cloud, content: VolumesContent): Promise<Found[]> {
  const { shares: kind, installation } = content
  if (!kind) return []
  const shares = sharesOf(cloud, { ...kind, installation })
  const found: Found[] = []
  for (const one of await shares.list()) {
    const { id, name, status, metadata: labels } = one
    if (labels['labplan.stack'] !== content.key || status === 'deleting') continue
    if (await isRemnant(shares, one)) continue
    found.push({ id, name: shareName(name ?? ''), labels, replicas: 0 })
  }
  return found
}

/** Of a stack: names of those that were taken away, ids of those that Manila keeps. */
export type Stillborn = { removed: string[]; remnants: string[] }

/**
 * Takes away what never was one: Manila could not make it, so it has no place and nothing in it, and Terraform would want to
 * replace it, which it may not.
 */
export async function removeStillborn(cloud: Cloud, content: VolumesContent): Promise<Stillborn> {
  const stillborn: Stillborn = { removed: [], remnants: [] }
  const { shares: kind, installation, key } = content
  if (!kind) return stillborn
  const shares = sharesOf(cloud, { ...kind, installation })
  for (const one of await shares.list()) {
    const { id, name, metadata } = one
    if (metadata['labplan.stack'] !== key) continue
    if (await isRemnant(shares, one)) stillborn.remnants.push(id)
    if (!(await isStillborn(shares, one))) continue
    if (await removeOrLeave(shares, id)) stillborn.removed.push(name ?? id)
    else stillborn.remnants.push(id)
  }
  return stillborn
}

/** Manila could not make it: it has no place and nothing in it. */
export const isStillborn = async (
  { location }: Pick<Shares, 'location'>,
  { id, status }: Pick<Share, 'id' | 'status'>,
): Promise<boolean> => status === 'error' && (await location(id)) === undefined

/** False when Manila keeps what is left of it, for its operator. */
export async function removeOrLeave(
  { remove }: Pick<Shares, 'remove'>,
  id: string,
): Promise<boolean> {
  try {
    await remove(id)
    return true
  } catch (error) {
    if (!(error instanceof LeftBehind)) throw error
    return false
  }
}
