/**
 * The seal of the head: who can write rows, but has not the key ring, cannot make a plan approved, nor change what the
 * next one is compiled from.
 */
import { canonicalJson, sha256 } from '../../stacks/blueprint.ts'
import { type Approved, currentBlueprint } from './blueprint.ts'
import { documentsInForce } from './course.ts'
import { knownOfCourses } from './course-known.ts'
import { type Db, execute, findOne, sql } from './db.ts'
import type { KeyRing } from './key-ring.ts'

/** Something that was approved is not what the record says now: nothing is done with it. */
export class AlteredRecord extends Error {}

type Sealed = { digest: string; documents: string }
type Row = { digest: string; version: number; seal: Buffer | null; seal_key: string | null }

const contextOf = (version: number): string => `head/${version}`

/** With what reviews granted: that decides of lanes, too. */
const digestOfDocuments = async (db: Db): Promise<string> =>
  sha256(canonicalJson([await documentsInForce(db), (await knownOfCourses(db)).granted]))

/** After the head and its documents have moved, in the same transaction. */
export async function sealHead(tx: Db, ring: KeyRing): Promise<void> {
  const head = await findOne<Row>(
    tx,
    sql`select digest, version, seal, seal_key from blueprint_head`,
  )
  if (!head) return
  const text = canonicalJson({ digest: head.digest, documents: await digestOfDocuments(tx) })
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
  read: (db: Db) => Promise<Approved | undefined> = currentBlueprint,
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
  const current = await read(db)
  if (current && current.digest !== head.digest) return approvedBlueprint(db, ring, read)
  return current
}

const OTHER_HEAD = 'The approved plan is not the one that was approved: its digest was changed.'

/** Before a change is compiled: the documents in force are those that were approved. */
export async function checkDocuments(db: Db, ring: KeyRing): Promise<void> {
  const head = await findOne<Row>(
    db,
    sql`select digest, version, seal, seal_key from blueprint_head`,
  )
  if (!head) return
  const { digest, documents } = openSeal(ring, head)
  if (digest !== head.digest) throw new AlteredRecord(OTHER_HEAD)
  if (documents !== (await digestOfDocuments(db)))
    throw new AlteredRecord(
      'A course, pool, policy or other document in force was changed in the database, and not by an approved change.',
    )
}

function openSeal(ring: KeyRing, { version, seal, seal_key: keyId }: Row): Sealed {
  if (!seal || !keyId) throw new AlteredRecord('The approved plan carries no seal.')
  try {
    return JSON.parse(ring.open({ keyId, bytes: seal }, contextOf(version)).toString()) as Sealed
  } catch (cause) {
    throw new AlteredRecord('The approved plan carries a seal that is not ours.', { cause })
  }
}
