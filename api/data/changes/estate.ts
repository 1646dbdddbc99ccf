/**
 * The estate as it should be: what is approved, and each change that waits, as files. Where they are kept (a Git
 * repository) is the worker's; what of them was kept is a row here.
 */
import { documentsNow } from './change-rebase.ts'
import { exportEstate } from '../../../stacks/rules/estate.ts'
import type { Compiled } from '../../../stacks/compile.ts'
import { type Blueprint, parseBlueprint } from '../../../stacks/blueprint.ts'
import { type StoredDocument, documentsInForce } from '../courses/course.ts'
import { knownOfCourses } from '../courses/course-known.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { type Proposed, compileDocuments, merged, valuesOf } from '../courses/documents.ts'

export type EstateState = 'current' | 'held'
export type Estate = {
  state: EstateState
  state_at: Date
  digest: string | null
  version: number | null
  commit: string | null
  message: string | null
}

export async function findEstate(db: Db): Promise<Estate | undefined> {
  return findOne<Estate>(
    db,
    sql`select state, state_at, digest, version, commit, message from estate`,
  )
}

/** Main stands for this blueprint, at this commit. */
export async function estateIsCurrent(
  db: Db,
  at: { digest: string; version: number; commit: string; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`insert into estate (state, state_at, digest, version, commit)
          values ('current', ${at.now}, ${at.digest}, ${at.version}, ${at.commit})
        on conflict (installation_id) do update set state = 'current', state_at = ${at.now}, digest = ${at.digest},
          version = ${at.version}, commit = ${at.commit}, message = null`,
  )
}

/** Nothing keeps it from being written any more. */
export async function estateIsWell(db: Db, now: Date): Promise<void> {
  await execute(
    db,
    sql`update estate set state = 'current', state_at = ${now}, message = null where state = 'held'`,
  )
}

/** It could not be written; tried again. What was kept before stays as it was said. */
export async function estateIsHeld(db: Db, held: { message: string; now: Date }): Promise<void> {
  await execute(
    db,
    sql`insert into estate (state, state_at, message) values ('held', ${held.now}, ${held.message})
        on conflict (installation_id) do update set state = 'held', message = ${held.message},
          state_at = case when estate.state = 'held' then estate.state_at else ${held.now} end`,
  )
}

export type ApprovedEstate = {
  digest: string
  version: number
  /** Who approved it: `automatic`, or the role of a person. */
  role: string
  /** What was changed last, as its change is called. */
  title: string
  files: Map<string, string>
}

type HeadRow = { digest: string; version: number; role: string | null; title: string | null }

/** Which approval holds, without compiling anything. */
export async function approvedVersion(db: Db): Promise<number | undefined> {
  return (await findOne<{ version: number }>(db, sql`select version from blueprint_head`))?.version
}

/** Undefined before the first approval. */
export async function approvedEstate(db: Db, now: Date): Promise<ApprovedEstate | undefined> {
  const head = await findOne<HeadRow>(
    db,
    sql`select blueprint_head.digest, blueprint_head.version, blueprint.approved_by_role as role,
          (select title from change where state = 'approved' and blueprint_digest = blueprint_head.digest
            order by state_at desc, id desc limit 1) as title
        from blueprint_head join blueprint on blueprint.digest = blueprint_head.digest`,
  )
  if (!head) return undefined
  const documents = merged(await documentsInForce(db), [])
  const compiled = compileDocuments(documents, await knownOfCourses(db), now)
  const { digest, version, role, title } = head
  const files = filesOf(documents, compiled, undefined)
  return { digest, version, role: role ?? 'automatic', title: title ?? 'The approved plan', files }
}

export type WaitingChange = { id: string; title: string; digest: string }

/** Changes that wait for a person, oldest first. */
export async function waitingChanges(db: Db): Promise<WaitingChange[]> {
  return many<WaitingChange>(
    db,
    sql`select id, title, blueprint_digest as digest from change where state = 'proposed' order by created_at, id`,
  )
}

/** A commit of the change's branch as we wrote it. */
export async function offerCommit(db: Db, offer: { id: string; commit: string }): Promise<void> {
  await execute(
    db,
    sql`update change set offered = array_append(offered, ${offer.commit})
        where id = ${offer.id} and not ${offer.commit} = any(offered)`,
  )
}

/** Whether we wrote this commit for the change: another with the same words in it is somebody else's. */
export async function wasOffered(db: Db, offer: { id: string; commit: string }): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 as offered from change where id = ${offer.id} and ${offer.commit} = any(offered)`,
  )
  return found !== undefined
}

/** The estate as it would be with the change, compared with what is approved. */
export async function proposedFiles(
  db: Db,
  change: { id: string; now: Date },
): Promise<Map<string, string> | undefined> {
  const row = await findOne<{ documents: StoredDocument[]; parent: Buffer | null }>(
    db,
    sql`select documents, (select bytes from blueprint join blueprint_head using (digest)) as parent
        from change where id = ${change.id} and state = 'proposed'`,
  )
  if (!row) return undefined
  const inForce = await documentsInForce(db)
  const documents = merged(inForce, await documentsNow(db, { ...row, id: change.id }, inForce))
  const compiled = compileDocuments(documents, await knownOfCourses(db), change.now)
  return filesOf(documents, compiled, row.parent ? parseBlueprint(row.parent) : undefined)
}

function filesOf(
  documents: Proposed[],
  compiled: Compiled,
  parent: Blueprint | undefined,
): Map<string, string> {
  const stored = documents.map(({ kind, key, text }) => ({ kind, key, text }))
  return exportEstate({ compiled, pools: valuesOf(documents, 'Pool'), parent }, stored)
}
