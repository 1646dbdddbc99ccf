/** What seats' services are made of, named by its digest. */
import { canonicalJson, sha256 } from '../../../stacks/blueprint.ts'
import { type Db, execute, one, sql } from '../db.ts'
import { AlteredRecord } from '../changes/seal.ts'

export async function rememberTemplate(
  tx: Db,
  template: { digest: string; body: unknown },
): Promise<void> {
  await execute(
    tx,
    sql`insert into seat_template (digest, body) values (${template.digest}, ${JSON.stringify(template.body)})
        on conflict do nothing`,
  )
}

/** The last ones of this process. A digest says all of its template, and what was read was that: it is not read again. */
const templates = new Map<string, unknown>()
const MOST_TEMPLATES = 500

export async function seatTemplate<Body>(db: Db, digest: string): Promise<Body> {
  const known = templates.get(digest)
  if (known !== undefined) return known as Body
  const { body } = await one<{ body: Body }>(
    db,
    sql`select body from seat_template where digest = ${digest}`,
  )
  if (sha256(canonicalJson(body)) !== digest)
    throw new AlteredRecord('What a seat at work is made of was changed in the database.')
  if (templates.size >= MOST_TEMPLATES) templates.clear()
  templates.set(digest, body)
  return body
}
