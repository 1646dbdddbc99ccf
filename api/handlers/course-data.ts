/** A course's data: versions that are filled, published and put in force by who plans it; and the same for the command line. */
import { z } from 'zod'
import type { PlannedCourse } from '../access.ts'
import {
  beginVersion,
  dataRules,
  dataVersions,
  type DataVersion,
  discardDraft,
  findDataVersion,
  publishVersion,
} from '../data/volumes/course-data.ts'
import { isKept } from '../data/courses/course-storage.ts'
import { withTransaction } from '../data/db.ts'
import { hasMade } from '../data/volumes/storage-outage.ts'
import { putAt } from '../teaching/document-edit.ts'
import { badRequest, conflict, notFound, Problem } from '../errors.ts'
import { courseDataPage } from '../pages/course-data.ts'
import { paths } from '../paths.ts'
import { type StorageAgent, storageAgent } from '../storage/storage-agent.ts'
import { actorOf, type Handler, type Visit } from '../visit.ts'
import { isReadable, savedChange, saveCourse } from './edited-course.ts'
import { reached } from '../storage/storage-reached.ts'

const ENTRIES_SHOWN = 100

type Seen = PlannedCourse & { mayChange: boolean }

export const show: Handler<Seen> = async (visit, course) => {
  const [rules, versions, kept, saved] = await Promise.all([
    dataRules(visit.pool, course.id),
    dataVersions(visit.pool, course.id),
    isKept(visit.pool, course.document),
    savedChange(visit, course),
  ])
  const draft = versions.find(({ state }) => state === 'draft')
  const part = { start: 0, count: ENTRIES_SHOWN }
  // The versions can be seen, and gone back to, while the storage is away.
  const folder =
    draft &&
    (await storageAgent(visit.config.storage)
      .folder(draft.name, '', part)
      .catch(() => undefined))
  const view = { course, rules, versions, draft, folder, isKept: kept, saved }
  return { html: courseDataPage(visit, { ...view, mayChange: course.mayChange }) }
}

export const beginBody = z.object({ sizeMb: z.coerce.number().int().min(1).max(1_000_000) })
type Begin = z.infer<typeof beginBody>

/** Not where it has another disk before it than volumes were made on: there nothing is made, and nothing that is not there is gone. */
async function agentOnItsDisk(visit: Visit): Promise<StorageAgent> {
  const agent = storageAgent(visit.config.storage)
  const { backend, isUnused } = await reached(agent.look())
  if (isUnused && (await hasMade(visit.pool, backend))) throw new Problem(503, 'problem.files-away')
  return agent
}

/** The row first: asked for again, the same draft is made where the agent was away. */
async function begun(visit: Visit<Begin>, course: PlannedCourse) {
  if (!(await isKept(visit.pool, course.document))) throw conflict('data.no-storage')
  const { installation } = visit.config
  const act = { courseId: course.id, actor: actorOf(visit, 'teacher'), now: visit.at }
  const { sizeMb } = visit.body
  const draft = await withTransaction(visit.pool, (tx) =>
    beginVersion(tx, { ...act, sizeMb, installation }),
  )
  const wish = { name: draft.name, limitMb: draft.size_mb, isNew: true }
  const agent = await agentOnItsDisk(visit)
  const { code } = await reached(agent.ensure(wish))
  if (code) throw new Problem(503, 'problem.files-away')
  return draft
}

export const begin: Handler<PlannedCourse, Begin> = async (visit, course) => {
  await begun(visit, course)
  return { seeOther: paths.courseData(course.key) }
}

export const beginByProgram: Handler<PlannedCourse, Begin> = async (visit, course) => {
  const { version, name } = await begun(visit, course)
  return { json: { version, name } }
}

async function versionOf(visit: Visit, course: PlannedCourse): Promise<DataVersion> {
  const version = Number(visit.params['version'])
  if (!Number.isSafeInteger(version)) throw notFound()
  const found = await findDataVersion(visit.pool, { courseId: course.id, version })
  if (!found) throw notFound()
  return found
}

/**
 * Sealed first: a row never says of what can still change that it is published. Twice does no harm. What may not be put in
 * force is not sealed: it stays a draft, to be corrected or discarded.
 */
async function published(visit: Visit, course: PlannedCourse): Promise<string | undefined> {
  const { version, name, state, size_mb } = await versionOf(visit, course)
  if (state !== 'draft' && state !== 'published') throw conflict('data.gone')
  const data = { version, sizeMb: size_mb }
  if (state === 'draft') await refuseDenied(visit, course, data)
  const sealed = await reached(storageAgent(visit.config.storage).seal(name))
  if (!sealed) throw new Problem(503, 'problem.files-away')
  const act = { courseId: course.id, actor: actorOf(visit, 'teacher'), now: visit.at, version }
  await withTransaction(visit.pool, (tx) => publishVersion(tx, { ...act, ...sealed }))
  return putInForce(visit, course, data)
}

async function refuseDenied(visit: Visit, course: PlannedCourse, data: Data): Promise<void> {
  const text = textWith(course, data)
  if (!isReadable(text, course.key)) throw badRequest('plan.refused')
  const document = { kind: 'Course', key: course.key, text }
  const { lane } = await visit.planner.preview({ document, now: visit.at })
  if (lane === 'deny') throw conflict('settings.refused.denied')
}

type Data = { version: number; sizeMb: number }

function textWith(course: PlannedCourse, data: Data): string {
  let text = course.document
  for (const name of ['sizeMb', 'version'] as const) text = putAt(text, ['data', name], data[name])
  return text
}

async function used(visit: Visit, course: PlannedCourse): Promise<string | undefined> {
  const { version, state, size_mb } = await versionOf(visit, course)
  if (state !== 'published') throw conflict('data.gone')
  return putInForce(visit, course, { version, sizeMb: size_mb })
}

/** A change of the course like any other: in Git, within the allowance at once, undone by another. Answers its id. */
async function putInForce(
  visit: Visit,
  course: PlannedCourse,
  data: Data,
): Promise<string | undefined> {
  const saving = await saveCourse(visit, course, textWith(course, data))
  if ('fresh' in saving) return putInForce(visit, saving.fresh, data)
  if ('refused' in saving && typeof saving.refused === 'object')
    throw conflict('settings.refused.denied')
  if ('refused' in saving) throw badRequest('plan.refused')
  return saving.change
}

export const publish: Handler<PlannedCourse> = async (visit, course) => ({
  seeOther: paths.courseData(course.key, await published(visit, course)),
})

export const use: Handler<PlannedCourse> = async (visit, course) => ({
  seeOther: paths.courseData(course.key, await used(visit, course)),
})

/** Only what nobody has read: the draft. */
export const discard: Handler<PlannedCourse> = async (visit, course) => {
  const { version, name, state } = await versionOf(visit, course)
  if (state !== 'draft') throw conflict('data.gone')
  const agent = await agentOnItsDisk(visit)
  if (!(await reached(agent.purge(name)))) throw conflict('data.busy')
  const act = { courseId: course.id, actor: actorOf(visit, 'teacher'), now: visit.at, version }
  await withTransaction(visit.pool, (tx) => discardDraft(tx, act))
  return { seeOther: paths.courseData(course.key) }
}

export const list: Handler<PlannedCourse> = async (visit, course) => ({
  json: {
    ...(await dataRules(visit.pool, course.id)),
    versions: await dataVersions(visit.pool, course.id),
  },
})

export const actBody = z.object({ act: z.enum(['publish', 'use']) })

export const actByProgram: Handler<PlannedCourse, z.infer<typeof actBody>> = async (
  visit,
  course,
) => {
  const change = await (visit.body.act === 'publish' ? published : used)(visit, course)
  return { json: { change: change ?? null } }
}
