/**
 * Approvals of a change that waits. Each is of one digest of all that shapes the plan; when the rules that hold have
 * enough of them, from different people of the teams they name, the change is approved.
 */
import { canonicalJson, emptyBlueprint } from '../../../stacks/blueprint.ts'
import {
  type Approval,
  type Missing,
  mayApproveOwn,
  missingApprovals,
  silentHours,
  teamsFor,
} from '../../../stacks/rules/gate.ts'
import { afterWorkingHours } from '../../../stacks/rules/working-hours.ts'
import type { GateRule, Policy } from '../../../stacks/terms-policy.ts'
import { type Actor, audit } from '../audit.ts'
import { rememberedBlueprint, keepBlueprint, lockHead } from './blueprint.ts'
import { type Change, approve, changeColumns } from './change.ts'
import { notesAbout } from './change-notes.ts'
import { documentsNow } from './change-rebase.ts'
import { type StoredDocument, documentsInForce } from '../courses/course.ts'
import { knownOfCourses } from '../courses/course-known.ts'
import { type Db, type Pool, execute, findOne, many, sql, withTransaction } from '../db.ts'
import { compileDocuments, merged, zonesInForce } from '../courses/documents.ts'
import { type Judged, approvalDigest, judge } from './gate.ts'
import type { KeyRing } from '../key-ring.ts'
import { othersIn, teamsOf } from './reviewer.ts'
import { checkDocuments } from './seal.ts'

export type Approved =
  | { outcome: 'approved'; isSolo: boolean }
  /** It counts, and the rules ask for more. */
  | { outcome: 'counted'; missing: Missing[] }
  /** It compiles to something else by now: to be read again. */
  | { outcome: 'changed' }
  | { outcome: 'not-proposed' }
  /** Whoever approves is in none of the teams asked. */
  | { outcome: 'not-asked'; by: string[] }
  /** Whoever approves has proposed it. */
  | { outcome: 'own' }
  /** The policy denies it by now. */
  | { outcome: 'denied'; rules: GateRule[] }

type Request = { id: string; digest: string; actor: Actor; ring: KeyRing; now: Date }
type Row = Change & { documents: StoredDocument[]; author_role: string | null }

/** A digest given is the blueprint's that was read; compiled again, since others may have been approved meanwhile. */
export async function approveChange(pool: Pool, request: Request): Promise<Approved> {
  return withTransaction(pool, async (tx) => {
    await lockHead(tx)
    await checkDocuments(tx, request.ring)
    const row = await findOne<Row>(
      tx,
      sql`select ${changeColumns}, documents, author_role from change
          where id = ${request.id} and state = 'proposed' for update`,
    )
    if (!row) return { outcome: 'not-proposed' }
    const again = await compileAgain(tx, row, request.now)
    const isSame = again.digest === request.digest
    if (!isSame || again.judged.decision.lane === 'deny') await follow(tx, row, again)
    if (again.judged.decision.lane === 'deny')
      return { outcome: 'denied', rules: again.judged.decision.rules }
    return isSame ? count(tx, row, again, request) : { outcome: 'changed' }
  })
}

type Again = Awaited<ReturnType<typeof compileAgain>>

async function compileAgain(tx: Db, row: Row, now: Date) {
  const head = await rememberedBlueprint(tx)
  const inForce = await documentsInForce(tx)
  const documents = await documentsNow(tx, row, inForce)
  const all = merged(inForce, documents)
  const known = await knownOfCourses(tx)
  const compiled = compileDocuments(all, known, now, { hasNoSlots: true })
  const before = head?.blueprint ?? emptyBlueprint
  const author = row.author_role ?? 'operator'
  const judged = judge({ author, documents, inForce, all, compiled, before, now })
  const { blueprint, notes } = compiled
  const digest = await keepBlueprint(tx, { blueprint, parent: head?.digest, now })
  const about = () => notesAbout(compiled, { documents, all, closed: known.closed, now })
  return { parent: head?.digest, documents, inForce, all, blueprint, notes, about, digest, judged }
}

/** The change as it is by now: what was approved of it before counts no more. */
async function follow(tx: Db, row: Row, again: Again): Promise<void> {
  const { lane, rules } = again.judged.decision
  await execute(
    tx,
    sql`update change set blueprint_digest = ${again.digest}, parent_digest = ${again.parent ?? null},
          notes = ${JSON.stringify(again.about())}, rules = ${JSON.stringify(rules)},
          facts = ${JSON.stringify(again.judged.facts)}, lane = ${lane === 'automatic' ? 'review' : lane}
        where id = ${row.id}`,
  )
}

async function count(tx: Db, row: Row, again: Again, request: Request): Promise<Approved> {
  const { actor, ring, now } = request
  const { rules } = again.judged.decision
  const silent = await silentFor(tx, row, again.judged, now)
  const asked = [...new Set(rules.flatMap((rule) => teamsFor(rule, silent)))]
  const teams = (await teamsOf(tx, actor)).filter((team) => asked.includes(team))
  if (rules.length > 0 && teams.length === 0) return { outcome: 'not-asked', by: asked }
  const isSolo = row.author === actor.name
  const others = isSolo ? await othersIn(tx, { teams: asked, actor }) : 0
  if (isSolo && !mayApproveOwn(again.judged.policy.gate, others)) return { outcome: 'own' }
  const digest = approvalDigest({ blueprint: again.digest, policy: again.judged.policy })
  await keepApproval(tx, ring, { id: row.id, digest, teams, isSolo, actor, now })
  const given = await approvalsOf(tx, ring, { changeId: row.id, digest })
  const missing = missingApprovals(rules, given, silent)
  if (missing.length > 0) return { outcome: 'counted', missing }
  const role = rolesOf(given)
  await approve(tx, row.id, { ...again, actor, ring, now, role })
  return { outcome: 'approved', isSolo: given.some((one) => one.is_solo) }
}

/** Working hours since it waits, in the zone of the installation. */
async function silentFor(tx: Db, row: Row, { policy }: Judged, now: Date): Promise<number> {
  const zone = (await zonesInForce(tx)).find((one) => one.key === 'default')
  if (!zone) throw new Error('There is no default zone.')
  return silentHours(row.created_at.getTime(), now.getTime(), policy, zone)
}

/** `administrators, git`; `solo` where who proposed it approved it too. */
function rolesOf(given: ApprovalRow[]): string {
  const names = given.map((one) => `${one.teams[0] ?? one.actor_role}${one.is_solo ? ' solo' : ''}`)
  return [...new Set(names)].toSorted().join(', ')
}

async function keepApproval(
  tx: Db,
  ring: KeyRing,
  one: { id: string; digest: string; teams: string[]; isSolo: boolean; actor: Actor; now: Date },
): Promise<void> {
  const { actor, now } = one
  const said = saidBy({ actor: actor.name, teams: one.teams, is_solo: one.isSolo })
  const { keyId, bytes } = ring.seal(said, contextOf(one.id, one.digest))
  await execute(
    tx,
    sql`insert into approval (change_id, actor, digest, actor_role, teams, is_solo, created_at, seal, seal_key)
        values (${one.id}, ${actor.name}, ${one.digest}, ${actor.role}, ${one.teams}, ${one.isSolo}, ${now},
          ${bytes}, ${keyId})
        on conflict (change_id, actor, digest) do update set teams = excluded.teams, seal = excluded.seal,
          seal_key = excluded.seal_key`,
  )
  await audit(tx, {
    ...{ actor, action: 'change.count', subject: { kind: 'change', id: one.id }, now },
    detail: { digest: one.digest, teams: one.teams, solo: one.isSolo },
  })
}

export type ApprovalRow = Approval & { actor_role: string; is_solo: boolean; created_at: Date }

const contextOf = (changeId: string, digest: string): string => `approval/${changeId}/${digest}`
const saidBy = ({ actor, teams, is_solo }: Pick<ApprovalRow, 'actor' | 'teams' | 'is_solo'>) =>
  canonicalJson({ actor, teams, isSolo: is_solo })

/** Those that count for this digest, oldest first: who writes rows, but has not the key ring, approves nothing. */
async function approvalsOf(
  db: Db,
  ring: KeyRing,
  of: { changeId: string; digest: string },
): Promise<ApprovalRow[]> {
  const rows = await many<ApprovalRow & { seal: Buffer | null; seal_key: string | null }>(
    db,
    sql`select actor, actor_role, teams, is_solo, created_at, seal, seal_key from approval
        where change_id = ${of.changeId} and digest = ${of.digest} order by created_at, actor`,
  )
  return rows.flatMap(({ seal: bytes, seal_key: keyId, ...row }) => {
    try {
      if (!bytes || !keyId) return []
      const said = ring.open({ keyId, bytes }, contextOf(of.changeId, of.digest)).toString()
      return said === saidBy(row) ? [row] : []
    } catch {
      return []
    }
  })
}

export type Waiting = {
  approvals: ApprovalRow[]
  missing: Missing[]
  /** When its deputies may approve too, of the rules that have some. */
  deputies: { by: string[]; at: Date }[]
}

/** Who has a change that waits, and since when they might have to share it. */
export async function waitingFor(
  db: Db,
  ring: KeyRing,
  change: Pick<Change, 'id' | 'blueprint_digest' | 'rules' | 'created_at'>,
  policy: Policy,
  now: Date,
): Promise<Waiting> {
  const zone = (await zonesInForce(db)).find((one) => one.key === 'default')
  if (!zone) throw new Error('There is no default zone.')
  const since = change.created_at.getTime()
  const digest = approvalDigest({ blueprint: change.blueprint_digest, policy })
  const approvals = await approvalsOf(db, ring, { changeId: change.id, digest })
  const silent = silentHours(since, now.getTime(), policy, zone)
  const deputies = change.rules.flatMap(({ deputy }) => {
    const at = deputy && afterWorkingHours(since, deputy.afterWorkingHours, policy.teaching, zone)
    return at === undefined ? [] : [{ by: deputy?.by ?? [], at: new Date(at) }]
  })
  return { approvals, deputies, missing: missingApprovals(change.rules, approvals, silent) }
}

/** Oldest first. */
export async function changesThatWait(db: Db): Promise<Change[]> {
  return many<Change>(
    db,
    sql`select ${changeColumns} from change where state = 'proposed' order by created_at, id`,
  )
}
