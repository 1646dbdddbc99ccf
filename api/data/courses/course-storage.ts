/** Whether the pool of a course, as its document says it, has something that keeps files. */
import { parse } from 'yaml'
import { z } from 'zod'
import { type Db, findOne, sql } from '../db.ts'

const course = z.object({ pool: z.string() })
const pool = z.object({ storage: z.object({ backend: z.string() }).optional() })

export async function isKept(db: Db, courseDocument: string): Promise<boolean> {
  const { pool: key } = course.parse(parse(courseDocument))
  const found = await findOne<{ text: string }>(
    db,
    sql`select text from document where kind = 'Pool' and key = ${key}`,
  )
  return found !== undefined && pool.parse(parse(found.text)).storage !== undefined
}
