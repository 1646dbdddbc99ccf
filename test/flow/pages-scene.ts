/** Our own pages in Chromium, with a class that is on now: who looks, what they have, and a tab for each. */
import { type Website, openWebsite } from '../api/website.ts'
import { latestChanges } from '../../api/data/changes/change.ts'
import { keepPlan } from '../../api/data/changes/change-plan.ts'
import { execute, sql, withTransaction } from '../../api/data/db.ts'
import { openBrowser } from '../browser.ts'
import { cloudMachines, courseDocument, poolDocument } from '../cast/cloud.ts'
import { allDocuments, machineLearningDocument, networksDocument } from '../cast/documents.ts'
import { type SignedIn, addLmsCourse, importDocuments, launch, signIn } from '../cast/record.ts'
import { SEATS_STACK, applyingRun, want } from '../cast/runs.ts'
import { visitor } from './visitor.ts'

export async function pagesScene() {
  // The browser has the machine's clock, so the class is on now.
  const now = new Date()
  const site = await openWebsite(now)
  const wallStart = wallOf(new Date(now.getTime() - 20 * 60_000))
  const networks = networksDocument(30, 1).replace(/start: .*/, `start: ${wallStart}`)
  const people = await makeClass(site, networks, now)
  const change = await aChangeInReview(site, networks, now)
  await want(site.pool, now, { [SEATS_STACK]: 'two-seats' })
  await aPoolInACloud(site, wallStart, now)
  const run = await applyingRun(site.pool, 'two-seats', new Date(now.getTime() - 9_000))
  const browser = await openBrowser()
  return {
    ...{ now, site, pool: site.pool, change, run, ...people },
    /** A tab of this person's on a page of the site. */
    visit: visitor(browser, site),
    async close() {
      await browser.close()
      await site.close()
    },
  }
}

/** `2026-11-24T10:00` in Paris. */
const wallOf = (at: Date): string =>
  new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Europe/Paris',
    dateStyle: 'short',
    timeStyle: 'short',
  })
    .format(at)
    .replace(' ', 'T')

async function makeClass({ pool, ring }: Website, networks: string, now: Date) {
  // The other's has its class to come, whenever this runs: what does not fit is said of no other.
  const tomorrow = wallOf(new Date(now.getTime() + 24 * 3_600_000))
  const learning = machineLearningDocument.replace(/start: .*/, `start: ${tomorrow}`)
  const texts: Record<string, string> = {
    'networks-101.yaml': networks,
    'machine-learning-lab.yaml': learning,
  }
  const documents = allDocuments().map((one) => ({ ...one, text: texts[one.name] ?? one.text }))
  await importDocuments(pool, ring, now, documents)
  const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
  const learningId = await addLmsCourse(pool, {
    courseKey: 'machine-learning-lab',
    contextId: '3',
    now,
  })
  const student = await signIn(pool, { name: 'Student One', contextId, now })
  const waiting = await signIn(pool, { name: 'Student Two', locale: 'fr', contextId, now })
  const teacher = await signIn(pool, { name: 'Teacher One', contextId, role: 'teacher', now })
  await execute(
    pool,
    sql`insert into membership (id, person_id, lms_context_id, role, seen_at)
        values (gen_random_uuid(), ${teacher.personId}, ${learningId}, 'teacher', ${now})`,
  )
  const administrator = await signIn(pool, { administrator: true, now })
  const start = ({ personId }: SignedIn) =>
    launch(pool, { personId, courseKey: 'networks-101', now })
  const mine = await start(student)
  const queued = await start(waiting)
  await execute(
    pool,
    sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
  )
  return { student, waiting, teacher, administrator, mine, queued }
}

/** More seats than the course may have unseen: it waits for a review. */
async function aChangeInReview({ pool, ring }: Website, networks: string, now: Date) {
  await importDocuments(pool, ring, now, [
    { name: 'large.yaml', text: networks.replace('students: 30', 'students: 150') },
  ])
  const [change] = await latestChanges(pool, 1)
  if (!change) throw new Error('The larger course made no change.')
  await keepPlan(pool, {
    ...{ changeId: change.id, digest: change.blueprint_digest, stack: SEATS_STACK },
    ...{ due_at: now, now, message: null },
    counts: { create: 120, update: 0, replace: 0, delete: 0 },
    text: '  # docker_service.s031 will be created\n  + resource "docker_service" "s031" {\n    }',
  })
  return change
}

/** With a machine that is full, one that is emptied and one that does not come up. */
async function aPoolInACloud({ pool, ring }: Website, start: string, now: Date): Promise<void> {
  const course = { key: 'cloud-lab', start, minutes: 240, students: 8 }
  await importDocuments(pool, ring, now, [
    { name: 'cloud.yaml', text: poolDocument('10.0.0.2:2377') },
    { name: 'cloud-lab.yaml', text: courseDocument(course) },
  ])
  await withTransaction(pool, (tx) => cloudMachines(tx, now))
}
