/** Who a browser's login belongs to. */
import { type Db, execute, findOne, sql } from '../db.ts'
import type { Locale } from '../../locale.ts'

export type Visitor = {
  personId: string
  pseudonym: string
  displayName: string | null
  locale: Locale
  administrator: boolean
  /** The token every form of theirs carries, whichever of their logins its page was made for. */
  csrf: string
  loginHash: Buffer
}

/** The person behind a login that has not expired, by the hash of its token. */
export async function findVisitor(
  db: Db,
  login: { tokenHash: Buffer; now: Date },
): Promise<Visitor | undefined> {
  return findOne<Visitor>(
    db,
    sql`select person.id as "personId", person.pseudonym, person.display_name as "displayName", person.locale,
          person.administrator, login.csrf, login.token_hash as "loginHash"
        from login join person on person.id = login.person_id
        where login.token_hash = ${login.tokenHash} and login.expires_at > ${login.now} and person.erased_at is null`,
  )
}

/** Ends a visitor's login: its cookie opens nothing any more. */
export async function forgetVisitor(db: Db, visitor: Pick<Visitor, 'loginHash'>): Promise<void> {
  await execute(db, sql`delete from login where token_hash = ${visitor.loginHash}`)
}
