/**
 * Something to try: the practice LMS registers itself with Labplan as a real one would, the examples are imported,
 * and a class of networks-101 is planned for the next hours, so that a click works today.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import { type Document, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { type Api, apiClient } from '../api-client.ts'
import { ask, dockerApi } from './docker-api.ts'
import { labplanVariables } from './environment.ts'
import { readImage } from './own-parts.ts'
import { linkActivities } from './practice-activities.ts'
import { type Settings, root } from './settings.ts'
import { whyNoLimits } from './storage.ts'
import { CannotGoOn, type Step } from './step.ts'

const COURSE = 'networks-101'
const FILES = ['zone', 'policy', 'pools', 'environments', COURSE, 'ml-lab']
const CLASS_MINUTES = 180
/** A class that ends sooner is not worth beginning with: another is planned. */
const WORTH_MINUTES = 45

export function practiceSteps(settings: Settings): Step[] {
  if (!settings.practice) return []
  const api = (): Api => apiClient(labplanVariables(settings))
  return [
    { name: 'Practice LMS', ensure: () => registerLms(api(), settings.ports.lms) },
    { name: 'Practice class', ensure: () => planClass(api(), settings, Temporal.Now.instant()) },
    { name: 'Practice activities', ensure: () => linkPractice(api(), settings.ports.lms) },
  ]
}

const lmsState = z.object({ url: z.string(), tools: z.array(z.object({ clientId: z.string() })) })
const platformList = z.object({
  platforms: z.array(
    z.object({ id: z.string(), issuer: z.string(), clientId: z.string(), state: z.string() }),
  ),
})

/** One-time link → dynamic registration by the LMS → activation on both sides. */
async function registerLms(api: Api, lmsPort: number): Promise<string | undefined> {
  const lms = lmsAddress(lmsPort)
  const known = await findRegistered(api, lms)
  if (known?.state === 'active') return undefined
  if (!known) await register(api, lms)
  const platform = await findRegistered(api, lms)
  if (!platform)
    throw new CannotGoOn('it registered, but Labplan does not know it: see log/api.log.')
  await api.post(`/api/platforms/${encodeURIComponent(platform.id)}/activation`, {
    state: 'active',
  })
  return 'registered and activated'
}

const lmsAddress = (port: number): string => `http://127.0.0.1:${port}`

type Platform = z.infer<typeof platformList>['platforms'][number]

/** The platform under which Labplan knows this LMS; both have to remember the registration. */
async function findRegistered(api: Api, lms: string): Promise<Platform | undefined> {
  const { url, tools } = lmsState.parse(await (await fetch(`${lms}/practice/state`)).json())
  const { platforms } = platformList.parse(await api.get('/api/platforms'))
  const clients = tools.map(({ clientId }) => clientId)
  return platforms.find((one) => one.issuer === url && clients.includes(one.clientId))
}

async function linkPractice(api: Api, lmsPort: number): Promise<string | undefined> {
  const lms = lmsAddress(lmsPort)
  const platform = await findRegistered(api, lms)
  if (!platform) throw new CannotGoOn('the practice LMS is not registered: see log/api.log.')
  return linkActivities(api, lms, platform.id)
}

async function register(api: Api, lms: string): Promise<void> {
  const link = z
    .object({ url: z.string() })
    .parse(await api.post('/api/registration-links', { name: 'Practice LMS' }))
  const answer = await fetch(`${lms}/practice/tools`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address: link.url, activate: true }),
  })
  const body = z
    .object({ tool: z.object({ clientId: z.string() }).nullable() })
    .safeParse(await answer.json())
  if (!body.data?.tool)
    throw new CannotGoOn(`its registration was refused (${answer.status}): see log/api.log.`)
}

const sessionList = z.object({
  sessions: z.array(
    z.object({ course: z.string(), state: z.string(), startsAt: z.string(), endsAt: z.string() }),
  ),
})

async function planClass(
  api: Api,
  settings: Settings,
  now: Temporal.Instant,
): Promise<string | undefined> {
  const { sessions } = sessionList.parse(await api.get('/api/sessions'))
  const worthUntil = now.add({ minutes: WORTH_MINUTES })
  const isOn = sessions.some(
    (session) =>
      session.course === COURSE &&
      session.state !== 'cancelled' &&
      Temporal.Instant.compare(session.startsAt, now) <= 0 &&
      Temporal.Instant.compare(session.endsAt, worthUntil) > 0,
  )
  if (isOn) return undefined
  const machine = await measuredMachine(settings)
  const image = readImage(settings.home)?.reference
  if (!image) throw new CannotGoOn('the environment image is missing: run scripts/up again.')
  const hasLimits = whyNoLimits(settings) === undefined
  const texts = FILES.map((name) => ({
    name: `examples/${name}.yaml`,
    text: readFileSync(join(root, 'examples', `${name}.yaml`), 'utf8'),
  }))
  const documents = texts.map(({ name, text }) => ({
    name,
    text: practiceText(text, { image, machine, now, hasLimits }),
  }))
  await api.post('/api/changes', { documents })
  return `${COURSE} is on from now for ${CLASS_MINUTES / 60} hours`
}

type Machine = { cpu: number; memoryMb: number }

async function measuredMachine({ dockerHost }: Settings): Promise<Machine> {
  const schema = z.object({ NCPU: z.number(), MemTotal: z.number() })
  const problem = 'Docker Engine did not say how large this machine is'
  const { NCPU, MemTotal } = await ask(dockerApi(dockerHost)('GET', '/info'), problem, schema)
  return { cpu: NCPU, memoryMb: Math.floor(MemTotal / 2 ** 20) }
}

type Practice = { image: string; machine: Machine; now: Temporal.Instant; hasLimits: boolean }

/** An example as it is imported here: with this machine's size, the image that was built, and the class that is on now. */
export function practiceText(text: string, practice: Practice): string {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) return text
  for (const document of documents) {
    const kind = document.get('kind')
    if (kind === 'Environment') document.set('image', withoutRegistry(practice.image))
    if (kind === 'Pool') measureNodes(document, practice.machine)
    if (kind === 'Pool' && !practice.hasLimits) document.delete('storage')
    if (document.get('key') === COURSE)
      document.addIn(['sessions'], document.createNode(classNow(document, practice.now)))
  }
  return documents.map((document) => document.toString()).join('')
}

/** `registry:port/labplan/x@sha256:…` → `labplan/x@sha256:…`: the registry is the installation's own. */
function withoutRegistry(reference: string): string {
  return reference.replace(/^[^/]+[:.][^/]*\//, '')
}

function measureNodes(pool: Document, machine: Machine): void {
  if (!pool.hasIn(['nodes', 0])) return
  for (const [name, value] of Object.entries(machine))
    if (!pool.hasIn(['nodes', 0, name])) pool.setIn(['nodes', 0, name], value)
}

function classNow(course: Document, now: Temporal.Instant): object {
  const wall = now.toZonedDateTimeISO(String(course.get('timeZone'))).toPlainDateTime()
  const start = wall
    .with({ minute: wall.minute - (wall.minute % 5) })
    .toString({ smallestUnit: 'minute' })
  return { start, minutes: CLASS_MINUTES, holidays: 'keep' }
}
