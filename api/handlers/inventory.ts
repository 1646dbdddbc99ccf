/** The inventory: the administrator's page, and JSON for the command line. */
import { defaultTimeZone } from '../data/course.ts'
import { openFindings, resolvedFindings } from '../data/finding.ts'
import { lastInventory } from '../data/inventory.ts'
import { say } from '../locale.ts'
import { inventoryPage } from '../pages/inventory.ts'
import type { Handler, Visit } from '../visit.ts'

const RESOLVED_SHOWN = 20

async function viewOf({ pool }: Visit) {
  const [last, open, resolved, timeZone] = await Promise.all([
    lastInventory(pool),
    openFindings(pool),
    resolvedFindings(pool, RESOLVED_SHOWN),
    defaultTimeZone(pool),
  ])
  return { last, open, resolved, timeZone }
}

export const show: Handler = async (visit) => ({ html: inventoryPage(visit, await viewOf(visit)) })

export const read: Handler = async (visit) => {
  const { last, open } = await viewOf(visit)
  return {
    json: {
      lookedAt: last?.looked_at ?? null,
      counts: last?.counts ?? {},
      findings: open.map((finding) => ({
        ...finding,
        says: say(visit.locale, `finding.${finding.code}`, finding.params),
        will: say(visit.locale, `repair.${finding.repair}`),
      })),
    },
  }
}
