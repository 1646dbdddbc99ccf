/** Handing in: a student's own submissions, and all of a course's for who teaches it. */
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { SeenCourse } from '../access.ts'
import { audit } from '../data/audit.ts'
import { withTransaction } from '../data/db.ts'
import { findSubmission, handIn, keepSubmission, submissionsOfCourse } from '../data/submission.ts'
import type { Workspace } from '../data/workspace.ts'
import { Problem, conflict, notAllowed } from '../errors.ts'
import { paths } from '../paths.ts'
import { storageAgent } from '../storage-agent.ts'
import { submissionsArchive } from '../submissions-archive.ts'
import { type Handler, actorOf } from '../visit.ts'

export const handInBody = z.object({ path: z.string().max(4096).default('') })

/**
 * The row first: what was asked for is kept, also when we die now (keep-submissions). An agent that is away is no reason to
 * refuse, since the time that counts is that of the click.
 */
export const create: Handler<Workspace, z.infer<typeof handInBody>> = async (visit, workspace) => {
  const { path } = visit.body
  const made = await withTransaction(visit.pool, (tx) =>
    handIn(tx, {
      workspaceId: workspace.id,
      path,
      actor: actorOf(visit, 'student'),
      now: visit.at,
    }),
  )
  if (!made) throw conflict('submission.none-taken')
  const { id, number, volume, isAway } = made
  const seeOther = paths.handedIn(workspace.id, path, number)
  if (isAway) return { seeOther }
  const kept = await storageAgent(visit.config.storage)
    .keep(id, { volume, path })
    .catch((error: unknown) => {
      visit.log.warn({ err: error, submission: id }, 'a submission waits for the storage agent')
      return 'later' as const
    })
  if (kept !== 'later')
    await withTransaction(visit.pool, (tx) => keepSubmission(tx, { id, kept, now: visit.now() }))
  return { seeOther }
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

/** Students' work is for who teaches them, not for who runs the machines. */
export const downloadAll: Handler<SeenCourse> = async (visit, course) => {
  if (course.role !== 'teacher') throw notAllowed()
  const rows = await submissionsOfCourse(visit.pool, course.id)
  if (!rows.some((row) => row.state === 'kept')) throw new Problem(404, 'submission.none')
  await withTransaction(visit.pool, (tx) =>
    audit(tx, {
      ...{ actor: actorOf(visit, 'teacher'), action: 'submission.download-all' },
      ...{
        subject: { kind: 'course', id: course.id },
        detail: { submissions: rows.length },
        now: visit.at,
      },
    }),
  )
  const agent = storageAgent(visit.config.storage)
  const stream = submissionsArchive(rows, (id) => agent.kept(id), course.time_zone)
  return { file: zip(`${course.key}-submissions.zip`, { stream, bytes: undefined }) }
}
