/** Handing in: a student's own submissions, and all of a course's for who teaches it. */
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { SeenCourse } from '../access.ts'
import { audit } from '../data/audit.ts'
import { findCourse } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import { openOutages } from '../data/volumes/storage-outage.ts'
import {
  findSubmission,
  type HandedIn,
  handIn,
  keepSubmission,
  type NotHandedIn,
  refusedOfCourse,
  submissionsOfCourse,
} from '../data/volumes/submission.ts'
import type { Workspace } from '../data/workspaces/workspace.ts'
import { Problem, conflict, notAllowed, notFound } from '../errors.ts'
import { byteSize } from '../locale.ts'
import { paths } from '../paths.ts'
import { storageAgent } from '../storage/storage-agent.ts'
import { reached } from '../storage/storage-reached.ts'
import { submissionsArchive } from '../storage/submissions-archive.ts'
import { type Handler, type Reply, type Visit, actorOf } from '../visit.ts'

export const handInBody = z.object({ path: z.string().max(4096).default('') })

/**
 * The row first: what was asked for is kept, also when we die now (keep-submissions). An agent that is away is no reason to
 * refuse, since the time that counts is that of the click.
 */
export const create: Handler<Workspace, z.infer<typeof handInBody>> = async (visit, workspace) => {
  const { path } = visit.body
  const agent = storageAgent(visit.config.storage)
  // Who cannot say has no reason to refuse.
  const isReachable = (await openOutages(visit.pool)).length === 0
  const room = isReachable ? await agent.submissionRoom().catch(() => undefined) : undefined
  const made = await withTransaction(visit.pool, (tx) =>
    handIn(tx, {
      workspaceId: workspace.id,
      path,
      actor: actorOf(visit, 'student'),
      room,
      now: visit.at,
    }),
  )
  if (!made) throw conflict('submission.none-taken')
  if ('refused' in made) throw refusal(visit, made)
  const { id, number, volume, isLater, mostBytes } = made
  // A folder that is not there could not say so.
  const leadsTo = (from: string) => ({ seeOther: paths.handedIn(workspace.id, from, number) })
  if (isLater) return leadsTo(path)
  const kept = await agent.keep(id, { volume, path, mostBytes }).catch((error: unknown) => {
    visit.log.warn({ err: error, submission: id }, 'a submission waits for the storage agent')
    return 'later' as const
  })
  if (kept !== 'later')
    await withTransaction(visit.pool, (tx) =>
      keepSubmission(tx, { id, made: kept, now: visit.now() }),
    )
  return leadsTo(kept === 'no-folder' ? '' : path)
}

/** With the figures, and what to do next. */
function refusal({ locale }: Visit, not: NotHandedIn): Problem {
  const code = `submission.refused.${not.refused}`
  const size = (bytes: number) => byteSize(locale, bytes)
  if (not.refused === 'room') {
    const { freeBytes, leastBytes } = not.room
    return conflict(code, { free: size(freeBytes), least: size(leastBytes) })
  }
  const { limits, use } = not
  return conflict(code, {
    ...{ count: use.count, most: limits.most },
    ...{ used: size(use.bytes), limit: size(limits.totalMb * 2 ** 20) },
  })
}

export const download: Handler<Workspace> = async (visit, workspace) => {
  const number = Number(visit.params['number'])
  const which = { workspaceId: workspace.id, number }
  const found = Number.isSafeInteger(number) ? await findSubmission(visit.pool, which) : undefined
  const archive = found && (await storageAgent(visit.config.storage).kept(found.id))
  if (!archive) throw new Problem(404, 'problem.no-file')
  return { file: zip(`submission-${number}.zip`, archive) }
}

const zip = (name: string, of: { stream: Readable; bytes: number | undefined }) => ({
  ...{ name, type: 'application/zip', ...of },
})

/** What of a course is kept, by which hash; nobody is named. */
export const record: Handler = async (visit) => {
  const course = await findCourse(visit.pool, visit.params['course'] ?? '')
  if (!course) throw notFound()
  const rows = await submissionsOfCourse(visit.pool, course.id)
  const submissions = rows
    .filter(({ state }) => state === 'kept')
    .map(({ id, bytes, files, left_out: leftOut, sha256 }) => ({
      ...{ id, bytes, files, leftOut, sha256 },
    }))
  return { json: { submissions } }
}

export const downloadAll: Handler<SeenCourse> = async (visit, course) => {
  const rows = await submissionsOfCourse(visit.pool, course.id)
  const name = `${course.key}-submissions.zip`
  return archiveOf(visit, { course, rows, name, action: 'submission.download-all' })
}

/** All of one student's, by the workspace they handed it in from. */
export const downloadOf: Handler<SeenCourse> = async (visit, course) => {
  const rows = (await submissionsOfCourse(visit.pool, course.id)).filter(
    (row) => row.workspace_id === visit.params['workspace'],
  )
  const name = `${course.key}-${rows[0]?.pseudonym ?? ''}.zip`
  return archiveOf(visit, { course, rows, name, action: 'submission.download-one' })
}

/** Students' work is for who teaches them, not for who runs the machines. */
async function archiveOf(
  visit: Visit,
  of: { course: SeenCourse; rows: HandedIn[]; name: string; action: string },
): Promise<Reply> {
  const { course, rows, action } = of
  if (course.role !== 'teacher') throw notAllowed()
  if (!rows.some((row) => row.state === 'kept')) throw new Problem(404, 'submission.none')
  const agent = storageAgent(visit.config.storage)
  // An archive of nothing but what is missing helps nobody.
  await reached(agent.submissionRoom())
  await withTransaction(visit.pool, (tx) =>
    audit(tx, {
      ...{ actor: actorOf(visit, 'teacher'), action, now: visit.at },
      subject: { kind: 'course', id: course.id },
      detail: {
        submissions: rows.length,
        students: new Set(rows.map((row) => row.pseudonym)).size,
      },
    }),
  )
  const { workspace } = visit.params
  const refused = (await refusedOfCourse(visit.pool, course.id)).filter(
    (row) => workspace === undefined || row.workspace_id === workspace,
  )
  const words = { locale: visit.locale, timeZone: course.time_zone, refused }
  const stream = submissionsArchive(rows, (id) => agent.kept(id), words)
  return { file: zip(of.name, { stream, bytes: undefined }) }
}
