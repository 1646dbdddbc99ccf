/** What students hand in. A row says when and from where; the storage agent keeps the bytes, which never change. */
import { type SubmissionLimits, submissionLimits } from '../../../stacks/rules/submissions.ts'
import type { Text } from '../../../stacks/terms.ts'
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, one, sql } from '../db.ts'
import { policyInForce } from '../courses/documents.ts'
import { newId } from '../ids.ts'
import { isAway } from './storage-outage.ts'

export type SubmissionState = 'making' | 'kept' | 'failed'

export type Submission = {
  id: string
  number: number
  path: string
  state: SubmissionState
  due_at: Date | null
  created_at: Date
  /** When its archive was made: what the folder was then is in it. */
  kept_at: Date | null
  bytes: number | null
  files: number | null
  left_out: number | null
  sha256: string | null
  /** Of one that failed, unless that was before it was written down. */
  why: 'no-folder' | 'too-large' | null
}

const columns = sql`submission.id, submission.number, submission.path, submission.state, submission.due_at,
  submission.created_at, submission.kept_at, submission.bytes, submission.files, submission.left_out, submission.sha256, submission.why`

export const isLate = ({
  due_at,
  created_at,
}: Pick<Submission, 'due_at' | 'created_at'>): boolean => due_at !== null && created_at > due_at

/** Handed in on time, and made after the deadline: what was changed meanwhile is in it. */
export const isArchivedLate = (row: Pick<Submission, 'due_at' | 'created_at' | 'kept_at'>) =>
  row.due_at !== null && row.kept_at !== null && !isLate(row) && row.kept_at > row.due_at

export type SubmissionRules = {
  takes: boolean
  dueAt: Date | null
  /** Why they have to be kept, and until when, as the course declares it. */
  duty: { reason: Text; until: string } | null
  limits: SubmissionLimits
}

export async function submissionRules(db: Db, courseId: string): Promise<SubmissionRules> {
  const { most, totalMb, ...rules } = await one<Omit<SubmissionRules, 'limits'> & OwnLimits>(
    db,
    sql`select takes_submissions as takes, submissions_due_at as "dueAt", case when submissions_duty is not null
          then json_build_object('reason', submissions_duty, 'until', submissions_duty_until) end as duty,
          submissions_most as most, submissions_mb as "totalMb"
        from course where id = ${courseId}`,
  )
  return { ...rules, limits: await limitsOf(db, { most, totalMb }) }
}

type OwnLimits = { most: number | null; totalMb: number | null }

const limitsOf = async (db: Db, { most, totalMb }: OwnLimits): Promise<SubmissionLimits> =>
  submissionLimits(
    { most: most ?? undefined, totalMb: totalMb ?? undefined },
    await policyInForce(db),
  )

const MIB = 1024 * 1024

/** What a workspace's submissions take of what its course keeps; one that is being made counts as one, without a size yet. */
export type SubmissionUse = { count: number; bytes: number }

export function useOf(rows: Pick<Submission, 'state' | 'bytes'>[]): SubmissionUse {
  const counted = rows.filter((row) => row.state !== 'failed')
  return { count: counted.length, bytes: counted.reduce((sum, row) => sum + (row.bytes ?? 0), 0) }
}

/** How large another one may be. */
export const bytesLeft = (limits: SubmissionLimits, use: SubmissionUse): number =>
  Math.max(0, limits.totalMb * MIB - use.bytes)

/** Newest first. */
export async function submissionsOf(db: Db, workspaceId: string): Promise<Submission[]> {
  return many(
    db,
    sql`select ${columns} from submission where workspace_id = ${workspaceId} order by number desc`,
  )
}

/** `isLater`: it is not made now (its files are elsewhere or away, or another one is being made); the row is there all the same. */
export type HandIn = {
  id: string
  number: number
  volume: string
  isLater: boolean
  /** How large it may be. */
  mostBytes: number
}

/** Free bytes on the disk that keeps submissions, and how many have to stay free. */
export type SubmissionRoom = { freeBytes: number; leastBytes: number }

/** Nothing is made of it, and nothing that was handed in before is touched. */
export type NotHandedIn =
  | { refused: 'count' | 'size'; limits: SubmissionLimits; use: SubmissionUse }
  | { refused: 'room'; room: SubmissionRoom }

/**
 * Hands in a folder, as of `now`: the time that counts is that of the click. Undefined when the course takes none, or the
 * workspace has no volume that an agent keeps. `room`: undefined while nobody can say how much there is.
 */
export async function handIn(
  tx: Db,
  wish: {
    workspaceId: string
    path: string
    actor: Actor
    room?: SubmissionRoom | undefined
    now: Date
  },
): Promise<HandIn | NotHandedIn | undefined> {
  type Found = OwnLimits & {
    volume_id: string
    volume: string
    due_at: Date | null
    is_away: boolean
    is_on_scratch: boolean
  }
  const found = await findOne<Found>(
    tx,
    sql`select volume.id as volume_id, volume.name as volume, course.submissions_due_at as due_at,
          ${isAway(sql`volume.backend`)} as is_away, ${isOnItsWay} as is_on_scratch,
          submissions_most as most, submissions_mb as "totalMb"
        from workspace join course on course.id = workspace.course_id join seat on seat.id = workspace.seat_id
          join volume on volume.seat_id = seat.id and volume.generation = seat.generation
        where workspace.id = ${wish.workspaceId} and takes_submissions and backend <> 'engine' for update of workspace`,
  )
  if (!found) return undefined
  const rows = await submissionsOf(tx, wish.workspaceId)
  const limits = await limitsOf(tx, found)
  const use = useOf(rows)
  const refused = whyNot(limits, use, wish.room)
  const subject = { kind: 'workspace', id: wish.workspaceId } as const
  if (refused) {
    // That somebody tried, and when, is for who decides what counts.
    const detail = { why: refused.refused }
    const { actor, now } = wish
    await audit(tx, { actor, action: 'submission.refused', subject, detail, now })
    return refused
  }
  const id = newId()
  // What they see is elsewhere in their home once it is there: all of it is handed in.
  const path = found.is_on_scratch ? '' : wish.path
  const { number } = await one<{ number: number }>(
    tx,
    sql`insert into submission (id, workspace_id, number, volume_id, path, state, due_at, created_at)
        select ${id}, ${wish.workspaceId}, coalesce(max(number), 0) + 1, ${found.volume_id}, ${path}, 'making',
          ${found.due_at}, ${wish.now} from submission where workspace_id = ${wish.workspaceId} returning number`,
  )
  await audit(tx, {
    ...{ actor: wish.actor, action: 'submission.hand-in', subject },
    ...{ detail: { submission: id }, now: wish.now },
  })
  await notify(tx, 'storage')
  // Two at once would each have all that is left to itself.
  const isLater =
    found.is_away || found.is_on_scratch || rows.some(({ state }) => state === 'making')
  return { id, number, volume: found.volume, isLater, mostBytes: bytesLeft(limits, use) }
}

function whyNot(
  limits: SubmissionLimits,
  use: SubmissionUse,
  room: SubmissionRoom | undefined,
): NotHandedIn | undefined {
  if (use.count >= limits.most) return { refused: 'count', limits, use }
  if (bytesLeft(limits, use) === 0) return { refused: 'size', limits, use }
  return room && room.freeBytes <= room.leastBytes ? { refused: 'room', room } : undefined
}

/** Files of its seat are on a scratch home, and come to the volume when it has stopped. */
const isOnItsWay = sql`exists (select from scratch_home home where home.seat_id = volume.seat_id
  and home.generation = volume.generation and home.state in ('open', 'merging') and home.trouble is null)`

export type Kept = {
  bytes: number
  files: number
  leftOut: number
  sha256: string
  /** How long ago it was made: who asked for it first may have died. */
  agoMs: number
}

/** What the agent made of it, or why it could not. Twice does no harm. */
export async function keepSubmission(
  tx: Db,
  done: { id: string; made: Kept | 'no-folder' | 'too-large'; now: Date },
): Promise<void> {
  const { made } = done
  const kept = typeof made === 'string' ? undefined : made
  const keptAt = kept && new Date(done.now.getTime() - kept.agoMs)
  await execute(
    tx,
    sql`update submission set state = ${kept ? 'kept' : 'failed'}, bytes = ${kept?.bytes ?? null}, files = ${kept?.files ?? null},
          left_out = ${kept?.leftOut ?? null}, sha256 = ${kept?.sha256 ?? null}, kept_at = case when ${keptAt !== undefined} then greatest(${keptAt ?? null}::timestamptz, created_at) end,
          why = ${typeof made === 'string' ? made : null}
        where id = ${done.id} and state = 'making'`,
  )
}

export type LeftSubmission = { id: string; workspace_id: string; volume: string; path: string }

/** Handed in before `since` and kept by nobody yet: who was at it died. */
export async function submissionsLeft(db: Db, since: Date): Promise<LeftSubmission[]> {
  return many(
    db,
    sql`select submission.id, submission.workspace_id, volume.name as volume, path from submission join volume on volume.id = volume_id
        where submission.state = 'making' and submission.created_at <= ${since} and not ${isOnItsWay} order by submission.created_at, submission.id`,
  )
}

/** How large the archive of one that is to be made may be now; undefined when it is made by now, or there is none. */
export async function bytesLeftFor(db: Db, id: string): Promise<number | undefined> {
  const found = await findOne<OwnLimits & { workspace_id: string }>(
    db,
    sql`select workspace_id, submissions_most as most, submissions_mb as "totalMb"
        from submission join workspace on workspace.id = workspace_id join course on course.id = course_id
        where submission.id = ${id} and submission.state = 'making'`,
  )
  if (!found) return undefined
  return bytesLeft(await limitsOf(db, found), useOf(await submissionsOf(db, found.workspace_id)))
}

export type HandedIn = Submission & {
  workspace_id: string
  seat: number | null
  pseudonym: string
  display_name: string | null
  /** Of somebody who was erased: kept by a duty. */
  is_held: boolean
}

/** Everything handed in in a course, by student and number. */
export async function submissionsOfCourse(db: Db, courseId: string): Promise<HandedIn[]> {
  return many(
    db,
    sql`select ${columns}, workspace.id as workspace_id, seat.number as seat, person.pseudonym, coalesce(person.display_name, erasure.kept_name) as display_name,
          person.erased_at is not null as is_held
        from submission join workspace on workspace.id = submission.workspace_id
          join person on person.id = workspace.person_id left join seat on seat.id = workspace.seat_id
          left join erasure on erasure.person_id = person.id
        where workspace.course_id = ${courseId} order by seat.number, person.pseudonym, submission.number`,
  )
}

/** A hand-in that was refused: nothing of it is kept but that somebody tried, and when. */
export type RefusedHandIn = Pick<
  HandedIn,
  'workspace_id' | 'seat' | 'pseudonym' | 'display_name' | 'due_at' | 'created_at'
> & { why: NotHandedIn['refused'] }

/** Those of a course, by student and time. The deadline is the one of now. */
export async function refusedOfCourse(db: Db, courseId: string): Promise<RefusedHandIn[]> {
  return many(
    db,
    sql`select workspace.id as workspace_id, seat.number as seat, person.pseudonym, person.display_name,
          course.submissions_due_at as due_at, audit.at as created_at, audit.detail ->> 'why' as why
        from workspace join course on course.id = workspace.course_id join person on person.id = workspace.person_id
          join audit on subject_kind = 'workspace' and subject_id = workspace.id::text and action = 'submission.refused'
          left join seat on seat.id = workspace.seat_id
        where course.id = ${courseId} and person.erased_at is null order by seat.number, person.pseudonym, audit.at, audit.id`,
  )
}

/** One of a workspace's own that is kept. */
export async function findSubmission(
  db: Db,
  which: { workspaceId: string; number: number },
): Promise<Submission | undefined> {
  return findOne(
    db,
    sql`select ${columns} from submission
        where workspace_id = ${which.workspaceId} and number = ${which.number} and state = 'kept'`,
  )
}
