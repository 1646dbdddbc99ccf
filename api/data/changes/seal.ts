/**
 * The seal of the head: who can write rows, but has not the key ring, cannot make a plan approved, nor change what the
 * next one is compiled from, nor who may approve it.
 */
import { canonicalJson, sha256 } from '../../../stacks/blueprint.ts'
import { type Approved, currentBlueprint } from './blueprint.ts'
import { documentsInForce } from '../courses/course.ts'
import { knownOfCourses } from '../courses/course-known.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import type { KeyRing } from '../key-ring.ts'

/** Something that was approved is not what the record says now: nothing is done with it. */
export class AlteredRecord extends Error {}

/** `reviewers` is absent in seals of before they were in it: `sealReviewers`, once. */
type Sealed = { digest: string; documents: string; reviewers?: string }
type Row = { digest: string; version: number; seal: Buffer | null; seal_key: string | null }

const contextOf = (version: number): string => `head/${version}`

/** With what reviews granted: that decides of lanes, too. */
const digestOfDocuments = async (db: Db): Promise<string> =>
  sha256(canonicalJson([await documentsInForce(db), (await knownOfCourses(db)).granted]))

/** Of the whole list: who takes somebody out of a team would let others approve alone. */
const digestOfReviewers = async (db: Db): Promise<string> =>
  sha256(
    canonicalJson(
      await many<{ person: string; team: string }>(
        db,
        sql`select person_id as person, team from reviewer order by person_id, team`,
      ),
    ),
  )

/** After the head and its documents have moved, or the teams, in the same transaction. */
export async function sealHead(tx: Db, ring: KeyRing): Promise<void> {
  const head = await findOne<Row>(
    tx,
    sql`select digest, version, seal, seal_key from blueprint_head`,
  )
  if (!head) return
  const text = canonicalJson({
    ...{ digest: head.digest, documents: await digestOfDocuments(tx) },
    reviewers: await digestOfReviewers(tx),
  })
  const { keyId, bytes } = ring.seal(text, contextOf(head.version))
  await execute(tx, sql`update blueprint_head set seal = ${bytes}, seal_key = ${keyId}`)
}

/**
 * The approved blueprint, and proof that it is the one. Throws AlteredRecord; undefined before the first approval.
 * @param read how it is read: one that remembers what it has parsed
 */
export async function approvedBlueprint(
  db: Db,
  ring: KeyRing,
  read: (db: Db, head?: string) => Promise<Approved | undefined> = currentBlueprint,
): Promise<Approved | undefined> {
  const head = await findOne<Row & { actual: string }>(
    db,
    sql`select head.digest, version, seal, seal_key, encode(sha256(bytes), 'hex') as actual
        from blueprint_head head join blueprint on blueprint.digest = head.digest`,
  )
  if (!head) return undefined
  if (openSeal(ring, head).digest !== head.digest) throw new AlteredRecord(OTHER_HEAD)
  if (head.actual !== head.digest)
    throw new AlteredRecord('The approved plan was changed in the database after its approval.')
  const current = await read(db, head.digest)
  if (current && current.digest !== head.digest) return approvedBlueprint(db, ring, read)
  return current
}

const OTHER_HEAD = 'The approved plan is not the one that was approved: its digest was changed.'

/** Before a change is compiled or approved: the documents in force, and the teams, are those that we wrote. */
export async function checkDocuments(db: Db, ring: KeyRing): Promise<void> {
  const head = await findOne<Row>(
    db,
    sql`select digest, version, seal, seal_key from blueprint_head`,
  )
  if (!head) return
  const { digest, documents, reviewers } = openSeal(ring, head)
  if (digest !== head.digest) throw new AlteredRecord(OTHER_HEAD)
  if (documents !== (await digestOfDocuments(db)))
    throw new AlteredRecord(
      'A course, pool, policy or other document in force was changed in the database, and not by an approved change.',
    )
  if (reviewers !== (await digestOfReviewers(db)))
    throw new AlteredRecord(
      'Who may approve was changed in the database, and not by "labplan reviewer".',
    )
}

/** What was sealed before the teams were in it gets them, this once: with the migrations. */
export async function sealReviewers(tx: Db, ring: KeyRing): Promise<void> {
  const head = await findOne<Row>(
    tx,
    sql`select digest, version, seal, seal_key from blueprint_head for update`,
  )
  if (!head) return
  try {
    const { digest, documents, reviewers } = openSeal(ring, head)
    const isWhole = digest === head.digest && documents === (await digestOfDocuments(tx))
    if (reviewers === undefined && isWhole) await sealHead(tx, ring)
  } catch (error) {
    // What was altered stays so: it is said where it is met.
    if (!(error instanceof AlteredRecord)) throw error
  }
}

function openSeal(ring: KeyRing, { version, seal, seal_key: keyId }: Row): Sealed {
  if (!seal || !keyId) throw new AlteredRecord('The approved plan carries no seal.')
  try {
    return JSON.parse(ring.open({ keyId, bytes: seal }, contextOf(version)).toString()) as Sealed
  } catch (cause) {
    throw new AlteredRecord('The approved plan carries a seal that is not ours.', { cause })
  }
}
