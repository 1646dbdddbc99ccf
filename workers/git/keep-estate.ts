/**
 * Keeps the estate: main stands for what is approved, each change that waits has a branch, a merge of one
 * approves it, and what people push is read as a change. Level-triggered: what is missed, refused or lost on the
 * way is done at the next pass, from what is there then.
 */
import type { Actor } from '../../api/data/audit.ts'
import { approveChange } from '../../api/data/changes/approval.ts'
import { proposeChange } from '../../api/data/changes/change.ts'
import type { Pool } from '../../api/data/db.ts'
import {
  approvedEstate,
  approvedVersion,
  type Estate,
  estateIsCurrent,
  estateIsHeld,
  estateIsWell,
  findEstate,
  offerCommit,
  proposedFiles,
  waitingChanges,
  wasOffered,
} from '../../api/data/changes/estate.ts'
import { sayUnderRequest, statusShouldBe } from '../../api/data/changes/forge.ts'
import { knownPeople } from '../../api/data/people/known-people.ts'
import { isUuid } from '../../api/data/ids.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { AlteredRecord } from '../../api/data/changes/seal.ts'
import { GitFailure, type RefMove, type Repository } from './command.ts'
import { pushedStatus } from './forge-words.ts'
import { findLeaks, leakText, strangeKeys } from '../../stacks/rules/leaks.ts'
import { conflictText, mergeText, outcomeText, putBackText, strangeText } from './outcome-text.ts'
import {
  changedPaths,
  changeRef,
  type Commit,
  commitsBetween,
  hasNote,
  isAncestor,
  isChangeRef,
  keepCommit,
  MAIN,
  mergeBase,
  moveRefs,
  openRepository,
  readFile,
  readRefs,
  type Ref,
  writeCommit,
  writeNote,
} from './repository.ts'

export type EstateMeans = {
  pool: Pool
  ring: KeyRing
  repository: Repository
  /** Whether a forge is to be told, too (keep-forge.ts). */
  hasForge?: boolean
  now: () => Date
  /** Commits of people's that were read by this process. */
  read: Set<string>
}

/** Whoever may push to the estate; who that is, the repository decides. */
const reviewer = (by: string): Actor => ({ name: `git:${by}`, role: 'reviewer' })

export type EstateKeeper = { keep(): Promise<void> }

/** Why nothing can be written to Git: said, and tried again. */
class Held extends Error {}

export function estateKeeper(means: Omit<EstateMeans, 'read'>): EstateKeeper {
  const read = new Set<string>()
  return {
    async keep() {
      try {
        await pass({ ...means, read })
      } catch (error) {
        const isSaid = [GitFailure, Held, AlteredRecord].some((kind) => error instanceof kind)
        if (!isSaid || !(error instanceof Error)) throw error
        await estateIsHeld(means.pool, { message: error.message, now: means.now() })
      }
    },
  }
}

async function pass(means: EstateMeans): Promise<void> {
  const { pool, repository, now } = means
  await openRepository(repository)
  const refs = await readRefs(repository)
  const estate = await findEstate(pool)
  const main = refs.get(MAIN)
  if (main && main.id !== estate?.commit) await takeFromMain(means, estate, main)
  // What is approved comes first: what people push is compared with it.
  let tip = await settleMain(means, estate, main?.id)
  if (tip === undefined) return
  let wasApproved = false
  for (const ref of refs.values()) if (await takeFromBranch(means, ref, tip)) wasApproved = true
  if (wasApproved) tip = await settleMain(means, await findEstate(pool), tip)
  if (tip !== undefined) await offerChanges(means, refs, tip)
  await estateIsWell(pool, now())
}

/** Main stands for what is approved. Answers its commit; undefined before the first approval. */
async function settleMain(
  means: EstateMeans,
  estate: Estate | undefined,
  main: string | undefined,
): Promise<string | undefined> {
  const version = await approvedVersion(means.pool)
  if (version === undefined) return undefined
  if (main !== undefined && estate?.version === version && estate.commit === main) return main
  return publish(means, main)
}

/** Somebody moved main: merges of our branches approve, edits become changes, lost commits are kept. */
async function takeFromMain(means: EstateMeans, estate: Estate | undefined, main: Ref) {
  const { repository } = means
  const ours = estate?.commit ?? undefined
  const goesOn = ours === undefined || (await isAncestor(repository, ours, main.id))
  // A history that was rewritten is taken as it is; what it left out stays in reach.
  if (ours !== undefined && !goesOn) await keepCommit(repository, ours).catch(() => {})
  const commits = await commitsBetween(repository, goesOn ? ours : undefined, main.id)
  const merged = commits.filter((one) => one.trailers['Labplan-Change'] !== undefined)
  const said = []
  for (const commit of merged) said.push(await approveMerged(means, commit, main.by))
  if (merged.length > 0) await writeNote(repository, main.id, `${said.join('\n')}\n`)
  else if (ours !== undefined && goesOn && main.trailers['Labplan-Blueprint'] === undefined)
    await takeEdits(means, main, ours)
}

/** What is approved is the digest that the merged commit names, or nothing. Answers what became of it. */
async function approveMerged(
  means: EstateMeans,
  { id: commit, trailers }: Commit,
  by: string,
): Promise<string> {
  const { 'Labplan-Change': id = '', 'Labplan-Blueprint': digest = '' } = trailers
  const { pool, ring, now } = means
  if (isUuid(id) && !(await wasOffered(pool, { id, commit }))) {
    const text = strangeText(id)
    if (means.hasForge) await sayUnderRequest(pool, { changeId: id, text, now: now() })
    return text
  }
  const done = isUuid(id)
    ? await approveChange(pool, { id, digest, actor: reviewer(by), ring, now: now() })
    : ({ outcome: 'not-proposed' } as const)
  const text = mergeText(id, done)
  if (means.hasForge && isUuid(id) && done.outcome !== 'not-proposed')
    await sayUnderRequest(pool, { changeId: id, text, now: now() })
  return text
}

/** A branch of somebody's is read once for each commit it points at. Answers whether it was approved at once. */
async function takeFromBranch(means: EstateMeans, ref: Ref, main: string): Promise<boolean> {
  if (!ref.name.startsWith('refs/heads/') || ref.name === MAIN || isChangeRef(ref.name))
    return false
  return ref.trailers['Labplan-Blueprint'] === undefined && takeEdits(means, ref, main)
}

/**
 * Documents that the commit changed since it left main, proposed as one change; the answer is a note on it. What
 * was changed on both sides is nobody's to choose between but its author's.
 */
async function takeEdits(means: EstateMeans, pushed: Commit, main: string): Promise<boolean> {
  const { repository, read } = means
  const commit = pushed.id
  if (read.has(commit)) return false
  read.add(commit)
  if (await hasNote(repository, commit)) return false
  const answer = await proposeEdits(means, pushed, main)
  if (answer && means.hasForge) await statusShouldBe(means.pool, pushedStatus(commit, answer.note))
  if (answer) await writeNote(repository, commit, answer.note)
  return answer?.isApproved === true
}

type Answer = { note: string; isApproved: boolean }

async function proposeEdits(
  { pool, ring, repository, now }: EstateMeans,
  { id: commit, by }: Commit,
  main: string,
): Promise<Answer | undefined> {
  const refused = (note: string): Answer => ({ note, isApproved: false })
  const base = await mergeBase(repository, main, commit)
  if (base === undefined) return refused('Not taken: it does not come from main.\n')
  const theirs = await changedPaths(repository, base, commit)
  const ours = new Set(await changedPaths(repository, base, main))
  const both = theirs.filter((path) => ours.has(path))
  if (both.length > 0) return refused(conflictText(both))
  const sources = []
  for (const name of theirs) {
    const text = await readFile(repository, commit, name)
    if (text !== undefined) sources.push({ name, text })
  }
  if (sources.length === 0) {
    const other = await changedPaths(repository, base, commit, 'any')
    return other.length > 0 ? refused(putBackText(other)) : undefined
  }
  const actor = reviewer(by)
  const outcome = await proposeChange(pool, { sources, actor, ring, now: now() })
  const isApproved = outcome.outcome === 'changed' && outcome.change.state === 'approved'
  return { note: outcomeText(outcome), isApproved }
}

/** Main becomes what is approved, on top of whatever it is, and that is remembered. Answers its commit. */
async function publish(means: EstateMeans, parent: string | undefined): Promise<string> {
  const { pool, repository, now } = means
  const approved = await approvedEstate(pool, now())
  if (!approved) throw new Error('What is approved went away.')
  await refuseLeaks(means, approved.files)
  const commit = await writeCommit(repository, {
    ...{ parent, message: approved.title, files: approved.files, at: now() },
    trailers: {
      'Labplan-Blueprint': approved.digest,
      'Labplan-Version': String(approved.version),
      'Approved-by': approved.role,
    },
  })
  await moveRefs(repository, [{ ref: MAIN, from: parent, to: commit }])
  await estateIsCurrent(pool, { ...approved, commit, now: now() })
  return commit
}

/** A branch for each change that waits, made anew when main or what it compiles to moved; none for others. */
async function offerChanges(means: EstateMeans, refs: Map<string, Ref>, main: string) {
  const { pool, repository, now } = means
  const waiting = await waitingChanges(pool)
  const wanted = new Set(waiting.map((change) => changeRef(change.id)))
  const gone = [...refs.keys()].filter((ref) => isChangeRef(ref) && !wanted.has(ref))
  const moves: RefMove[] = gone.map((ref) => ({ ref, from: refs.get(ref)?.id, to: undefined }))
  for (const { id, title, digest } of waiting) {
    const ref = changeRef(id)
    const { trailers = {}, id: from } = refs.get(ref) ?? {}
    const isOurs = from !== undefined && (await wasOffered(pool, { id, commit: from }))
    const isCurrent = trailers['Labplan-Blueprint'] === digest && trailers['Labplan-Base'] === main
    if (isOurs && isCurrent) continue
    const files = await proposedFiles(pool, { id, now: now() })
    if (!files) continue
    await refuseLeaks(means, files)
    const said = { 'Labplan-Change': id, 'Labplan-Blueprint': digest, 'Labplan-Base': main }
    const made = { parent: main, message: title, trailers: said, files, at: now() }
    const to = await writeCommit(repository, made)
    await offerCommit(pool, { id, commit: to })
    moves.push({ ref, from, to })
  }
  await moveRefs(repository, moves)
}

async function refuseLeaks({ pool }: EstateMeans, files: Map<string, string>): Promise<void> {
  const leaks = [...strangeKeys(files), ...findLeaks(files, await knownPeople(pool))]
  if (leaks.length > 0) throw new Held(leakText(leaks))
}
