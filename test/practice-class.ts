/**
 * A class that is on now, whole and real: a Swarm bed with the environment image, every process of Labplan,
 * the practice LMS registered with it, a course imported and linked to an activity, its seats warmed.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { many, one, sql } from '../api/data/db.ts'
import { buildImage } from '../scripts/images/build.ts'
import { terminal } from '../scripts/images/terminal.ts'
import { ensureSeatNetwork } from '../scripts/steps/network.ts'
import { type SwarmBed, swarmBed } from './beds/swarm.ts'
import { type Installation, type Part, installation } from './installation.ts'
import { type Lms, startLms } from './lms/lms.ts'
import { type Page, Visitor, formTo, formsOf } from './visitor.ts'

const root = join(import.meta.dirname, '..')

export type ClassPlan = {
  students: number
  atOnce?: number
  /** Numbers the course may use; as many as students unless said. */
  seats?: number
  nodes?: number
  minutes?: number
  /** Minutes from now to its start; under way since five minutes unless said. */
  startsInMinutes?: number
  /** Minutes after its end until seats stop. */
  graceMinutes?: number
  headroom?: number
  cpu?: number
  memoryMb?: number
  volumeQuotaMb?: number
  /** Students may hand in work, until then (`2026-11-24T11:00`, UTC). */
  submissionsDue?: string
  /** Students have their own volume in their seat. */
  personalVolume?: boolean
  /** What such a volume holds; as the examples' policy has it unless said. */
  personalQuotaMb?: number
  /** Keys of further courses, planned alike and linked to activities of their own. */
  also?: string[]
  /** Its number of students follows the LMS's list, and so does its allowance; `atOnce` and `seats` do not count. */
  followsRoster?: boolean
}

/** All that a school has installed, before anybody plans: pools, policy, an environment; and its LMS. */
export type PracticeSite = {
  bed: SwarmBed
  inst: Installation
  lms: Lms
  /** Of the environment, by digest. */
  image: string
  /** Imports what a school has, with these documents beside or instead of the examples' own. */
  importDocuments(own: Record<string, string>): Promise<void>
  close(): Promise<void>
}

export type PracticeClass = Omit<PracticeSite, 'importDocuments'> & {
  activity: string
  courseId: string
  /** Launches as this person of the cast, into the course or one of the further ones; answers the browser and the page it ends on. */
  launch(person: string, course?: string): Promise<{ visitor: Visitor; page: Page }>
  /** Imports the course again with this plan; times count from when the class was made. */
  replan(plan: ClassPlan): Promise<void>
}

export type PracticeMeans = {
  databaseUrl: string
  env?: Record<string, string>
  /** What keeps the pool's volumes; as the examples have it unless said. */
  poolStorage?: string
  say?: (text: string) => void
  /** What stands between Labplan and the engine: answers the DOCKER_HOST that Labplan gets. */
  between?: (bed: SwarmBed) => Promise<string>
  /** What stands before the LMS: gets its public port, answers where it shall listen. */
  beforeLms?: (port: number) => Promise<number>
  /** What of Labplan runs on this machine; all but the LMS unless said. */
  parts?: readonly Part[]
  /** Adds to what the Swarm consists of before anything is planned; answers documents instead of the examples' own. */
  furnish?: (site: { bed: SwarmBed; inst: Installation }) => Promise<Record<string, string>>
  /** What is done once its pools are known, and no course is. */
  beforeCourse?: (inst: Installation) => Promise<unknown>
}

const silent = () => {}
const PARTS = ['storage', 'api', 'gateway', 'worker'] as const

export async function practiceSite(
  means: PracticeMeans & { nodes?: number | undefined },
): Promise<PracticeSite> {
  const say = means.say ?? silent
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    const bed = await swarmBed({ nodes: means.nodes ?? 1 })
    closers.push(bed.down)
    say('the Swarm is up')
    const image = await bedImage(bed, say)
    const inst = await installation({
      ...means,
      // The examples' pool keeps volumes with a limit: on this machine, for every node of the bed.
      env: { LABPLAN_STORAGE_ROOT: bed.volumes, ...means.env },
      dockerHost: (await means.between?.(bed)) ?? bed.dockerHost,
      registry: bed.registry,
    })
    closers.push(inst.close)
    for (const node of bed.nodes)
      await ensureSeatNetwork({
        dockerHost: node.dockerHost,
        installation: inst.id,
        enterNamespace: node.namespace,
        // Gateway and worker run beside the bed, not on its nodes.
        gateways: [bed.hostAddress],
      })
    const furnished = await means.furnish?.({ bed, inst })
    await Promise.all((means.parts ?? PARTS).map((part) => inst.start(part)))
    say('Labplan is up')
    const port = Number(new URL(inst.lmsUrl).port)
    const lms = await startLms({
      port: (await means.beforeLms?.(port)) ?? port,
      url: inst.lmsUrl,
    })
    closers.push(lms.close)
    await register(inst, lms)
    say('the LMS is registered')
    const importDocuments = (own: Record<string, string>) =>
      importSite(inst, image, { ...storedBy(means.poolStorage), ...furnished, ...own })
    return { bed, inst, lms, image, importDocuments, close }
  } catch (error) {
    await close()
    throw error
  }
}

export async function practiceClass(plan: ClassPlan, means: PracticeMeans): Promise<PracticeClass> {
  const { importDocuments, ...site } = await practiceSite({ ...means, nodes: plan.nodes })
  try {
    const { inst, lms } = site
    const base = Date.now()
    const replan = (next: ClassPlan) =>
      importDocuments({
        course: courseText(next, base),
        ...policyOf(next),
        ...Object.fromEntries((next.also ?? []).map((key) => [key, courseText(next, base, key)])),
      })
    if (means.beforeCourse) {
      await importDocuments({})
      await means.beforeCourse(inst)
    }
    await replan(plan)
    const activity = await linkActivity(inst, lms, 'networks-101')
    const others = new Map<string, string>()
    for (const key of plan.also ?? []) others.set(key, await linkActivity(inst, lms, key))
    means.say?.('the course is imported and linked')
    const { id: courseId } = await one<{ id: string }>(
      inst.pool,
      sql`select id from course where key = 'networks-101'`,
    )
    const launchAs = (person: string, course = '') =>
      launch(lms, others.get(course) ?? activity, person)
    return { ...site, activity, courseId, launch: launchAs, replan }
  } catch (error) {
    await site.close()
    throw error
  }
}

/** The environment image in the bed's own registry, and in each engine so that no seat waits for a pull. */
async function bedImage(bed: SwarmBed, say: (text: string) => void): Promise<string> {
  let reference = ''
  for (const node of bed.nodes)
    reference = await buildImage(terminal, {
      root,
      cache: process.env['LABPLAN_CACHE'] ?? join(homedir(), '.cache', 'labplan'),
      registry: bed.registry,
      dockerHost: node.dockerHost,
      isFresh: false,
      say,
    })
  return reference.replace(`${bed.registry}/`, '')
}

async function register(inst: Installation, lms: Lms): Promise<void> {
  const link = /https?:\S+/.exec(await inst.labplan('registration-link', 'create'))?.[0]
  if (!link) throw new Error('labplan registration-link create printed no link.')
  const { tool, answer } = await lms.registerTool(link, { activate: true })
  if (!tool)
    throw new Error(`The practice LMS could not register Labplan: ${answer.text.slice(0, 500)}`)
  const platforms = await many<{ id: string }>(
    inst.pool,
    sql`select id from platform where state = 'pending'`,
  )
  for (const platform of platforms) await inst.labplan('platform', 'activate', platform.id)
}

function policyOf({ personalQuotaMb }: ClassPlan): Record<string, string> {
  if (personalQuotaMb === undefined) return {}
  const text = readFileSync(join(root, 'examples', 'policy.yaml'), 'utf8')
  return { policy: text.replace(/^personalQuotaMb: .*$/m, `personalQuotaMb: ${personalQuotaMb}`) }
}

function storedBy(storage: string | undefined): Record<string, string> {
  if (storage === undefined) return {}
  const text = readFileSync(join(root, 'examples', 'pools.yaml'), 'utf8')
  return { pools: text.replace(/^storage: .*$/m, `storage: ${storage}`) }
}

async function importSite(
  inst: Installation,
  image: string,
  own: Record<string, string>,
): Promise<void> {
  const folder = join(inst.home, 'plan')
  mkdirSync(folder, { recursive: true })
  const example = (name: string) => readFileSync(join(root, 'examples', `${name}.yaml`), 'utf8')
  const texts = {
    ...Object.fromEntries(['pools', 'policy', 'zone'].map((name) => [name, example(name)])),
    // The class is now, whatever day it is.
    zone: example('zone').replace(/^holidays:\n(?: +- .*\n)*/m, ''),
    environments: example('environments').replace(
      'key: terminal',
      `key: terminal\nimage: ${image}`,
    ),
    ...own,
  }
  const files = Object.entries(texts).map(([name, text]) => {
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, text)
    return file
  })
  await inst.labplan('course', 'import', ...files)
}

function courseText(plan: ClassPlan, baseMs: number, key = 'networks-101'): string {
  const start = new Date(baseMs + (plan.startsInMinutes ?? -5) * 60_000).toISOString().slice(0, 16)
  const seats = plan.seats ?? plan.students
  const atOnce = plan.atOnce ?? plan.students
  return `apiVersion: labplan/v1
kind: Course
key: ${key}
title: ${key === 'networks-101' ? '{ fr: Réseaux 101, en: Networks 101 }' : key}
state: ready
environment: terminal
pool: local
timeZone: UTC
seat: { cpu: ${plan.cpu ?? 0.02}, memoryMb: ${plan.memoryMb ?? 64}, volumeQuotaMb: ${plan.volumeQuotaMb ?? 256} }
students: ${plan.students}
${plan.submissionsDue ? `submissions: { due: ${plan.submissionsDue} }\n` : ''}${plan.personalVolume ? 'personalVolume: true\n' : ''}${plan.followsRoster ? 'followRoster: true' : `atOnce: ${atOnce}`}
sessions:
  - start: ${start}
    minutes: ${plan.minutes ?? 120}
    graceMinutes: ${plan.graceMinutes ?? 0}
    opensMinutesBefore: 5
headroom: { seats: ${plan.headroom ?? 0}, hours: 00:00-24:00, days: [MO, TU, WE, TH, FR, SA, SU] }
${
  plan.followsRoster
    ? ''
    : `allowance: { seats: ${seats}, atOnce: ${atOnce} }
`
}`
}

/** As a teacher does: "Select content" in the LMS, the course on our page, and the activity is there. */
async function linkActivity(inst: Installation, lms: Lms, course: string): Promise<string> {
  const before = new Set(lms.activities('networks-101').map((activity) => activity.id))
  const form = await lms.launchForm({ person: 'teacher1', course: 'networks-101' })
  const visitor = new Visitor()
  await visitor.get(`${inst.lmsUrl}/login/teacher1`)
  visitor.adopt(form.action, form.cookies)
  const page = await visitor.post(form.action, form.fields, inst.lmsUrl)
  const choice = formTo(page, /\/deep-links\//)
  const sent = await visitor.post(choice.action, { ...choice.fields, course })
  const answer = formsOf(sent).find((one) => 'JWT' in one.fields)
  if (!answer)
    throw new Error(
      `Labplan did not answer the deep link: ${sent.status} ${sent.text.slice(0, 1500)}`,
    )
  const placed = await visitor.post(answer.action, answer.fields, inst.publicUrl)
  const made = lms.activities('networks-101').find((activity) => !before.has(activity.id))
  if (!made)
    throw new Error(
      `The deep link put no activity into the LMS course: ${placed.text.slice(0, 1500)}`,
    )
  return made.id
}

async function launch(lms: Lms, activity: string, person: string) {
  const form = await lms.launchForm({ person, activity })
  const visitor = new Visitor()
  visitor.adopt(form.action, form.cookies)
  return { visitor, page: await visitor.post(form.action, form.fields, lms.url) }
}

/** Waits until as many seats of the installation are ready; throws with the worker's log when it takes too long. */
export async function seatsReady(
  inst: Installation,
  count: number,
  withinMs = 180_000,
): Promise<void> {
  await until(
    async () =>
      (
        await one<{ n: number }>(
          inst.pool,
          sql`select count(*) as n from seat where state = 'ready'`,
        )
      ).n >= count,
    withinMs,
    () => `${count} ready seats:\n${inst.log('worker').slice(-3000)}`,
  )
}

/** Asks every so often until it is so. */
export async function until(
  isSo: () => Promise<boolean>,
  withinMs: number,
  what: () => string,
  everyMs = 50,
): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
