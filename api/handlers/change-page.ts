/** Changes, as pages for those who review them. */
import type { z } from 'zod'
import { latestChanges } from '../data/change.ts'
import { defaultTimeZone } from '../data/course.ts'
import { findEstate } from '../data/estate.ts'
import { changesPage } from '../pages/admin-lists.ts'
import { changePage } from '../pages/change.ts'
import { paths } from '../paths.ts'
import type { Handler } from '../visit.ts'
import {
  type approvalBody,
  type rejectionBody,
  approveOne,
  found,
  rejectOne,
  revertOne,
} from './change.ts'

const SHOWN = 50

export const list: Handler = async (visit) => ({
  html: changesPage(
    visit,
    await latestChanges(visit.pool, SHOWN),
    await defaultTimeZone(visit.pool),
    await findEstate(visit.pool),
  ),
})

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
