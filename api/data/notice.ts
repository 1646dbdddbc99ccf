/**
 * Notices: what people have to be told, written in the transaction of what it is about. The worker brings them
 * by mail and webhook (workers/jobs/deliver-notices.ts); the course's page shows them to its teachers, with an
 * address or without.
 */
import { audit } from './audit.ts'
import { type Db, execute, findOne, many, notify, sql } from './db.ts'
import { courseTimeZone, isTaughtByItsOwn } from './courses/course.ts'
import { newId } from './ids.ts'

export type NoticeParams = Record<string, string | number>
export type NoticeLine = { code: string; params?: NoticeParams }

export type NoticeWish = {
  /** `notice.…` of the catalogue: the subject; the same with `.text` after it is the first paragraph. */
  code: string
  /** What ends in `At` is an instant, said in the course's time zone. No student's name, ever. */
  params?: NoticeParams
  /** Further paragraphs. */
  lines?: NoticeLine[]
  to: 'teachers' | 'infra' | 'both'
  courseId?: string
  sessionId?: string
  /** What it is about: on a page the newest of a thread stands for all of it. By default the dedupe key. */
  thread?: string
  /** The same key is told once. */
  dedupeKey: string
  /** Until when the course's page shows it. */
  shownUntil?: Date
  now: Date
}

/** Sends once: false when this key was told before, and then nothing is written. */
export async function sendNotice(tx: Db, wish: NoticeWish): Promise<boolean> {
  const id = newId()
  const written = await execute(
    tx,
    sql`insert into notice (id, code, params, lines, audience, course_id, session_id, thread, dedupe_key, shown_until, created_at)
        values (${id}, ${wish.code}, ${JSON.stringify(wish.params ?? {})}, ${JSON.stringify(wish.lines ?? [])}, ${wish.to},
          ${wish.courseId ?? null}, ${wish.sessionId ?? null}, ${wish.thread ?? wish.dedupeKey}, ${wish.dedupeKey},
          ${wish.shownUntil ?? null}, ${wish.now})
        on conflict (dedupe_key) do nothing`,
  )
  if (written === 0) return false
  await audit(tx, {
    actor: { name: 'notices', role: 'labplan' },
    action: 'notice.send',
    subject: { kind: 'notice', id },
    detail: { code: wish.code, to: wish.to },
    now: wish.now,
  })
  await notify(tx, 'notice', id)
  // The course's page follows what happens to its workspaces; this is one more thing that changes it.
  if (wish.courseId) await notify(tx, 'workspace', '')
  return true
}

export type Notice = {
  id: string
  code: string
  params: NoticeParams
  lines: NoticeLine[]
  course_key: string | null
  course_title: { en: string; fr: string } | null
  time_zone: string
  /** What it is about, such as `change/ID`. */
  thread: string
  session_key: string | null
  created_at: Date
}

const noticeColumns = sql`notice.id, notice.code, notice.thread, notice.params, notice.lines, course.key as course_key,
  course.title as course_title, ${courseTimeZone} as time_zone, session.key as session_key, notice.created_at`
// A notice that is about no course is said in the time of the default zone.
const noticeTable = sql`notice left join course on course.id = notice.course_id
  left join session on session.id = notice.session_id
  join zone on zone.id = coalesce(course.zone_id, (select id from zone where key = 'default'))`

/** What a course's page shows now: the newest of each thread, newest first. */
export async function noticesOfCourse(
  db: Db,
  course: { courseId: string; now: Date },
): Promise<Notice[]> {
  return many<Notice>(
    db,
    sql`select * from (
          select distinct on (notice.thread) ${noticeColumns}, notice.shown_until
          from ${noticeTable} where notice.course_id = ${course.courseId} and notice.audience in ('teachers', 'both')
          order by notice.thread, notice.created_at desc, notice.id desc
        ) newest where shown_until > ${course.now} order by created_at desc, id desc`,
  )
}

export type Delivery = {
  channel: 'mail' | 'webhook'
  /** An address of the infra team's, or a teacher's pseudonym. */
  to: string
  state: 'waiting' | 'sent' | 'failed'
  attempts: number
  next_try_at: Date
  message: string | null
}

/** Newest first, with what became of each. Teachers are pseudonyms here. */
export async function latestNotices(
  db: Db,
  filter: { limit: number; id?: string },
): Promise<(Notice & { audience: string; is_shown: boolean; deliveries: Delivery[] })[]> {
  const only = filter.id ? sql`where notice.id = ${filter.id}` : sql``
  return many(
    db,
    sql`select ${noticeColumns}, notice.audience, notice.shown_until is not null as is_shown, coalesce((
            select json_agg(json_build_object('channel', d.channel, 'to', coalesce(d.address, person.pseudonym), 'state', d.state,
              'attempts', d.attempts, 'next_try_at', d.next_try_at, 'message', d.message) order by d.channel, d.id)
            from notice_delivery d left join person on person.id = d.person_id where d.notice_id = notice.id
          ), '[]') as deliveries
        from ${noticeTable} ${only} order by notice.created_at desc, notice.id desc limit ${filter.limit}`,
  )
}

/** A notice to one address, to see whether its channel works. Answers its id. */
export async function sendTestNotice(
  tx: Db,
  test: { channel: Delivery['channel']; address: string; locale: 'en' | 'fr'; now: Date },
): Promise<string> {
  const id = newId()
  const { channel, address, locale, now } = test
  await execute(
    tx,
    sql`insert into notice (id, code, audience, thread, dedupe_key, created_at, addressed_at)
        values (${id}, 'notice.test', 'address', ${`test/${id}`}, ${`test/${id}`}, ${now}, ${now})`,
  )
  await addDelivery(tx, { noticeId: id, channel, address, locale, now })
  await audit(tx, {
    actor: { name: 'operator', role: 'operator' },
    action: 'notice.test',
    subject: { kind: 'notice', id },
    detail: { channel },
    now,
  })
  await notify(tx, 'notice', id)
  return id
}

async function addDelivery(
  tx: Db,
  delivery: {
    noticeId: string
    channel: Delivery['channel']
    address: string
    locale: 'en' | 'fr'
    now: Date
  },
): Promise<void> {
  const { noticeId, channel, address, locale, now } = delivery
  await execute(
    tx,
    sql`insert into notice_delivery (id, notice_id, channel, address, locale, state, state_at, next_try_at)
        values (${newId()}, ${noticeId}, ${channel}, ${address}, ${locale}, 'waiting', ${now}, ${now})`,
  )
}

/** To one person who waits for a turn of a course, and to nobody else: no page shows it. */
export async function noticeWaiting(
  tx: Db,
  wish: {
    code: string
    params: NoticeParams
    personId: string
    courseId: string
    dedupeKey: string
    now: Date
  },
): Promise<void> {
  const id = newId()
  const { code, courseId, dedupeKey, now } = wish
  await execute(
    tx,
    sql`insert into notice (id, code, params, audience, course_id, thread, dedupe_key, created_at, addressed_at)
        values (${id}, ${code}, ${JSON.stringify(wish.params)}, 'waiting', ${courseId}, ${dedupeKey}, ${dedupeKey}, ${now}, ${now})`,
  )
  await execute(
    tx,
    sql`insert into notice_delivery (id, notice_id, channel, person_id, locale, state, state_at, next_try_at)
        select ${newId()}, ${id}, 'mail', id, locale, 'waiting', ${now}, ${now} from person where id = ${wish.personId}`,
  )
  await notify(tx, 'notice', id)
}

/** The infra team's addresses, as configured. */
export type InfraAddresses = { channel: Delivery['channel']; address: string }[]

/** Those that have no deliveries yet, oldest first; so many that a pass ends. */
export async function noticesToAddress(db: Db): Promise<{ id: string; code: string }[]> {
  return many(
    db,
    sql`select id, code from notice where addressed_at is null order by created_at, id limit 100`,
  )
}

/**
 * Makes the deliveries of a notice, unless somebody else did or does: to the teachers of its course who have an address
 * (`hasMail`: when there is a way to send it), and to the infra team.
 */
export async function addressNotice(
  tx: Db,
  to: { id: string; infra: InfraAddresses; hasMail: boolean; now: Date },
): Promise<void> {
  const { id, now } = to
  const notice = await findOne<{ audience: string; locale: 'en' | 'fr' }>(
    tx,
    sql`select notice.audience, zone.locale from ${noticeTable}
        where notice.id = ${id} and notice.addressed_at is null for update of notice skip locked`,
  )
  if (!notice) return
  const { audience, locale } = notice
  if (audience !== 'infra' && to.hasMail) await addTeachers(tx, { noticeId: id, now })
  if (audience !== 'teachers')
    for (const one of to.infra) await addDelivery(tx, { noticeId: id, ...one, locale, now })
  await execute(tx, sql`update notice set addressed_at = ${now} where id = ${id}`)
}

/**
 * Who teaches it in an LMS, and has not left that course (who was never on its list, as one who teaches by a role in a
 * whole category, has not left it either); whose course it is, while no LMS course opens it; and who asked for one that
 * is not there.
 */
async function addTeachers(tx: Db, of: { noticeId: string; now: Date }): Promise<void> {
  const teachers = await many<{ id: string; locale: 'en' | 'fr' }>(
    tx,
    sql`select distinct person.id, person.locale from notice
        join lms_resource on lms_resource.course_id = notice.course_id
        join membership on membership.lms_context_id = lms_resource.lms_context_id and membership.role = 'teacher'
          and (membership.state = 'active' or membership.listed_at is null)
        join person on person.id = membership.person_id
        where notice.id = ${of.noticeId} and person.email is not null and person.erased_at is null
        union select person.id, person.locale from notice
        join course_share on course_share.course_id = notice.course_id and ${isTaughtByItsOwn}
        join person on person.id = course_share.person_id
        where notice.id = ${of.noticeId} and person.email is not null and person.erased_at is null
        union select person.id, person.locale from notice
        join change on notice.thread = 'change/' || change.id and change.author_role = 'teacher'
        join person on person.pseudonym = change.author
        where notice.id = ${of.noticeId} and notice.course_id is null and person.email is not null and person.erased_at is null
        order by id`,
  )
  for (const teacher of teachers)
    await execute(
      tx,
      sql`insert into notice_delivery (id, notice_id, channel, person_id, locale, state, state_at, next_try_at)
          values (${newId()}, ${of.noticeId}, 'mail', ${teacher.id}, ${teacher.locale}, 'waiting', ${of.now}, ${of.now})`,
    )
}

/** A try is given so long before it counts as lost with its worker; from then on a longer wait each time. */
const TRY_AGAIN_SECONDS = [30, 120, 480, 1800, 7200]
export const MOST_ATTEMPTS = TRY_AGAIN_SECONDS.length + 1

export type Reader = 'teacher' | 'infra' | 'waiting'

export type DueDelivery = {
  id: string
  channel: 'mail' | 'webhook'
  /** Null when whoever it was for has no address any more. */
  address: string | null
  /** Why they are written to. */
  reader: Reader
  locale: 'en' | 'fr'
  attempts: number
  notice: Notice
}

/** Takes deliveries that are due, each for one try: until it is over nobody else takes them. */
export async function takeDeliveries(
  tx: Db,
  take: { limit: number; now: Date },
): Promise<DueDelivery[]> {
  const rows = await many<
    Omit<DueDelivery, 'reader' | 'address' | 'notice'> & { notice_id: string }
  >(
    tx,
    sql`update notice_delivery d set attempts = attempts + 1,
          next_try_at = ${take.now}::timestamptz + make_interval(secs => (${TRY_AGAIN_SECONDS}::int[])[least(attempts + 1, ${TRY_AGAIN_SECONDS.length}::int)])
        where d.id in (
          select id from notice_delivery where state = 'waiting' and next_try_at <= ${take.now}
          order by next_try_at, id limit ${take.limit} for update skip locked)
        returning d.id, d.notice_id, d.channel, d.locale, d.attempts`,
  )
  const addressed = await many<{ id: string; reader: Reader; address: string | null }>(
    tx,
    sql`select d.id, case when notice.audience = 'waiting' then 'waiting' when d.person_id is null then 'infra' else 'teacher' end as reader,
          case when notice.audience = 'waiting' then (select turn_mail from workspace
              where workspace.person_id = d.person_id and workspace.course_id = notice.course_id)
            else coalesce(d.address, (select email from person where person.id = d.person_id and erased_at is null)) end as address
        from notice_delivery d join notice on notice.id = d.notice_id where d.id = any(${rows.map((row) => row.id)}::uuid[])`,
  )
  const notices = await many<Notice>(
    tx,
    sql`select ${noticeColumns} from ${noticeTable} where notice.id = any(${rows.map((row) => row.notice_id)}::uuid[])`,
  )
  return rows.flatMap(({ notice_id, ...row }) => {
    const notice = notices.find((one) => one.id === notice_id)
    const to = addressed.find((one) => one.id === row.id)
    return notice && to ? [{ ...row, ...to, notice }] : []
  })
}

/** What became of a try. `failed`: for good, or after the last try; `waiting`: it is tried again. */
export async function settleDelivery(
  tx: Db,
  delivery: { id: string; state: 'sent' | 'failed' | 'waiting'; message: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`update notice_delivery set message = ${delivery.message}, state = ${delivery.state},
          state_at = case when state = ${delivery.state} then state_at else ${delivery.now} end
        where id = ${delivery.id} and state = 'waiting'`,
  )
}
