/** Changes, as pages for those who review them. */
import type { z } from 'zod'
import { csv } from '../csv.ts'
import { listChanges } from '../data/changes/change-list.ts'
import { defaultTimeZone } from '../data/courses/course.ts'
import { findEstate } from '../data/changes/estate.ts'
import { changesPage } from '../pages/changes.ts'
import { changePage } from '../pages/change.ts'
import { paths } from '../paths.ts'
import type { Handler } from '../visit.ts'
import {
  type approvalBody,
  type rejectionBody,
  approveOne,
  changeQuery,
  found,
  rejectOne,
  revertOne,
} from './change.ts'

const SHOWN = 100
const IN_FILE = 10_000

export const list: Handler = async (visit) => {
  const query = changeQuery(visit)
  const [changes, timeZone, estate] = await Promise.all([
    listChanges(visit.pool, { ...query, limit: SHOWN }),
    defaultTimeZone(visit.pool),
    findEstate(visit.pool),
  ])
  return { html: changesPage(visit, { changes, query, timeZone, estate }) }
}

/** The same rows as a file, many more of them. */
export const download: Handler = async (visit) => {
  const changes = await listChanges(visit.pool, { ...changeQuery(visit), limit: IN_FILE })
  const heads = ['change', 'what', 'state', 'lane', 'rules', 'handed_in_utc', 'decided_utc']
  const rows = changes.map((one) => [
    ...[one.id, one.title, one.state, one.lane, one.rules.map((rule) => rule.key).join(' ')],
    ...[one.created_at.toISOString(), one.state === 'proposed' ? '' : one.state_at.toISOString()],
  ])
  return csv('labplan-changes.csv', heads, rows)
}

export const show: Handler = async (visit) => ({
  html: changePage(visit, await found(visit), await defaultTimeZone(visit.pool)),
})

export const approve: Handler<unknown, z.infer<typeof approvalBody>> = async (visit) => {
  await approveOne(visit, visit.body.digest)
  return { seeOther: paths.adminChanges() }
}

export const reject: Handler<unknown, z.infer<typeof rejectionBody>> = async (visit) => {
  await rejectOne(visit, visit.body.reason)
  return { seeOther: paths.adminChanges() }
}

export const revert: Handler = async (visit) => {
  const undone = await revertOne(visit)
  return {
    seeOther:
      undone.outcome === 'changed' ? paths.adminChange(undone.change.id) : paths.adminChanges(),
  }
}
