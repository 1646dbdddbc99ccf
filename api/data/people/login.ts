/**
 * Logins (a browser's) and the one-time codes that open them: at the end of a launch, or from an invite.
 * Only hashes are stored. A launch's code is in two halves, one in the address and one in a cookie, so that
 * it opens a login only in the browser that launched: a code sent to somebody else signs nobody in.
 */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, one, sql } from '../db.ts'
import { newToken, tokenHash } from '../ids.ts'
import { makeAdministrator } from './person.ts'

const LAUNCH_CODE_SECONDS = 30
const INVITE_HOURS = 24
const LOGIN_HOURS = 12

export type Login = {
  person_id: string
  pseudonym: string
  display_name: string | null
  locale: 'en' | 'fr'
  administrator: boolean
  zone_id: string
  platform_id: string | null
  lms_context_id: string | null
  course_id: string | null
  /** The role in the LMS course the person came from; null for who came by an invite. */
  role: 'student' | 'teacher' | null
  edits_plans: boolean
  csrf: string
  expires_at: Date
}

/** A login that was just opened: `token` goes into the cookie and exists nowhere else. */
export type OpenedLogin = {
  token: string
  personId: string
  returnPath: string
  expiresAt: Date
  /** As their LMS said it. */
  locale: 'en' | 'fr'
}

const joined = (code: string, browser: string): Buffer => tokenHash(`${code}.${browser}`)

/** The code for the address; it lives 30 s, once, and only beside the cookie that holds `browser`. */
export async function issueLoginCode(
  tx: Db,
  launch: {
    personId: string
    lmsContextId: string
    courseId: string | null
    returnPath: string
    browser: string
    now: Date
  },
): Promise<string> {
  const code = newToken()
  await execute(
    tx,
    sql`insert into login_code (code_hash, purpose, person_id, lms_context_id, course_id, return_path, created_at, expires_at)
        values (${joined(code, launch.browser)}, 'launch', ${launch.personId}, ${launch.lmsContextId}, ${launch.courseId},
          ${launch.returnPath}, ${launch.now}, ${after(launch.now, LAUNCH_CODE_SECONDS)})`,
  )
  return code
}

type CodeRow = {
  person_id: string | null
  lms_context_id: string | null
  course_id: string | null
  return_path: string
}

/** Opens the login of a launch; undefined when the code was used, is too old, or is another browser's. */
export async function redeemLoginCode(
  tx: Db,
  entry: { code: string; browser: string; now: Date },
): Promise<OpenedLogin | undefined> {
  const code = await useCode(tx, 'launch', joined(entry.code, entry.browser), entry.now)
  return code?.person_id
    ? openLogin(tx, { ...code, person_id: code.person_id }, entry.now)
    : undefined
}

// One statement, so that of two redeems at the same moment one finds nothing.
async function useCode(
  tx: Db,
  purpose: 'launch' | 'invite',
  hash: Buffer,
  now: Date,
): Promise<CodeRow | undefined> {
  return findOne<CodeRow>(
    tx,
    sql`update login_code set used_at = ${now}
        where code_hash = ${hash} and purpose = ${purpose} and used_at is null and expires_at > ${now}
        returning person_id, lms_context_id, course_id, return_path`,
  )
}

async function openLogin(
  tx: Db,
  code: CodeRow & { person_id: string },
  now: Date,
): Promise<OpenedLogin> {
  const token = newToken()
  const expiresAt = after(now, LOGIN_HOURS * 3600)
  await execute(
    tx,
    sql`insert into login (token_hash, person_id, lms_context_id, course_id, csrf, created_at, expires_at)
        values (${tokenHash(token)}, ${code.person_id}, ${code.lms_context_id}, ${code.course_id},
          ${await formTokenOf(tx, code.person_id, now)}, ${now}, ${expiresAt})`,
  )
  const { locale } = await one<{ locale: 'en' | 'fr' }>(
    tx,
    sql`select locale from person where id = ${code.person_id}`,
  )
  return { token, personId: code.person_id, returnPath: code.return_path, expiresAt, locale }
}

/**
 * The token of the forms of whoever has come in already, else a new one: each launch takes the place of the browser's login, and
 * what its other tabs show was made for the one before. Of two at the same moment the second finds the first one's.
 */
async function formTokenOf(tx: Db, personId: string, now: Date): Promise<string> {
  await one(tx, sql`select id from person where id = ${personId} for no key update`)
  const known = await findOne<{ csrf: string }>(
    tx,
    sql`select csrf from login where person_id = ${personId} and expires_at > ${now}
        order by expires_at desc, created_at desc limit 1`,
  )
  return known?.csrf ?? newToken()
}

/**
 * A one-time link that signs somebody in as administrator without an LMS, for 24 hours: the first one, or,
 * with `personId`, one who exists. The answer is the secret part of `/enter?invite=`.
 */
export async function issueInvite(
  tx: Db,
  invite: { personId?: string; actor: Actor; now: Date },
): Promise<{ token: string; expiresAt: Date }> {
  const token = newToken()
  const expiresAt = after(invite.now, INVITE_HOURS * 3600)
  await execute(
    tx,
    sql`insert into login_code (code_hash, purpose, person_id, return_path, created_at, expires_at)
        values (${tokenHash(token)}, 'invite', ${invite.personId ?? null}, '/', ${invite.now}, ${expiresAt})`,
  )
  await audit(tx, {
    actor: invite.actor,
    action: 'invite.issue',
    subject: { kind: 'person', id: invite.personId ?? 'new' },
    now: invite.now,
  })
  return { token, expiresAt }
}

/** Whether an invite can still be taken: asked before showing its button, since mail scanners open links too. */
export async function inviteIsOpen(db: Db, token: string, now: Date): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 as open from login_code where code_hash = ${tokenHash(token)} and purpose = 'invite'
        and used_at is null and expires_at > ${now}`,
  )
  return found !== undefined
}

/** Takes an invite: makes its administrator where it names nobody, and signs them in. */
export async function redeemInvite(
  tx: Db,
  entry: { token: string; locale: 'en' | 'fr'; now: Date },
): Promise<OpenedLogin | undefined> {
  const code = await useCode(tx, 'invite', tokenHash(entry.token), entry.now)
  if (!code) return undefined
  const person = code.person_id ?? (await makeAdministrator(tx, entry))
  return openLogin(tx, { ...code, person_id: person }, entry.now)
}

/** Who the cookie's token belongs to, with the role they have in the LMS course they came from. */
export async function findLogin(db: Db, token: string, now: Date): Promise<Login | undefined> {
  return findOne<Login>(
    db,
    sql`select login.person_id, person.pseudonym, person.display_name, person.locale, person.administrator,
          person.zone_id, person.platform_id, login.lms_context_id, login.course_id, membership.role,
          coalesce(membership.edits_plans, false) as edits_plans, login.csrf, login.expires_at
        from login join person on person.id = login.person_id
        left join membership on membership.person_id = login.person_id
          and membership.lms_context_id = login.lms_context_id
        where login.token_hash = ${tokenHash(token)} and login.expires_at > ${now} and person.erased_at is null`,
  )
}

const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)
