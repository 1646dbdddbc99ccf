/** Volumes as JSON, for the command line. */
import { z } from 'zod'
import { findCourse } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import { firstBroken, purgeReceipts } from '../data/volumes/purge.ts'
import { orderRecreation, volumeLines } from '../data/volumes/volume.ts'
import { conflict, Problem } from '../errors.ts'
import { say } from '../locale.ts'
import { actorOf, type Handler } from '../visit.ts'

export const list: Handler = async (visit) => {
  const course = visit.query.get('course') ?? undefined
  if (course !== undefined && !(await findCourse(visit.pool, course)))
    throw new Problem(404, 'problem.not-found')
  const rows = await volumeLines(visit.pool, course)
  return {
    json: {
      volumes: rows.map((row) => ({
        ...{ name: row.name, course: row.course, seat: row.seat, generation: row.generation },
        ...{ backend: row.backend, state: row.state },
        ...{ plannedMb: row.limit_mb, limitBytes: row.limit_bytes, usedBytes: row.used_bytes },
        keptUntil: row.backend === 'engine' ? null : row.kept_until,
        message: row.message_code && say(visit.locale, row.message_code, row.message_params),
      })),
    },
  }
}

/** Receipts of what was purged, oldest first, and the first that is not what its neighbours say. */
export const purges: Handler = async (visit) => {
  const receipts = await purgeReceipts(visit.pool)
  return { json: { receipts, broken: firstBroken(receipts) ?? null } }
}

export const recreationBody = z.object({})

/** Only says that it may: the command line has the storage agent do it, beside which it runs. */
export const recreate: Handler = async (visit) => {
  const order = {
    ...{ name: visit.params['volume'] ?? '', actor: actorOf(visit, 'operator'), now: visit.at },
  }
  const ordered = await withTransaction(visit.pool, (tx) => orderRecreation(tx, order))
  if ('refused' in ordered) throw conflict(`volume.${ordered.refused}`)
  return { json: ordered }
}
