/**
 * Keeps the forge: for each change that waits a request to merge its branch, with its status; what became of it, said
 * under it; a status for what people pushed. Level-triggered, like the estate it follows: a forge that is away, or wants
 * to be left alone, is told at a later pass what holds by then. Merges are read where all are, in Git.
 */
import { readFileSync } from 'node:fs'
import type { Config } from '../../api/config.ts'
import type { Pool } from '../../api/data/db.ts'
import {
  type OfferedChange,
  commentWasSaid,
  endedRequests,
  findForge,
  findRequest,
  forgeIsHeld,
  forgeIsWell,
  offeredChanges,
  requestIs,
  requestIsRefused,
  sayUnderRequest,
  statusShouldBe,
  statusWasSaid,
  unsaidComments,
  unsaidStatuses,
} from '../../api/data/changes/forge.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { isUuid } from '../../api/data/ids.ts'
import { type Forge, type MergeRequest, listOf } from './forge.ts'
import { forgeAt } from './forge-at.ts'
import { type Call, ForgeAway, ForgeRefused, forgeCall } from './forge-call.ts'
import { endedText, requestWords, statusOf } from './forge-words.ts'

export type ForgeMeans = {
  pool: Pool
  ring: KeyRing
  config: NonNullable<Config['forge']> & { publicUrl: string }
  now: () => Date
}

export type ForgeKeeper = { keep(): Promise<void> }

const AT_ONCE = 50
const MOST_PAGES = 20
const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 15 * 60_000
const BRANCH = 'change/'

type Told = ForgeMeans & { forge: Forge; call: Call }

export function forgeKeeper(means: ForgeMeans): ForgeKeeper {
  const { pool, config, now } = means
  const forge = forgeAt(config.kind, config.address)
  return {
    async keep() {
      const known = await findForge(pool)
      if (known?.retry_at && known.retry_at > now()) return
      try {
        await pass({ ...means, forge, call: forgeCall(forge.api, tokenOf(config), now) })
        await forgeIsWell(pool, now())
      } catch (error) {
        if (!(error instanceof ForgeAway)) throw error
        const wait = error.retryAfterMs ?? waitAfter(known?.attempts ?? 0)
        const retryAt = new Date(now().getTime() + wait)
        await forgeIsHeld(pool, { message: error.message, retryAt, now: now() })
      }
    },
  }
}

/** So long after so many failures in a row. */
export const waitAfter = (attempts: number): number =>
  Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts, 10), LONGEST_WAIT_MS)

function tokenOf({ tokenFile }: ForgeMeans['config']): string {
  try {
    const token = readFileSync(tokenFile, 'utf8').trim()
    if (token !== '') return token
  } catch (cause) {
    throw new ForgeAway('LABPLAN_FORGE_TOKEN_FILE cannot be read.', undefined, { cause })
  }
  throw new ForgeAway('LABPLAN_FORGE_TOKEN_FILE is empty.')
}

async function pass(told: Told): Promise<void> {
  const open = await openRequests(told)
  const offered = await offeredChanges(told.pool)
  // What is said under a request is of the one that is there, before another takes its place.
  await sayComments(told)
  for (const change of offered) await orLater(told, change.id, () => offer(told, change, open))
  await end(told)
  await sayComments(told)
  await sayStatuses(told)
}

/** By change, those that are ours. */
async function openRequests({ forge, call }: Told): Promise<Map<string, MergeRequest>> {
  const found = new Map<string, MergeRequest>()
  for (let page = 1; page <= MOST_PAGES; page++) {
    const answers = listOf(await call(forge.listOpen(page)))
    for (const answer of answers) {
      const one = forge.read(answer)
      const id = one?.branch.startsWith(BRANCH) ? one.branch.slice(BRANCH.length) : ''
      if (one && isUuid(id)) found.set(id, one)
    }
    if (answers.length < forge.pageSize) break
  }
  return found
}

/** What the forge has against one change keeps it from none of the others. */
async function orLater(told: Told, changeId: string, act: () => Promise<void>): Promise<void> {
  const { pool, now } = told
  const before = await findRequest(pool, changeId)
  if (before?.retry_at && before.retry_at > now()) return
  try {
    await act()
  } catch (error) {
    if (!(error instanceof ForgeRefused)) throw error
    const retryAt = new Date(now().getTime() + waitAfter(before?.attempts ?? 0))
    await requestIsRefused(pool, { changeId, message: error.message, retryAt, now: now() })
  }
}

/** The change has its request, told of the branch as it is; the status of its commit is said with the others. */
async function offer(
  told: Told,
  change: OfferedChange,
  open: Map<string, MergeRequest>,
): Promise<void> {
  const { pool, now } = told
  await statusShouldBe(pool, await statusOf(told, change))
  const known = await findRequest(pool, change.id)
  const there = open.get(change.id)
  const keep = (is: MergeRequest, commit: string) =>
    requestIs(pool, { ...is, changeId: change.id, commit, now: now() })
  if (there) {
    const isSaid = known?.number === there.number && known.commit === change.commit
    if (!isSaid || known?.state !== 'open') {
      await told.call(told.forge.amend(there.number, await requestWords(told, change)))
      await keep(there, change.commit)
    }
    return
  }
  const last = known?.number ? await find(told, known.number) : undefined
  // Somebody closed it there: that decides nothing here, and they are not asked again for the same.
  if (last?.state === 'closed' && known?.commit === change.commit) return keep(last, change.commit)
  const words = await requestWords(told, change)
  const branch = `${BRANCH}${change.id}`
  const made = told.forge.read(await told.call(told.forge.open({ ...words, branch })))
  if (!made) throw new Error('The forge opened a request of another repository.')
  await keep(made, change.commit)
}

async function find({ forge, call }: Told, number: number): Promise<MergeRequest | undefined> {
  return forge.read(await call(forge.find(number)))
}

/** What was decided elsewhere, or merged there: said, and closed. */
async function end(told: Told): Promise<void> {
  const { pool, forge, call, now } = told
  for (const { id, number, ended } of await endedRequests(pool))
    await orLater(told, id, async () => {
      const there = await find(told, number)
      if (!there) return
      if (there.state === 'open') {
        await sayUnderRequest(pool, { changeId: id, text: endedText(told, id, ended), now: now() })
        await call(forge.close(number))
      } else if (there.state === 'closed') {
        // With its branch it closed by itself.
        await sayUnderRequest(pool, { changeId: id, text: endedText(told, id, ended), now: now() })
      }
      const state = there.state === 'merged' ? 'merged' : 'closed'
      await requestIs(pool, { ...there, changeId: id, state, now: now() })
    })
}

async function sayComments({ pool, forge, call, now }: Told): Promise<void> {
  for (const { id, number, text } of await unsaidComments(pool, AT_ONCE)) {
    try {
      await call(forge.comment(number, text))
    } catch (error) {
      // A request that is locked, or gone, takes none: the change's page says the same.
      if (!(error instanceof ForgeRefused)) throw error
    }
    await commentWasSaid(pool, id, now())
  }
}

async function sayStatuses({ pool, forge, call, now }: Told): Promise<void> {
  for (const status of await unsaidStatuses(pool, AT_ONCE)) {
    const { commit } = status
    try {
      await call(forge.setStatus(status))
      await statusWasSaid(pool, { commit, now: now() })
    } catch (error) {
      if (!(error instanceof ForgeRefused)) throw error
      const message = forge.isAlreadySo(error.status, error.answer)
        ? {}
        : { message: error.message }
      await statusWasSaid(pool, { commit, ...message, now: now() })
    }
  }
}
