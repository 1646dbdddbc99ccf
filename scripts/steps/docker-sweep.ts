/**
 * Removes what one installation made in a Docker engine: everything that carries its label, and what its
 * names say where a driver kept no label. Who uses a thing goes before the thing.
 */
import { z } from 'zod'
import { type Docker, ask } from './docker-api.ts'
import { CannotGoOn, type Say } from './step.ts'
import { until } from './supervised.ts'

const GONE_MS = 60_000

type Kind = {
  name: string
  list: string
  /** How to remove one, by id or name. */
  remove(id: string): string
}

const KINDS: Kind[] = [
  { name: 'service', list: '/services', remove: (id) => `/services/${id}` },
  {
    name: 'container',
    list: '/containers/json?all=1',
    remove: (id) => `/containers/${id}?force=1&v=1`,
  },
  { name: 'secret', list: '/secrets', remove: (id) => `/secrets/${id}` },
  { name: 'config', list: '/configs', remove: (id) => `/configs/${id}` },
  { name: 'network', list: '/networks', remove: (id) => `/networks/${id}` },
  { name: 'volume', list: '/volumes', remove: (id) => `/volumes/${id}?force=1` },
]

// The lists differ in where they keep id, name and labels; this reads all of them.
const labels = z.record(z.string(), z.string()).nullish()
const thing = z.object({
  Id: z.string().optional(),
  ID: z.string().optional(),
  Name: z.string().optional(),
  Labels: labels,
  Spec: z.object({ Name: z.string().optional(), Labels: labels }).optional(),
})
type Thing = z.infer<typeof thing>

/** Removes everything; answers a summary, or undefined when there was nothing. */
export async function emptyDocker(
  docker: Docker,
  installation: string,
  say: Say,
): Promise<string | undefined> {
  const removed: string[] = []
  for (const kind of KINDS) {
    const found = await listOurs(docker, kind, installation)
    if (found.length === 0) continue
    say(`removing ${count(found.length, kind.name)}`)
    await removeAll(docker, kind, installation)
    removed.push(count(found.length, kind.name))
  }
  return removed.join(', ') || undefined
}

async function listOurs(docker: Docker, kind: Kind, installation: string): Promise<Thing[]> {
  const answer = await docker('GET', kind.list)
  // 503: this engine is in no Swarm, so it has no services, secrets or configs.
  if (answer.status === 503) return []
  const problem = `the list of ${kind.name}s could not be read`
  const schema = z.union([z.array(thing), z.object({ Volumes: z.array(thing).nullable() })])
  const body = await ask(Promise.resolve(answer), problem, schema)
  const things = Array.isArray(body) ? body : (body.Volumes ?? [])
  return things.filter((one) => isOurs(one, installation))
}

export function isOurs(one: Thing, installation: string): boolean {
  const label = (one.Spec?.Labels ?? one.Labels)?.['labplan.installation']
  if (label !== undefined) return label === installation
  return [`lp-${installation}-`, `labplan-${installation}-`].some((start) =>
    nameOf(one).startsWith(start),
  )
}

const nameOf = (one: Thing): string => one.Spec?.Name ?? one.Name ?? ''

/** A network or volume stays in use for a moment after its last task: asks again until it is gone. */
async function removeAll(docker: Docker, kind: Kind, installation: string): Promise<void> {
  let refusals: string[] = []
  const gone = await until(async () => {
    const left = await listOurs(docker, kind, installation)
    const answers = left.map((one) =>
      docker('DELETE', kind.remove(one.ID ?? one.Id ?? nameOf(one))),
    )
    const refused = (await Promise.all(answers)).filter(
      ({ status }) => status >= 400 && status !== 404,
    )
    refusals = refused.map(({ body }) => JSON.stringify(body))
    return left.length === 0
  }, GONE_MS)
  if (!gone)
    throw new CannotGoOn(
      `a ${kind.name} could not be removed (Docker Engine: ${refusals[0] ?? 'no reason given'}).`,
    )
}

const imageList = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
  }),
)

/** Removes the images that came from our registry. */
export async function removeImages(docker: Docker, registry: string): Promise<string | undefined> {
  const images = await ask(
    docker('GET', '/images/json'),
    'the images could not be listed',
    imageList,
  )
  const ours = images.filter(({ RepoTags, RepoDigests }) =>
    [...(RepoTags ?? []), ...(RepoDigests ?? [])].some((name) =>
      name.startsWith(`${registry}/labplan/`),
    ),
  )
  for (const { Id } of ours) await docker('DELETE', `/images/${Id}?force=1`)
  return ours.length ? count(ours.length, 'image') : undefined
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
