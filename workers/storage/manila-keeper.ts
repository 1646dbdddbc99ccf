/**
 * A cloud's Manila as who makes subvolumes, holds them to a size and gives keys to them (its native driver for CephFS): shares of
 * seats' volumes are Terraform's to make, all others this agent's. Rules of access and their keys are between Manila and agents
 * alone: docs.openstack.org/manila/latest/admin/cephfs_driver.html.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cloudAccess } from '../../api/data/pools/pool-credential.ts'
import { boardName, isPersonalName } from '../../stacks/parts/names.ts'
import { wholeGib } from '../../stacks/parts/seat-share.ts'
import { connectCloud } from '../cloud/client.ts'
import {
  type AccessRule,
  isStillborn,
  removeOrLeave,
  type Share,
  type Shares,
  sharesOf,
} from '../cloud/shares.ts'
import { type CephKeeper, troubleSaid, type Way } from './ceph-keeper.ts'
import { healthAsCommand } from './ceph-command.ts'
import { notedWay, type Place, placeOf, type Source } from './cephfs-volume.ts'

export type ManilaPlace = {
  root: string
  /** Of Ceph, where the machine has one; monitors are asked of Manila either way. */
  configFile: string
  /** Of Ceph, where Manila does not say it. */
  fileSystem: string
  installation: string
  shareType: string | undefined
}

const GIB = 2 ** 30
const GIB_IN_MB = 1024
const STEP_MS = 300
const STEPS_LIMIT_MS = 60_000
const FREE_MS = 60_000
/** Being made, or never made, or on its way out. */
const NOT_THERE = new Set(['creating', 'error', 'deleting', 'error_deleting'])

/** @param credentialFile JSON as `labplan pool credential` takes it from the environment, which nobody but its owner may read */
export function manilaSource(
  place: ManilaPlace & { credentialFile: string; region: string },
): Source {
  const { credentialFile: file, region, installation } = place
  if ((statSync(file).mode & 0o077) !== 0)
    throw new Error(`Others than its owner may read ${file}: chmod 600 it.`)
  const access = cloudAccess.parse(JSON.parse(readFileSync(file, 'utf8')))
  const cloud = connectCloud(access, () => new Date())
  const configFile = existsSync(place.configFile) ? place.configFile : '/dev/null'
  const shares = sharesOf(cloud, { region, installation })
  return { keeper: manila(shares, { ...place, configFile }), configFile }
}

function manila(shares: Shares, place: ManilaPlace): CephKeeper {
  const { installation, root, configFile } = place
  /** Not opened yet: asked for no more than once while each is made. */
  const made = new Map<string, Share>()
  return {
    kind: 'manila',
    board: boardName(installation),
    prepare: async () => {},
    names: async () =>
      (await shares.list()).flatMap(({ name, status }) =>
        name && !NOT_THERE.has(status) ? [name] : [],
      ),
    async find(name) {
      const share = await shares.find(name)
      return share && { usedBytes: 0, limitBytes: share.size * GIB }
    },
    async make(name, limitMb) {
      const share = await makeShare(shares, name, limitMb, place)
      if (share) made.set(name, share)
      return share !== undefined
    },
    async resize(name, limitMb) {
      await shares.resize(await mustFind(shares, name), wholeGib(limitMb) / GIB_IN_MB)
      await untilAvailable(shares, name)
    },
    wholeMb: wholeGib,
    async open(name) {
      const fresh = made.get(name)
      made.delete(name)
      const share = fresh ?? (await mustFind(shares, name))
      const [key, location] = await Promise.all([
        keyOf(shares, share, { user: name, isNew: fresh !== undefined }),
        shares.location(share.id),
      ])
      if (location === undefined) throw new Error(`Manila does not say where ${name} is.`)
      return { key, way: wayOf(location, share, place.fileSystem) }
    },
    async remove(name) {
      made.delete(name)
      const share = await shares.find(name)
      if (!share) return
      await endRules(shares, share)
      await shares.remove(share.id)
    },
    freeBytes: freeSpace(shares),
    trouble: () => troubleOf(root, configFile),
  }
}

/** None for a seat's that Terraform has not made: then there is nothing to be furnished. */
async function makeShare(
  shares: Shares,
  name: string,
  limitMb: number,
  { installation, shareType }: ManilaPlace,
): Promise<Share | undefined> {
  const found = await shares.find(name)
  if (found?.status === 'available') return found
  if (!found && isTerraforms(name)) return undefined
  // Of those that Terraform makes, its next run takes such a one away.
  const isUseless = found && !isTerraforms(name) && (await isStillborn(shares, found))
  if (isUseless) await removeOrLeave(shares, found.id)
  if (!found || isUseless) {
    const labels = { 'labplan.installation': installation }
    await shares.create({ name, sizeGib: wholeGib(limitMb) / GIB_IN_MB, shareType, labels })
  }
  return untilAvailable(shares, name)
}

const isTerraforms = (name: string): boolean => /-s\d+-g\d+$/.test(name) && !isPersonalName(name)

async function mustFind(shares: Shares, name: string): Promise<Share> {
  const share = await shares.find(name)
  if (!share) throw new Error(`Manila has no share ${name}.`)
  return share
}

function untilAvailable(shares: Shares, name: string): Promise<Share> {
  return until(`share ${name} to be available`, async () => {
    const share = await mustFind(shares, name)
    if (share.status.includes('error'))
      throw new Error(`Manila says of share ${name}: ${share.status}.`)
    return share.status === 'available' ? share : undefined
  })
}

/** What a step of Manila's comes to that was just asked for; it says of none when it is done. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + STEPS_LIMIT_MS
  for (;;) {
    await sleep(STEP_MS)
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`Waited a minute for ${what}.`)
  }
}

/**
 * Each volume has a user of its own in Ceph, who is called as it is.
 * @param isNew most likely nobody was let in yet
 */
async function keyOf(
  shares: Shares,
  { id }: Share,
  { user, isNew }: { user: string; isNew: boolean },
): Promise<string> {
  const own = async () => (await shares.rules(id)).find((one) => one.access_to === user)
  let isRenewed = false
  const keyIn = async (rule: AccessRule | undefined): Promise<string | undefined> => {
    if (rule?.state !== 'error')
      return rule?.state === 'active' ? (rule.access_key ?? undefined) : undefined
    if (isRenewed) throw new Error(`Manila could not let ${user} in.`)
    isRenewed = true
    // Its Ceph did not answer when it was asked, and Manila does not try again by itself.
    await shares.deny(id, rule.id)
    await until(`the rule of ${user} to end`, async () => !(await own()) || undefined)
    await shares.allow(id, user)
    return undefined
  }
  const before = isNew ? undefined : await own()
  const known = await keyIn(before)
  if (known !== undefined) return known
  if (!before) await shares.allow(id, user)
  return until(`the key of ${user}`, async () => keyIn(await own()))
}

async function endRules(shares: Shares, { id }: Share): Promise<void> {
  const rules = await shares.rules(id)
  const isEnding = ({ state }: AccessRule) => /deny/.test(state)
  for (const rule of rules.filter((one) => !isEnding(one))) await shares.deny(id, rule.id)
  await until('keys to end', async () => (await shares.rules(id)).length === 0 || undefined)
}

/** `10.0.0.2:6789,10.0.0.3:6789:/volumes/…`: addresses of the first protocol of Ceph's, and the path. */
function wayOf(location: string, { metadata }: Share, fileSystem: string): Way {
  const at = location.indexOf(':/')
  const said = /(?:^|,)fs=([^,]+)/.exec(metadata['__mount_options'] ?? '')?.[1]
  return {
    path: location.slice(at + 1),
    fileSystem: said ?? fileSystem,
    monitors: location
      .slice(0, at)
      .split(',')
      .map((address) => `v1:${address}`)
      .join(','),
  }
}

/**
 * What the project may still have of shares, and what it has: all of these are promised, and counted off already. A minute old at most
 * while Manila answers; what was known last while it does not.
 */
function freeSpace(shares: Shares): () => Promise<number> {
  let seen = { bytes: Number.MAX_SAFE_INTEGER, atMs: -Infinity }
  const look = async (): Promise<number> => {
    const [left, all] = await Promise.all([shares.gibLeft(), shares.list()])
    if (left === undefined) return Number.MAX_SAFE_INTEGER
    return (left + all.reduce((sum, { size }) => sum + size, 0)) * GIB
  }
  return async () => {
    if (performance.now() - seen.atMs < FREE_MS) return seen.bytes
    seen = { bytes: await look().catch(() => seen.bytes), atMs: performance.now() }
    return seen.bytes
  }
}

/** Others are asked, too, where one is told nothing: its share may have been taken away meanwhile, and its key with it. */
const ASKED = 3

/** Asked of Ceph as any volume of this machine: Manila may be away while files are there, and the other way round. */
async function troubleOf(root: string, configFile: string): Promise<string | undefined> {
  const notes = (await readdir(join(root, 'keys'))).filter((file) => file.endsWith('.json'))
  const [first, ...others] = notes.slice(0, ASKED).map((file) => file.slice(0, -'.json'.length))
  if (first === undefined) return undefined
  const ask = (name: string) => troubleAs(placeOf(root, name), configFile)
  const said = await ask(first)
  if (said === undefined) return undefined
  return (await Promise.all(others.map(ask))).includes(undefined) ? undefined : said
}

async function troubleAs(
  { name, keyring, note }: Place,
  configFile: string,
): Promise<string | undefined> {
  const monitors = (await notedWay({ note }))?.monitors
  return troubleSaid(healthAsCommand({ configFile }, { name, keyring, monitors }))
}
