/**
 * What is really there, beside what the state says. After a run that was killed the two differ: Terraform
 * keeps what it made in memory for up to 20 s. Everything of ours carries labels and a name made from
 * its address, so it can be told from two calls of the Docker API, without Terraform.
 */
import { z } from 'zod'
import {
  type Content,
  isOfMachines,
  isShared,
  type StackContent,
  type VolumesContent,
} from '../../stacks/content.ts'
import {
  serviceAddress,
  serviceName,
  shareAddress,
  volumeAddress,
  volumeName,
} from '../../stacks/parts/names.ts'
import { wantedInCloud } from '../cloud/objects.ts'
import { shareName } from '../cloud/shares.ts'
import type { Engine } from '../swarm/engine.ts'

/** An object that carries this stack's labels, in Docker or in a cloud. */
export type Found = {
  id: string
  name: string
  labels: Record<string, string>
  /** Of a service; of a machine, the seats that run on it; 0 for anything else. */
  replicas: number
  /** Of a cloud: it is there, and of no use. */
  isBroken?: boolean
}

/** What the state says exists. */
export type Recorded = { address: string; id: string; isTainted: boolean }

export type Survey = {
  found: Found[]
  recorded: Recorded[]
  /** Wanted by the content, there, but not in the state: imported. */
  adopt: { address: string; id: string }[]
  /** There, ours by label, in no state and not wanted. */
  orphans: Found[]
  /** In the state but not there, or there under another id: Terraform must look. */
  drifted: string[]
  /** In the state as half made, but there: a new object would take its place for nothing. */
  tainted: string[]
  /** In the state and there, but of no use: made anew. */
  broken: string[]
}

const service = z.looseObject({
  ID: z.string(),
  Spec: z.looseObject({
    Name: z.string(),
    Labels: z.record(z.string(), z.string()).default({}),
    Mode: z.looseObject({ Replicated: z.looseObject({ Replicas: z.number() }).optional() }),
  }),
})
const volumes = z.looseObject({
  Volumes: z
    .array(z.looseObject({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() }))
    .nullable(),
})

/** What is this stack's: a service by its label; a volume by label or name. One call. */
export async function listOwn(engine: Engine, content: StackContent): Promise<Found[]> {
  return content.kind === 'volumes' ? listVolumes(engine, content) : listServices(engine, content)
}

async function listServices(engine: Engine, { installation, key }: StackContent): Promise<Found[]> {
  const filters = { label: [`labplan.installation=${installation}`, `labplan.stack=${key}`] }
  const answer = z
    .array(service)
    .parse(await engine.call('GET', '/services', { query: { filters } }))
  return answer.map(({ ID, Spec }) => ({
    id: ID,
    name: Spec.Name,
    labels: Spec.Labels,
    replicas: Spec.Mode.Replicated?.Replicas ?? 0,
  }))
}

/** A seat that started first has made its volume itself, without the label of a stack. */
async function listVolumes(engine: Engine, content: VolumesContent): Promise<Found[]> {
  const filters = { label: [`labplan.installation=${content.installation}`] }
  const answer = volumes.parse(await engine.call('GET', '/volumes', { query: { filters } }))
  const names = new Set(wantedNames(content).values())
  return (answer.Volumes ?? [])
    .map(({ Name, Labels }) => ({ id: Name, name: Name, labels: Labels ?? {}, replicas: 0 }))
    .filter(({ name, labels }) => names.has(name) || labels['labplan.stack'] === content.key)
}

/** Terraform address → name of what the content wants: unique within the stack. */
export function wantedNames(content: Content): Map<string, string> {
  if (isOfMachines(content)) return wantedInCloud(content)
  if (content.kind === 'seats')
    return new Map(
      content.seats.map(({ number }) => [
        serviceAddress(number),
        serviceName({ ...content, number }),
      ]),
    )
  return new Map(
    content.volumes.flatMap((volume) => {
      const name = volumeName({ ...content, number: volume.seat, generation: volume.generation })
      const own = [volumeAddress(volume), name] as const
      return isShared(volume) ? [own, [shareAddress(volume), shareName(name)] as const] : [own]
    }),
  )
}

/** Values that a stack only writes down: they are in its state and nowhere else. */
export const NOTHING_OUTSIDE = 'terraform_data'

const state = z.looseObject({
  resources: z.array(
    z.looseObject({
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(
        z.looseObject({
          status: z.string().optional(),
          deposed: z.string().optional(),
          attributes: z.looseObject({ id: z.string().nullish() }),
        }),
      ),
    }),
  ),
})

/** @param bytes a Terraform state, format 4; undefined before the first one */
export function readState(bytes: Buffer | undefined): Recorded[] {
  if (!bytes) return []
  const { resources } = state.parse(JSON.parse(bytes.toString()))
  return resources
    .filter((resource) => resource.mode === 'managed' && resource.type !== NOTHING_OUTSIDE)
    .flatMap(({ type, name, instances }) =>
      instances
        .filter((instance) => instance.deposed === undefined)
        .map((instance) => ({
          address: `${type}.${name}`,
          id: instance.attributes.id ?? '',
          isTainted: instance.status === 'tainted',
        })),
    )
}

/** The same state with these addresses no longer marked as half made; its serial is one higher. */
export function untainted(bytes: Buffer, addresses: string[]): Buffer {
  const tree = JSON.parse(bytes.toString()) as {
    serial: number
    resources: { type: string; name: string; instances: { status?: string }[] }[]
  }
  tree.serial += 1
  for (const resource of tree.resources)
    if (addresses.includes(`${resource.type}.${resource.name}`))
      for (const instance of resource.instances) delete instance.status
  return Buffer.from(`${JSON.stringify(tree, null, 2)}\n`)
}

/** The same state without the objects that have these ids; undefined where it has none of them. */
export function withoutIds(bytes: Buffer, ids: string[]): Buffer | undefined {
  type Instance = { attributes: { id?: string | null } }
  const tree = JSON.parse(bytes.toString()) as {
    serial: number
    resources: { instances: Instance[] }[]
  }
  const isGone = ({ attributes: { id } }: Instance) => ids.includes(id ?? '')
  if (!tree.resources.some(({ instances }) => instances.some(isGone))) return undefined
  tree.serial += 1
  for (const resource of tree.resources)
    resource.instances = resource.instances.filter((one) => !isGone(one))
  tree.resources = tree.resources.filter(({ instances }) => instances.length > 0)
  return Buffer.from(`${JSON.stringify(tree, null, 2)}\n`)
}

/** Compares. Pure: the same found and recorded always give the same answer. */
export function survey(content: Content, found: Found[], recorded: Recorded[]): Survey {
  const wanted = wantedNames(content)
  const byName = new Map(found.map((object) => [object.name, object]))
  const ids = new Set(found.map((object) => object.id))
  const known = new Set(recorded.map((record) => record.id))
  const addresses = new Set(recorded.map((record) => record.address))
  const wantedNew = new Set([...wanted.values()])
  const adopt = [...wanted].flatMap(([address, name]) => {
    const object = byName.get(name)
    return object && !object.isBroken && !addresses.has(address) ? [{ address, id: object.id }] : []
  })
  const adopted = new Set(adopt.map(({ id }) => id))
  const broken = new Set(found.filter(({ isBroken }) => isBroken).map(({ id }) => id))
  return {
    found,
    recorded,
    adopt,
    // In a cloud a name may be there twice: what is neither known nor adopted was made by a run that died.
    orphans: found.filter(
      ({ id, name }) =>
        !known.has(id) && !adopted.has(id) && (isOfMachines(content) || !wantedNew.has(name)),
    ),
    drifted: recorded.filter((record) => !ids.has(record.id)).map((record) => record.address),
    tainted: recorded
      .filter((record) => record.isTainted && ids.has(record.id) && !broken.has(record.id))
      .map((record) => record.address),
    broken: recorded.filter(({ id }) => broken.has(id)).map(({ address }) => address),
  }
}
