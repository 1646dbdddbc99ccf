/** The inventory: the administrator's page, and JSON for the command line. */
import { defaultTimeZone } from '../data/courses/course.ts'
import { openFindings, resolvedFindings } from '../data/runs/finding.ts'
import { lastInventory } from '../data/runs/inventory.ts'
import { csv } from '../csv.ts'
import { readListing } from '../listing.ts'
import { say } from '../locale.ts'
import { arrangeFindings, findingRules, inventoryPage } from '../pages/inventory.ts'
import type { Handler, Visit } from '../visit.ts'

const RESOLVED_SHOWN = 20
const IN_FILE = 10_000

async function viewOf({ pool }: Visit) {
  const [last, open, resolved, timeZone] = await Promise.all([
    lastInventory(pool),
    openFindings(pool),
    resolvedFindings(pool, RESOLVED_SHOWN),
    defaultTimeZone(pool),
  ])
  return { last, open, resolved, timeZone }
}

export const show: Handler = async (visit) => {
  const query = readListing(visit.query, findingRules)
  const view = await viewOf(visit)
  const open = arrangeFindings(view.open, query)
  const resolved = arrangeFindings(view.resolved, query)
  return { html: inventoryPage(visit, { ...view, open, resolved, query }) }
}

export const download: Handler = async (visit) => {
  const all = [
    ...(await openFindings(visit.pool)),
    ...(await resolvedFindings(visit.pool, IN_FILE)),
  ]
  const heads = ['kind', 'object', 'name', 'stack', 'why', 'first_seen_utc', 'resolved_utc']
  const rows = arrangeFindings(all, readListing(visit.query, findingRules)).map((one) => [
    ...[one.kind, one.object, one.name, one.stackKey ?? ''],
    say(visit.locale, `finding.${one.code}`, one.params),
    ...[one.firstSeenAt.toISOString(), one.resolvedAt?.toISOString() ?? ''],
  ])
  return csv('labplan-inventory.csv', heads, rows)
}

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
